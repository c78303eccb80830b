"""The `segen` command: what it writes, how it fails, and its exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import sleep

import numpy as np
import pytest

from segen import registry
from segen.cli import commands
from segen.cli import results as result_files
from segen.cli.main import main
from segen.data import files
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.imaging import export, images
from segen.imaging.labels import read_labels
from segen.models import onnx
from segen.registry import ModelCard, cards
from segen.text import words
from segen.types import NOISE, Run, Segmentation, SegmentRequest

CARD = next(card for card in cards("segment") if len(card.classes) > 2)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with two pictures of odd sizes."""
    folder = tmp_path / "in"
    folder.mkdir()
    for seed, (name, width, height) in enumerate([("a.png", 70, 33), ("b.v2.jpg", 40, 64)]):
        image, _ = scenes.street(seed, width, height)
        (folder / name).write_bytes(images.encode(image, "JPEG" if name.endswith("jpg") else "PNG"))
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[SegmentRequest]]:
    """An engine that answers at once with class 1; the requests it was asked."""
    asked: list[SegmentRequest] = []

    def run(engine: Engine, name: str, request: SegmentRequest) -> Run:
        asked.append(request)
        labels = np.ones(request.image.shape[:2], dtype=np.uint8)
        return Run(Segmentation(labels, np.ones((1, 1, 1), np.float32)), name, "cpu", 0.0, 0.0)

    monkeypatch.setattr(Engine, "run", run)
    return asked


def segment(*paths: Path | str, out: Path | str, model: str = CARD.name) -> int:
    return main(["segment", *map(str, paths), "--model", model, "--out", str(out)])


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def results(*stems: str) -> set[str]:
    return {f"{stem}{ending}" for stem in stems for ending in export.SEGMENTATION_ENDINGS}


def segen(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "segen", *arguments]
    return subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload]


# --- models ----------------------------------------------------------------------------------------


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


# --- segment ---------------------------------------------------------------------------------------


