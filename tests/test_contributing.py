"""CONTRIBUTING.md's steps, followed word for word on a copy of the package."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from segen.data.synthetic import scenes
from segen.imaging import images

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^( *)```\w+\n\1# (segen/\S+)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with the model and the tab of CONTRIBUTING.md added."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "segen", root / "segen", ignore=shutil.ignore_patterns("__pycache__"))
    blocks = BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert len(blocks) == 5
    for _, name, text in blocks:
        file, text = root / name, textwrap.dedent(text)
        if file.suffix == ".json":
            text = json.dumps(json.loads(file.read_text(encoding="utf-8")) | json.loads(text))
        else:
            assert not file.exists(), f"{name} is there already"
        file.write_text(text, encoding="utf-8")
    frame = root / "segen" / "ui" / "app.py"
    source = frame.read_text(encoding="utf-8")
    assert "\nTABS = (" in source
    source = source.replace("\nTABS = (", "\nfrom segen.ui.tabs import hello\n\nTABS = (hello, ")
    frame.write_text(source, encoding="utf-8")
    (root / "street.png").write_bytes(images.encode(scenes.street(0)[0]))
    return root


def run(copy: Path, *arguments: str) -> str:
    """Run Python on the copy in place of the package."""
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=environment, check=True, capture_output=True, text=True
    ).stdout


def test_the_new_model_is_listed_and_segments(copy: Path) -> None:
    assert "otsu" in run(copy, "-m", "segen", "models")
    run(copy, "-m", "segen", "segment", "street.png", "--model", "otsu", "--out", "results")
    regions = json.loads((copy / "results" / "street.regions.json").read_text(encoding="utf-8"))
    assert [region["name"]["zh"] for region in regions["regions"]] == ["暗", "亮"]


def test_the_new_tab_and_the_new_model_are_on_the_page(copy: Path) -> None:
    program = """
        from segen.engine import Engine
        from segen.ui.app import build_app
        print(build_app(Engine("cpu")).get_config_file()["components"])
    """
    components = run(copy, "-c", textwrap.dedent(program))
    assert "'id': 'hello'" in components
    assert "otsu" in components
