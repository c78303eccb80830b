"""What the README states is true: its commands run, and its table is what the cards say."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import segen
from segen.data.synthetic import scenes
from segen.imaging import images
from segen.imaging.labels import encode_labels
from segen.models import onnx
from segen.registry import ModelCard, cards
from segen.training import data as training_data
from segen.training.recipes import gan
from tests import commands

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def reached(card: ModelCard) -> str:
    """The card's main figure with the split it was measured on, or a dash."""
    found = card.reached()
    return found.phrase("en", f"{card.dataset} {found.split}") if found else "-"


def model_table() -> str:
    """The README's table of models."""
    rows = ["| model | task | what it is | parameters | measured |", "| --- | --- | --- | --- | --- |"]
    for card in cards():
        parameters = f"{card.parameters / 1e6:.1f} M" if card.parameters else "-"
        architecture = card.architecture["en"]
        rows.append(f"| `{card.name}` | {card.task} | {architecture} | {parameters} | {reached(card)} |")
    return "\n".join(rows)


def test_the_table_is_what_the_cards_say() -> None:
    assert model_table() in README, f"put this table into README.md:\n\n{model_table()}"


def test_the_frontmatter_is_what_spaces_need() -> None:
    front = dict(re.findall(r"^(\w+): (.+)$", README.split("---")[1], re.MULTILINE))
    pinned = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text().split())
    assert front["sdk"] == "gradio"
    assert front["sdk_version"] == pinned["gradio"]
    assert (ROOT / front["app_file"]).is_file()


def test_links_lead_to_files() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_versions_named_are_the_pinned_ones() -> None:
    pinned = (ROOT / "requirements.txt").read_text()
    named = re.findall(r"\b[a-z]+==[\d.]+", README)
    assert named
    assert [version for version in named if version not in pinned] == []


def test_ci_checks_style_and_types_and_runs_every_test_without_a_cluster_once() -> None:
    """With the command that README gives; `make --dry-run` prints what it would call."""
    assert "\nmake test\n" in README
    called = re.findall(r"^make .*$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    assert called == ['make test VENV="$environment/venv"']
    done = subprocess.run(["make", "--dry-run", "test"], cwd=ROOT, check=True, capture_output=True, text=True)
    for part in ("bin/ruff check .", "bin/ruff format --check .", "bin/mypy segen"):
        assert len(re.findall(rf"{re.escape(part)}$", done.stdout, re.MULTILINE)) == 1
    (tests,) = re.findall(r"^.* -m pytest .*$", done.stdout, re.MULTILINE)
    assert re.findall(r" -m .*", tests.split("-m pytest")[1]) == [' -m "not cluster"'], (
        "and no other is left out"
    )


def snippet() -> str:
    """The README's example in Python."""
    found = re.search(r"^```python\n(from segen.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


@pytest.mark.slow
def test_the_snippet_is_typed(tmp_path: Path) -> None:
    right, wrong = tmp_path / "right.py", tmp_path / "wrong.py"
    right.write_text(snippet())
    # What mypy cannot follow, it takes for Any and lets through: a wrong use must be refused.
    wrong.write_text(snippet().replace("labels.shape", "labels_of.shape"))
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [*command, str(right), str(wrong)], cwd=ROOT, check=False, capture_output=True, text=True
    )
    faults = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert len(faults) == 1, done.stdout
    assert "wrong.py" in faults[0]
    assert "labels_of" in faults[0]


def typed_names() -> set[str]:
    """What `segen/__init__.py` imports for type checkers."""
    tree = ast.parse((ROOT / "segen/__init__.py").read_text(encoding="utf-8"))
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        for each in node.body
        if isinstance(each, ast.ImportFrom)
        for alias in each.names
    }


def test_type_checkers_see_every_public_name() -> None:
    assert typed_names() == set(segen.__all__)


@pytest.mark.slow
def test_the_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 4, "val": 2})
    monkeypatch.setattr(gan, "MEASURED", gan.BATCH)
    exported: list[tuple[str, Path]] = []  # what is written, test_export.py looks at
    monkeypatch.setattr(onnx, "export", lambda *asked: exported.append(asked))
    (tmp_path / "street.png").write_bytes(images.encode(scenes.street(0)[0]))
    (tmp_path / "cells.png").write_bytes(images.encode(scenes.nuclei(0)[0]))
    for name in ("cup.jpg", "mug.jpg", "photo.jpg"):
        (tmp_path / name).write_bytes((tmp_path / "street.png").read_bytes())
    strokes = np.full(scenes.street(0)[1].shape, 255, np.uint8)
    strokes[10:20, 10:90], strokes[-20:-10, 10:90] = 0, 1
    (tmp_path / "strokes").mkdir()
    (tmp_path / "strokes" / "cup.png").write_bytes(encode_labels(strokes, ((0, 0, 0), (255, 0, 0))))
    lines = commands.console(README)
    assert len(lines) >= 5
    for line in lines:
        commands.run(line)
    assert (tmp_path / "results" / "street.regions.json").is_file()
    assert exported == [("unet-camvid", Path("unet-camvid.onnx"), "forward")]
    assert (tmp_path / "runs" / "unet-camvid" / "export" / "model.safetensors").is_file()
    exec(compile(snippet(), "README.md", "exec"), {})