def test_segment_writes_four_files_for_each_picture(weights: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    assert segment(*sorted(pictures.iterdir()), out=out) == 0
    assert names(out) == results("a", "b.v2")
    for path in pictures.iterdir():
        image = images.read(path)
        labels = read_labels(out / f"{path.stem}.labels.png", CARD.classes)
        assert labels.shape == image.shape[:2]
        overlay = images.read(out / f"{path.stem}.overlay.png")
        assert (overlay == export.overlay(CARD, image, labels)).all()
        found = json.loads((out / f"{path.stem}.regions.json").read_text("utf-8"))
        assert (found["model"], found["height"], found["width"]) == (CARD.name, *labels.shape)
        assert {region["id"] for region in found["regions"]} == set(np.unique(labels).tolist())
        assert len((out / f"{path.stem}.regions.txt").read_text("utf-8").splitlines()) > 1


def test_a_bad_picture_leaves_the_others_done(
    quick: list[SegmentRequest], pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "text.png").write_text("not a picture")
    (pictures / "empty.png").touch()
    (pictures / "cut.jpg").write_bytes((pictures / "b.v2.jpg").read_bytes()[:700])
    (pictures / "folder").mkdir()
    bad = ["text.png", "empty.png", "cut.jpg", "folder", "missing.png"]
    given = [pictures / name for name in ("text.png", "a.png", "empty.png", "cut.jpg", "folder")]
    assert segment(*given, pictures / "missing.png", pictures / "b.v2.jpg", out=tmp_path / "out") == 1
    assert names(tmp_path / "out") == results("a", "b.v2")
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert {line.split(": ")[0] for line in lines} == set(bad)
    assert len(lines) == len(bad)
    assert all(line.endswith(".") for line in lines)
    assert str(tmp_path) not in err


def test_existing_results_are_replaced(quick: list[SegmentRequest], pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "a.labels.png").write_text("old")
    assert segment(pictures / "a.png", out=tmp_path) == 0
    assert (read_labels(tmp_path / "a.labels.png", CARD.classes) == 1).all()


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
            assert main(["export", "--model", card.name, "--out", str(tmp_path / "x")]) == 2
    assert names(tmp_path) == set()


def test_two_pictures_with_one_stem_are_refused_before_any_work(
    quick: list[SegmentRequest], pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for twin in ("a.jpg", "A.PNG"):
        (pictures / "more").mkdir(exist_ok=True)
        (pictures / "more" / twin).write_bytes((pictures / "b.v2.jpg").read_bytes())
        assert segment(pictures / "a.png", pictures / "more" / twin, out=tmp_path / "out") == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert segment(pictures / "a.png", pictures / "a.png", out=tmp_path / "out") == 2
    assert quick == []
    assert not (tmp_path / "out").exists()


def test_a_result_never_replaces_a_picture(
    quick: list[SegmentRequest], pictures: Path, tmp_path: Path
) -> None:
    (pictures / "a.labels.png").write_bytes((pictures / "a.png").read_bytes())
    before = {path: path.read_bytes() for path in pictures.iterdir()}
    given = (pictures / "a.png", pictures / "a.labels.png")
    assert segment(*given, out=pictures) == 2
    assert segment(*given, out=pictures / ".." / "in") == 2
    (tmp_path / "link").symlink_to(pictures)
    assert segment(*given, out=tmp_path / "link") == 2
    assert {path: path.read_bytes() for path in pictures.iterdir()} == before
    assert quick == []
    assert segment(*given, out=tmp_path / "out") == 0


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


def test_out_that_cannot_be_a_folder(
    quick: list[SegmentRequest], pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        assert segment(pictures / "a.png", out=out) == 2
    assert main(["export", "--model", CARD.name, "--out", str(tmp_path / "file" / "x.onnx")]) == 2
    out, err = capsys.readouterr()
    assert err.count("\n") == 3
    assert str(tmp_path) not in err
    assert quick == []
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (PermissionError(13, "Permission denied", "/secret/place"), "Permission denied"),
        (OSError(28, "No space left on device"), "No space left"),
        (ValueError("/secret/place\nTraceback"), "ValueError"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_unforeseen_faults_are_one_sentence(
    fault: Exception,
    told: str,
    quick: list[SegmentRequest],
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(handle: int) -> None:
        raise fault

    monkeypatch.setattr(files.os, "fsync", fail)
    assert segment(*sorted(pictures.iterdir()), out=tmp_path / "out") == 1
    monkeypatch.setattr(registry, "cards", lambda task: fail(0))
    assert main(["models"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["a.png", "b.v2.jpg"]
    assert len(lines) == 3
    assert all(told in line and line.endswith(".") and "secret" not in line for line in lines)
    assert names(tmp_path / "out") == set()


def test_a_name_stays_on_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert segment("no\nsuch\x1b[31m.png", "caf\udce9.png", out=tmp_path) == 1
    assert [line.split(": ")[0] for line in capsys.readouterr().err.splitlines()] == [
        "no?such?[31m.png",
        "caf?.png",
    ]


@pytest.mark.parametrize("card", [card for card in cards("segment") if card.parameters], ids=lambda c: c.name)
@pytest.mark.parametrize("fault", ["missing", "cut short", "one byte changed"])
def test_faulty_weights(
    card: ModelCard,
    fault: str,
    own_weights: Path,
    pictures: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = own_weights / card.name / "model.safetensors"
    content = bytearray(file.read_bytes())
    if fault == "missing":
        file.unlink()
    else:
        content[len(content) // 2] ^= 1
        file.write_bytes(content if fault == "one byte changed" else content[:1000])
    assert segment(*pictures.iterdir(), out=tmp_path / "out", model=card.name) == 1
    export = main(["export", "--model", card.name, "--out", str(tmp_path / "out" / "x.onnx")])
    assert export == (1 if card.options.onnx else 2)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all(card.name in line and str(tmp_path) not in line for line in lines)
    assert names(tmp_path / "out") == set()


def test_a_stop_keeps_finished_files_whole(
    quick: list[SegmentRequest],
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write = result_files.write_segmentation

    def interrupted(folder: Path, stem: str, *rest: object) -> None:
        if stem != "a":
            monkeypatch.setattr(files.os, "fsync", lambda handle: signal.raise_signal(signal.SIGINT))
        write(folder, stem, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(result_files, "write_segmentation", interrupted)
    assert segment(*sorted(pictures.iterdir()), out=tmp_path / "out") == 130
    assert names(tmp_path / "out") == results("a")
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.0, 4.0])
def test_ctrl_c_at_any_moment(seconds: float, weights: Path, tmp_path: Path) -> None:
    image = images.encode(scenes.street(0, 960, 720)[0])
    for number in range(200):
        (tmp_path / f"{number}.png").write_bytes(image)
    command = [sys.executable, "-m", "segen", "segment", *(str(tmp_path / f"{n}.png") for n in range(200))]
    out = tmp_path / "out"
    process = subprocess.Popen(
        [*command, "--model", CARD.name, "--out", str(out)], stderr=subprocess.PIPE, text=True
    )
    sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    for path in out.glob("*"):
        assert path.name in results(path.name.split(".")[0])
        if path.suffix == ".png":
            images.read(path)


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


# --- cluster ---------------------------------------------------------------------------------------


def test_cluster_writes_the_same_files(pictures: Path, tmp_path: Path) -> None:
    for card in cards("cluster"):
        out = tmp_path / card.name
        options = ["--k", "3", "--eps", "0.1", "--space", "rgb", "--position", "0.5", "--texture", "1"]
        given = map(str, sorted(pictures.iterdir()))
        assert main(["cluster", *given, "--model", card.name, *options, "--out", str(out)]) == 0
        assert names(out) == results("a", "b.v2")
        found = json.loads((out / "a.regions.json").read_text("utf-8"))
        assert (found["model"], found["height"], found["width"]) == (card.name, 33, 70)
        pixels = [region["pixels"] for region in found["regions"] if region["id"] != NOISE]
        assert pixels == sorted(pixels, reverse=True)


def test_what_must_be_known_of_a_clustering_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flat, thin = tmp_path / "flat.png", tmp_path / "thin.png"
    flat.write_bytes(images.encode(np.full((20, 30, 3), 90, np.uint8)))
    thin.write_bytes(
        images.encode(np.repeat(np.array([[[0]], [[99]]], np.uint8), 3, axis=2).repeat(9, axis=0))
    )
    out = str(tmp_path / "out")
    assert main(["cluster", str(flat), str(thin), "--model", "kmeans", "--k", "7", "--out", out]) == 0
    assert capsys.readouterr().err.splitlines() == [
        f"flat.png: {words('en', 'clusters.fewer', k=7, clusters=1)}",
        f"flat.png: {words('en', 'clusters.no_silhouette')}",
        f"thin.png: {words('en', 'clusters.fewer', k=7, clusters=2)}",
    ]
    assert json.loads((tmp_path / "out" / "flat.regions.json").read_text("utf-8"))["silhouette"] is None


@pytest.mark.parametrize(
    "options", [["--k", "0"], ["--eps", "0"], ["--eps", "nan"], ["--position", "-1"], ["--space", "cmyk"]]
)
def test_options_out_of_range_are_usage_errors(
    options: list[str], pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["cluster", str(pictures / "a.png"), "--model", "dbscan", "--out", str(tmp_path / "out")]
    assert main([*command, *options]) == 2
    assert not (tmp_path / "out").exists()
    assert "Traceback" not in capsys.readouterr().err
    assert main([*command[:2], "--model", CARD.name, *command[4:]]) == 2


# --- the process -----------------------------------------------------------------------------------


def test_the_module_is_the_command(tmp_path: Path) -> None:
    assert segen("models", cwd=tmp_path).stdout.splitlines()[1].split()[0] == cards()[0].name
    done = segen("segment", "x.png", "--model", "../x", "--out", "out", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert names(tmp_path) == set()


def test_every_command_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    for name, command in commands.COMMANDS.items():
        assert main([name, "--help"]) == 0
        assert (command.__doc__ or "nothing").splitlines()[0] in capsys.readouterr().out


def test_export_needs_a_file(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise IsADirectoryError(21, "Is a directory")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnx, "export", fail)
        assert main(["export", "--model", CARD.name, "--out", str(tmp_path)]) == 1
    assert "Is a directory" in capsys.readouterr().err
