"""The `segen` command: what it lists, how it is used wrongly, and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from segen import registry
from segen.cli import commands
from segen.cli.main import main
from segen.models import onnx
from segen.registry import cards
from tests.cli.calls import CARD, names, segen, segment
from tests.sentences import sentence


def test_models_fit_one_screen(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    out, err = capsys.readouterr()
    heading, *rows = out.splitlines()
    assert [row.split()[0] for row in rows] == [card.name for card in cards()]
    assert len(rows) < 40
    assert max(map(len, (heading, *rows))) <= 120
    assert err == ""


def test_models_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json", "--task", "segment"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == [registry.describe(card) for card in cards("segment")]


@pytest.mark.parametrize("arguments", [["models"], ["models", "--json"], ["--help"], ["segment", "--help"]])
def test_nothing_slow_is_imported_to_tell_what_there_is(arguments: list[str]) -> None:
    code = f"""
import sys
from segen.cli.main import main
from tests.sentences import sentence
code = main({arguments!r})
slow = {{"torch", "gradio", "torchvision", "diffusers", "scipy", "skimage", "sklearn"}} & set(sys.modules)
sys.exit(str(slow) if slow else code)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(os.name == "nt", reason="pipes of a POSIX shell")
def test_a_reader_that_stops_reading() -> None:
    for arguments in ("models", "models --json", "--help"):
        command = f"{sys.executable} -m segen {arguments} | true; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "name", ["no-such", "../unet-camvid", "/etc/passwd", "assets/weights/unet-camvid", ""]
)
def test_an_unknown_card_is_a_usage_error(
    name: str, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert segment(pictures / "a.png", out=tmp_path / "out", model=name) == 2
    assert main(["evaluate", "--model", name, "--split", "val"]) == 2
    assert main(["export", "--model", name, "--out", str(tmp_path / "out" / "x.onnx")]) == 2
    assert not (tmp_path / "out").exists()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all("/" not in line for line in lines)


def test_a_card_of_another_task_is_a_usage_error(tmp_path: Path) -> None:
    for card in cards():
        if card.task != "segment":
            assert segment("x.png", out=tmp_path / "out", model=card.name) == 2
    assert main(["export", "--model", "kmeans", "--out", str(tmp_path / "x")]) == 2
    assert names(tmp_path) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["no-such-command"],
        ["segment"],
        ["segment", "a.png", "--model", CARD.name],
        ["segment", "--model", CARD.name, "--out", "out"],
        ["segment", "a.png", "--model", CARD.name, "--out", "out", "--no-such-option"],
        ["models", "--task", "no-such-task"],
        ["evaluate", "--model", CARD.name],
        ["export", "--model", CARD.name, "--format", "pickle", "--out", "x"],
    ],
)
def test_usage_errors(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err
    assert "Traceback" not in err
    assert names(tmp_path) == set()


def test_ctrl_c_while_a_string_is_executed(tmp_path: Path) -> None:
    """As named tuples do when they are imported; CPython would end `python -m` by the signal."""
    (tmp_path / "interrupted.py").write_text(
        "import signal\n"
        "from segen.cli import commands, main\n"
        "commands.run = lambda arguments: exec('signal.raise_signal(signal.SIGINT)')\n"
        "main.entry()\n"
    )
    done = subprocess.run([sys.executable, "-m", "interrupted"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (130, 1)


def test_the_module_is_the_command(tmp_path: Path) -> None:
    assert segen("models", cwd=tmp_path).stdout.splitlines()[1].split()[0] == cards()[0].name
    done = segen("segment", "x.png", "--model", "../x", "--out", "out", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert names(tmp_path) == set()


def test_every_command_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.COMMANDS
    for name, command in commands.COMMANDS.items():
        assert main([name, "--help"]) == 0
        assert (command.__doc__ or "nothing").splitlines()[0] in capsys.readouterr().out


def test_export_needs_a_file(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnx, "export", fail)
        assert main(["export", "--model", CARD.name, "--out", str(tmp_path / "x.onnx")]) == 1
        said = sentence("not_written", reason="No space left on device")
        assert capsys.readouterr().err.splitlines()[-1] == said
        assert main(["export", "--model", CARD.name, "--out", str(tmp_path)]) == 2  # before any work
    assert capsys.readouterr().err == sentence("out_is_folder", out=tmp_path.name) + "\n"
