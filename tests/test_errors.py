"""Errors at the border: one sentence, and the traceback behind it for whoever asks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from segen.cli.main import main
from segen.errors import InputError, sentence
from segen.training.main import run
from segen.training.recipe import Place
from segen.training.recipes import RECIPES
from segen.ui.framework.page import Page


@pytest.mark.parametrize("debug", ["", "0", "1"])
def test_the_traceback_behind_a_sentence(
    debug: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGEN_DEBUG", debug)
    with pytest.raises(InputError) as raised:
        raise InputError("seed_out_of_range")
    assert sentence(raised.value) == str(raised.value)
    printed = capsys.readouterr().err
    assert ("Traceback" in printed and "test_errors.py" in printed) == (debug == "1")


@pytest.mark.parametrize("debug", ["", "1"])
def test_commands_show_it(
    debug: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGEN_DEBUG", debug)
    for code, done in (
        (2, main(["segment", "x.png", "--model", "no-such", "--out", str(tmp_path)])),
        (1, run(RECIPES["unet-camvid"], Place(data=str(tmp_path / "missing")))),
    ):
        assert code == done
    printed = capsys.readouterr().err
    assert printed.count("Traceback") == (2 if debug else 0)


@pytest.mark.parametrize("debug", ["", "1"])
def test_a_picture_that_fails_shows_it(
    debug: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGEN_DEBUG", debug)
    (tmp_path / "x.png").write_text("no picture")
    command = ["cluster", str(tmp_path / "x.png"), "--model", "kmeans", "--out", str(tmp_path / "out")]
    assert main(command) == 1
    assert ("Traceback" in capsys.readouterr().err) == bool(debug)


@pytest.mark.parametrize("debug", ["", "1"])
def test_the_page_shows_it(
    debug: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*arguments: object, **options: object) -> None:
        raise InputError("seed_out_of_range")

    monkeypatch.setenv("SEGEN_DEBUG", debug)
    monkeypatch.setattr(gr.Blocks, "process_api", fail)
    request = SimpleNamespace(query_params={"lang": "en"})
    with pytest.raises(gr.Error, match="Seeds must be"):
        asyncio.run(Page().process_api(block_fn=SimpleNamespace(concurrency_id=None), request=request))
    assert ("Traceback" in capsys.readouterr().err) == bool(debug)
