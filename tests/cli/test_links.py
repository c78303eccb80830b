"""Links that lead in a circle, where a command expects a file or a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from segen.cli.main import main
from tests.cli.calls import names, results
from tests.sentences import sentence


@pytest.fixture
def circle(tmp_path: Path) -> Path:
    (tmp_path / "first.png").symlink_to(tmp_path / "second.png")
    (tmp_path / "second.png").symlink_to(tmp_path / "first.png")
    return tmp_path / "first.png"


def test_a_picture_that_is_such_a_link_is_named_and_the_others_are_done(
    weights: Path, pictures: Path, circle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ["cluster", str(circle), str(pictures / "a.png"), "--model", "kmeans", "--out", str(out)]
    assert main(command) == 1
    assert f"first.png: {sentence('file_unreadable')}" in capsys.readouterr().err
    assert names(out) == results("a")


def test_a_folder_that_is_such_a_link_is_told(
    pictures: Path, circle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["cluster", str(pictures / "a.png"), "--model", "kmeans", "--out", str(circle)]
    assert main(command) == 2
    assert "first.png cannot be created" in capsys.readouterr().err
    assert main(["models", "--cards", str(circle)]) == 2
    told = sentence("cards_missing", folder="first.png", file="card.toml")
    assert capsys.readouterr().err.splitlines()[-1] == told
