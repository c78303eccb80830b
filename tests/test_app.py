"""python app.py: what it says before it serves."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

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
    assert len(APP.read_text("utf-8").splitlines()) < 40
