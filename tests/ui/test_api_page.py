"""The examples of docs/api.md, run by curl and by gradio_client, and the form of every endpoint."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest

from segen import __version__
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.imaging import images
from segen.ui.app import build_app, launch_options

pytestmark = pytest.mark.slow
PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
FORM = Path(__file__).with_name("api.json")
"""As `json.dumps(form(app), indent=1)` writes it; a change here is a change for every client."""


@pytest.fixture(scope="module")
def app() -> gr.Blocks:
    return build_app(Engine("cpu"))


@pytest.fixture(scope="module")
def address(app: gr.Blocks) -> Iterator[str]:
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    yield url
    app.close()


def form(app: gr.Blocks) -> dict[str, Any]:
    """Of each endpoint: its arguments with types and defaults, and the types of what it gives."""
    return {
        name: {
            "takes": [
                [
                    each["parameter_name"],
                    each["python_type"]["type"].split("(")[0],
                    each.get("parameter_default"),
                ]
                for each in endpoint["parameters"]
            ],
            "gives": [[each["label"], each["component"]] for each in endpoint["returns"]],
        }
        for name, endpoint in app.get_api_info()["named_endpoints"].items()
    }


def test_the_form_of_the_endpoints_is_kept(app: gr.Blocks) -> None:
    assert form(app) == json.loads(FORM.read_text("utf-8"))


@pytest.fixture
def place(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "street.png").write_bytes(images.encode(scenes.street(3, 120, 90)[0]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _example(language: str, address: str) -> str:
    (told,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return str(told).replace("http://127.0.0.1:7860/", address)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_gets_its_answers(address: str, place: Path) -> None:
    script = _example("sh", address)
    done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=True, timeout=300)
    events = [json.loads(line[6:]) for line in done.stdout.splitlines() if line.startswith("data: [")]
    models, (labels, overlay, regions) = events[0][0], events[-1]
    assert {each["name"] for each in models} == {"kmeans", "dbscan"}
    assert len(regions["regions"]) == 3
    assert regions["version"] == 1
    for file in (labels, overlay):
        assert images.read(httpx.get(file["url"], timeout=60).content).shape == (90, 120, 3)


def test_gradio_client_gets_its_answers(address: str, place: Path) -> None:
    found: dict[str, Any] = {}
    exec(_example("python", address), found)
    assert found["regions"]["width"] == 120
    assert [each["seed"] for each in found["generated"]["pictures"]] == [40, 41]
    assert found["generated"]["version"] == found["report"]["version"] == 1
    assert [Path(file).is_file() for file in (found["labels"], found["overlay"], *found["files"])] == [
        True
    ] * 4
    assert {Path(file).name for file in found["written"]} >= {"street.0.png", "street.0.regions.json"}


def test_every_answer_says_its_version(address: str) -> None:
    for path in ("", "config", "gradio_api/info", "gradio_api/nothing"):
        assert httpx.get(address + path, timeout=60).headers["x-segen-version"] == __version__
