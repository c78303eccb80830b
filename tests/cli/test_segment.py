"""`segen segment`: what it writes, and how it fails and stops."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import sleep

import numpy as np
import pytest

from segen import registry
from segen.cli import results as result_files
from segen.cli.main import main
from segen.data import files
from segen.data.synthetic import scenes
from segen.imaging import export, images
from segen.imaging.labels import read_labels
from segen.registry import ModelCard, cards
from segen.text import words
from segen.types import FORMATS, SegmentRequest
from tests.cli.calls import CARD, names, results, segment


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
    own_weights: Callable[[str], Path],
    pictures: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = own_weights(card.name) / "model.safetensors"
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
@pytest.mark.parametrize("seconds", [1.5, 2.0, 3.0, 4.0])
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


def test_further_formats_stand_beside(quick: list[SegmentRequest], pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["segment", str(pictures / "a.png"), "--model", CARD.name, "--out", str(out), "--also"]
    assert main([*arguments, *FORMATS]) == 0
    further = {".geojson", ".coco.json", ".yolo.txt", ".csv"}
    further |= {".objects.csv", ".mask-1.png", ".cutout-1.png"}
    assert names(out) == results("a") | {f"a{ending}" for ending in further}
    assert json.loads((out / "a.coco.json").read_text())["images"][0]["file_name"] == "a.png"


def test_a_further_format_replaces_no_picture(
    quick: list[SegmentRequest], pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copyfile(pictures / "a.png", pictures / "a.mask-1.png")
    given = [str(pictures / name) for name in ("a.png", "a.mask-1.png")]
    assert main(["segment", *given, "--model", CARD.name, "--out", str(pictures), "--also", "masks"]) == 2
    assert capsys.readouterr().err.strip() == words("en", "errors.replaces_input", file="a.mask-1.png")
    assert not quick


def test_no_result_replaces_that_of_another_picture(
    quick: list[SegmentRequest], pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The regions of a.objects.png and the objects of a.png are both called a.objects.csv."""
    shutil.copyfile(pictures / "a.png", pictures / "a.Objects.png")
    given = [str(pictures / name) for name in ("a.png", "a.Objects.png")]
    command = ["segment", *given, "--model", CARD.name, "--out", str(tmp_path / "out")]
    assert main([*command, "--also", "csv", "objects"]) == 2
    told = words("en", "errors.same_stem", first="a.png", second="a.Objects.png")
    assert capsys.readouterr().err.strip() == told
    assert not quick
    assert main([*command, "--also", "csv"]) == 0
