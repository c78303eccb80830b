"""python app.py: what it says before it serves."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
from gradio.utils import get_upload_folder

from segen.text import words
from segen.ui.framework.page import Page

APP = Path(__file__).resolve().parents[1] / "app.py"


@pytest.mark.parametrize("shared", [True, False])
def test_a_shared_page_says_what_is_shared(
    shared: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr(Page, "launch", lambda page, **options: asked.update(options))
    monkeypatch.setattr(sys, "argv", ["app.py", *(["--share"] if shared else [])])
    runpy.run_path(str(APP), run_name="__main__")
    assert asked["share"] is (True if shared else None), "else $GRADIO_SHARE rules"
    assert (words("en", "page.shared") in capsys.readouterr().out) == shared


def test_the_file_that_spaces_runs_is_short() -> None:
    assert len(APP.read_text("utf-8").splitlines()) <= 40


def test_a_server_has_a_cache_of_its_own_unless_one_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    used: list[Path] = []
    monkeypatch.setattr(Page, "launch", lambda page, **options: used.append(Path(get_upload_folder())))
    monkeypatch.setattr(sys, "argv", ["app.py"])
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    runpy.run_path(str(APP), run_name="__main__")
    monkeypatch.delenv("GRADIO_TEMP_DIR")
    for _ in range(2):
        runpy.run_path(str(APP), run_name="__main__")
    named, first, second = used
    assert named == tmp_path
    assert first != second
    assert not first.exists(), "it ends with the server"
