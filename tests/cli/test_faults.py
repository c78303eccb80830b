"""What a command leaves when it is killed, when there is no space, and where it may not write."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path
from typing import Any

import pytest

from benchmarks import kills
from segen.cli.main import main
from segen.text import words

pytestmark = pytest.mark.slow


def test_results_are_whole_whenever_a_command_is_killed(weights: Path, tmp_path: Path) -> None:
    line = kills.commands(tmp_path)["cluster"]
    _, broken, left = kills.killed(line[:2] + line[-4:], tmp_path / "out", 3, random.Random(3))
    assert (broken, left) == (0, 0)


def test_a_full_disk_is_told_and_leaves_nothing_half(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path))

    line = kills.commands(tmp_path)["cluster"][:-2]
    assert main([*line, "--out", str(tmp_path / "out")]) == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    capsys.readouterr()
    monkeypatch.setattr("os.fsync", full)
    assert main([*line, "--k", "2", "--out", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert words("en", "errors.not_written", reason=os.strerror(errno.ENOSPC)) in told
    assert "Traceback" not in told
    assert str(tmp_path) not in told
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_a_folder_that_may_not_be_written_is_told(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(**_: Any) -> None:  # a folder's mode does not bind root, which tests may run as
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(tmp_path))

    line = kills.commands(tmp_path)["cluster"][:-2]
    monkeypatch.setattr("tempfile.mkstemp", refused)
    assert main([*line, "--out", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert words("en", "errors.not_written", reason=os.strerror(errno.EACCES)) in told
    assert str(tmp_path) not in told


def test_a_name_that_begins_with_a_hyphen_stands_behind_two(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills.commands(tmp_path)
    (tmp_path / "0.png").rename(tmp_path / "--k.png")
    monkeypatch.chdir(tmp_path)
    assert main(["cluster", "--model", "kmeans", "--out", "out", "--", "--k.png", "1.png"]) == 0
    assert (tmp_path / "out" / "--k.labels.png").is_file()
