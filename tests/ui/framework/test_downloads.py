"""Files for the page lie in Gradio's cache, which deletes them by age."""

from __future__ import annotations

import os
import time
from pathlib import Path

from segen.registry import cards
from segen.ui.framework.downloads import saved
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
