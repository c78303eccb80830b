"""Files for the page lie in Gradio's cache, which deletes them by age."""

from __future__ import annotations

import os
import time
from pathlib import Path

import gradio as gr
import pytest
from gradio.route_utils import delete_files_created_by_app

from segen.registry import cards
from segen.ui.framework.downloads import WRITTEN, Paths, saved
from segen.ui.tabs.translate.choice import shown_files
from segen.ui.widgets.examples import PAGODA


def test_a_file_that_is_asked_for_again_is_as_good_as_new_and_not_written_twice() -> None:
    path = Path(saved("told.txt", b"words"))
    inode = path.stat().st_ino
    os.utime(path, (0, 0))
    assert saved("told.txt", b"words") == str(path)
    assert time.time() - path.stat().st_mtime < 60
    assert path.stat().st_ino == inode
    assert saved("told.txt", b"other words") != str(path)


def test_what_gradio_deleted_is_there_again() -> None:
    card = next(card for card in cards("translate") if shown_files(card.name, card.directions[0]))
    for files in (lambda: (PAGODA.file(),), lambda: shown_files(card.name, card.directions[0])):
        before = files()
        for path in before:
            Path(path).unlink()
        assert files() == before
        assert all(Path(path).is_file() for path in before)


def test_what_was_saved_is_deleted_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with gr.Blocks() as app:
        gr.Button()
    app.temp_file_sets.append(WRITTEN)
    path = Path(saved("a.regions.json", b"{}"))
    delete_files_created_by_app(app, age=3600)
    assert path.read_bytes() == b"{}"
    delete_files_created_by_app(app, age=-1)
    assert not path.exists()
    assert str(path) not in WRITTEN


def test_paths_may_be_added_while_others_are_gone_through() -> None:
    paths = Paths(str(number) for number in range(9))
    for number, path in enumerate(paths):
        paths.add(f"{path} {number}")
    assert len(paths) == 18
