"""Options that no training can have end in one sentence and exit code 2; small data sets train."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from segen.data.synthetic import folder
from segen.errors import UsageError
from segen.imaging import images
from segen.imaging.labels import encode_labels
from segen.training import data as training_data
from segen.training import loop
from segen.training.main import main
from segen.training.pairs import Pairs
from segen.training.recipe import Place
from segen.training.recipes import RECIPES, build
from segen.training.recipes.segmentation import (
    MODEL_ARCHITECTURES_MAPPING,
    OURS,
    Segmentation,
    SegmentationConfig,
)
from tests.sentences import exactly, sentence

KNOWN = [*OURS, *sorted(each.__name__ for each in MODEL_ARCHITECTURES_MAPPING.values())]


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 2, "val": 1})
    return tmp_path / "runs"


@pytest.mark.parametrize(
    ("options", "key", "values"),
    [
        ("unet-camvid --batch-size 0", "option_too_small", {"option": "--batch-size", "least": 1}),
        ("unet-camvid --steps 0", "option_too_small", {"option": "--steps", "least": 1}),
        ("unet-camvid --crop 0 64", "option_too_small", {"option": "--crop", "least": 1}),
        ("fpn-camvid --crop 50 64", "crop_unusable", {"height": 50, "width": 64}),
        ("vgg16-nuclei --crop 64 66", "crop_unusable", {"height": 64, "width": 66}),
        (
            "unet-camvid --architecture NoSuch",
            "architecture_unknown",
            {"name": "NoSuch", "known": ", ".join(KNOWN)},
        ),
        ("deeplabv3plus-camvid --batch-size 1 --crop 64 64", "batch_of_one", {"name": "DeepLabV3Plus"}),
        ("maskrcnn-nuclei --crop 100", "crop_unusable", {"height": 100, "width": 100}),
        ("pix2pix-nuclei --side 50", "crop_unusable", {"height": 50, "width": 50}),
        ("wgan-gp-fashion --batch-size 4", "batch_not_shared", {"batch": 4, "parts": 3}),
    ],
)
def test_unusable_options_are_told(
    options: str, key: str, values: dict[str, Any], runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*options.split(), "--data", "synthetic"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2, "the configuration, and one sentence"
    assert lines[-1] == sentence(key, **values)
    assert not runs.exists() or not list(runs.rglob("*.pt"))


@pytest.mark.parametrize("place", ["below a file", "a file", "read-only", "read-only, with a former run"])
def test_a_run_that_cannot_be_written_is_told_before_its_first_step(
    place: str, runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = errno.EROFS
    run = runs / "vae-fashion"
    if place == "below a file":
        fault = errno.ENOTDIR
        runs.write_text("a file")
    elif place == "a file":
        fault = errno.ENOTDIR
        runs.mkdir()
        run.write_text("a file")
    else:
        (run / "samples" if "former" in place else runs).mkdir(parents=True)
        for name in ("open", "mkdir"):  # a folder's mode does not bind root, which tests may run as
            monkeypatch.setattr(os, name, _refusing(getattr(os, name), runs))
    before = sorted(runs.parent.rglob("*"))
    assert main(["vae-fashion", "--data", "synthetic", "--steps", "1", "--batch-size", "2"]) == 1
    configuration, *told = capsys.readouterr().err.splitlines()
    assert json.loads(configuration)["name"] == "vae-fashion"
    assert told == [sentence("not_written", reason=os.strerror(fault))], "no step, no bar of progress"
    assert sorted(runs.parent.rglob("*")) == before


def _refusing(work: Callable[..., Any], root: Path) -> Callable[..., Any]:
    """What opens or makes a path, as on a disk where nothing below `root` may be written."""

    def refusing(path: str | Path, *given: Any, **named: Any) -> Any:
        if Path(path).is_relative_to(root):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return work(path, *given, **named)

    return refusing


def test_an_unknown_option_of_an_architecture_is_told() -> None:
    config = replace(RECIPES["unet-camvid"], options={"no_such": 1})
    with pytest.raises(
        UsageError, match=exactly("architecture_options", name=config.architecture, options=config.options)
    ):
        build(config, Place(data="synthetic"))


def test_a_single_picture_smaller_than_the_crop_trains(tmp_path: Path) -> None:
    root = tmp_path / "own"
    colors = ((0, 0, 0), (255, 0, 0), (0, 255, 0))
    for split in ("train", "val"):
        for kind in ("images", "masks"):
            (root / split / kind).mkdir(parents=True)
        labels = np.zeros((20, 30), dtype=np.uint8)
        labels[5:12, 4:20], labels[15:] = 1, 2
        picture = np.array(colors, dtype=np.uint8)[labels]
        (root / split / "images" / "one.png").write_bytes(images.encode(picture))
        (root / split / "masks" / "one.png").write_bytes(encode_labels(labels, colors))
    known = [{"id": id, "name": f"class {id}", "color": color} for id, color in enumerate(colors)]
    (root / "classes.json").write_text(json.dumps(known))
    config = SegmentationConfig("own", steps=1, batch_size=3, crop=(64, 64), imagenet=False)
    place = Place(data=str(root))
    assert (loop.fit(Segmentation(config, place), place) / "SHA256SUMS").is_file()


def test_pairs_smaller_than_the_crop_are_continued() -> None:
    class Narrow(Pairs):
        def whole(self, index: int, seed: int | None = None) -> tuple[torch.Tensor, torch.Tensor]:
            picture = torch.arange(20.0).expand(1, 70, 20)
            return picture, -picture

    given, drawn = Narrow(1, 64)[0]
    assert given.shape == drawn.shape == (1, 64, 64)
    assert torch.equal(given, -drawn)


def bad(root: Path, *names: str) -> str:
    """What is told of these pictures of a data set, each of which is spoilt."""
    fault = sentence("picture_damaged")
    for name in names:
        (root / name).write_bytes(b"GIF89a")
    told = (sentence("item_unusable", file=name, fault=fault) for name in names)
    return sentence("folder_unusable", faults="\n".join(told))


def test_bad_files_of_train_and_val_are_named_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.main([str(tmp_path / "own"), "--count", "2"]) == 0
    told = bad(tmp_path / "own", "train/images/0000.png", "train/masks/0001.png", "val/masks/0002.png")
    assert main(["unet-camvid", "--data", str(tmp_path / "own")]) == 1
    assert capsys.readouterr().err.endswith(told + "\n")


@pytest.mark.parametrize("recipe", ["cyclegan-yosemite", "vae-yosemite"])
def test_bad_photographs_of_all_halves_are_named_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], recipe: str
) -> None:
    for half in ("trainA", "trainB", "testA", "testB"):
        (tmp_path / half).mkdir()
        for name in ("a.png", "b.png"):
            (tmp_path / half / name).write_bytes(images.encode(np.zeros((9, 9, 3), np.uint8)))
        (tmp_path / half / "notes.docx").write_bytes(b"no picture")
    told = bad(tmp_path, "trainA/a.png", "trainB/a.png", "trainB/b.png", "testB/a.png")
    assert main([recipe, "--data", str(tmp_path)]) == 1
    assert capsys.readouterr().err.endswith(told + "\n")


def test_pairs_of_a_data_set_that_there_are_none_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pix2pix-emoji", "--dataset", "emo", "--data", "synthetic"]) == 2
    told = sentence("pairs_unknown", name="emo", known="emoji, nuclei, camvid")
    assert capsys.readouterr().err.endswith(told + "\n")


def test_raw_photographs_of_both_halves_are_named_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for half in ("trainA", "trainB", "testA", "testB"):
        (tmp_path / half).mkdir()
        (tmp_path / half / "a.png").write_bytes(images.encode(np.zeros((9, 9, 3), np.uint8)))
        (tmp_path / half / "a.NEF").write_bytes(b"developed as a.png")
    for name in ("trainA/b.cr2", "trainA/c.dng", "trainB/d.ARW"):
        (tmp_path / name).write_bytes(b"II*\0")
    fault = sentence("camera_raw")
    files = ("trainA/b.cr2, trainA/c.dng", "trainB/d.ARW")
    faults = "\n".join(sentence("item_unusable", file=file, fault=fault) for file in files)
    told = sentence("folder_unusable", faults=faults)
    assert main(["cyclegan-yosemite", "--data", str(tmp_path)]) == 1
    assert capsys.readouterr().err.endswith(told + "\n")
