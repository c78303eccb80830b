"""Whole files or none, and what killed writers leave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from segen.data import files
from segen.errors import InputError
from tests.sentences import exactly

pytestmark = pytest.mark.skipif(os.name == "nt", reason="locks of POSIX")


def test_what_a_killed_writer_left_goes_and_what_a_living_one_holds_stays(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from segen.data import files\n"
        "with files.replacing(pathlib.Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_bytes(b'half'); print('up', flush=True); sys.stdin.read()"
    )
    target = tmp_path / "result.png"
    target.write_bytes(b"whole")
    own = [tmp_path / name for name in (".zshrc.original", ".hidden.png", ".a.b.c", ".x.original.png")]
    for path in own:
        path.write_text("the user's")
    with subprocess.Popen(
        [sys.executable, "-c", program, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdin is not None
        writer.stdout.readline()
        files.remove_leftovers(tmp_path)
        assert len(list(tmp_path.glob(".result.png.*.png"))) == 1, "it is being written"
        writer.send_signal(signal.SIGKILL)
    assert len(list(tmp_path.glob(".result.png.*.png"))) == 1
    assert target.read_bytes() == b"whole"
    files.write_text(tmp_path / "other.json", "{}")
    assert {path.name for path in tmp_path.iterdir()} == {
        "result.png",
        "other.json",
        *(each.name for each in own),
    }


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "export"
    for content in ("one", "two"):
        with files.replacing_folder(target) as folder:
            (folder / "weights").write_text(content)
    assert (target / "weights").read_text() == "two"

    def fail() -> None:
        with files.replacing_folder(target) as folder:
            (folder / "weights").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["export"]
    assert (target / "weights").read_text() == "two"


def test_a_folder_that_was_being_replaced_is_put_back(tmp_path: Path) -> None:
    for name in (".export.abcd1234.old", ".export.abcd1234.tmp", ".other.abcd1234.old", "other"):
        (tmp_path / name).mkdir()
    files.remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export", "other"]


def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    for path in (pipe, tmp_path / "link"):
        with pytest.raises(InputError, match=exactly("special_file", file=path.name)), files.replacing(path):
            raise AssertionError("nothing may be written")
    assert pipe.is_fifo()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link", "pipe"]
