"""Instances: drawn, numbered and read."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.data import datasets
from segen.data.synthetic import folder, scenes
from segen.errors import DataError
from segen.imaging import images, labels
from segen.imaging.labels import Mask, read_mask
from segen.text import words
from segen.training import data as training_data
from tests.known_instances import write_pair
from tests.sentences import exactly, sentence

pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning:pycocotools.mask")


def test_drawn_nuclei_have_one_number_each() -> None:
    image, labels = scenes.nuclei(5)
    same, numbers = scenes.numbered_nuclei(5)
    assert (image == same).all()
    assert ((numbers > 0) == (labels == 1)).all()
    assert len(np.unique(numbers)) > 5


def test_the_folder_of_drawn_nuclei_numbers_them(tmp_path: Path) -> None:
    folder.write(tmp_path, 1, "nuclei")
    for split, seed in (("train", 0), ("val", 1)):
        (numbered,) = training_data.numbered(str(tmp_path), "nuclei", split)
        (labelled,) = training_data.labelled(str(tmp_path), "nuclei", split)
        expected = scenes.numbered_nuclei(seed, folder.WIDTH, folder.HEIGHT)[1]
        assert len(numbered) == 1
        assert (numbered[0][1] == expected).all()
        assert (labelled[0][1] == (expected > 0)).all()


def test_16_bit_masks_keep_their_numbers(tmp_path: Path) -> None:
    image, numbers = scenes.numbered_nuclei(0, 40, 30)
    numbers[numbers > 0] += 60_000
    pair = write_pair(tmp_path, images.encode(numbers.astype(np.uint16)), image)
    assert (datasets.read_instances(pair)[1] == numbers).all()


@pytest.mark.parametrize("fault", ["labels", "size"])
def test_masks_without_numbers_or_of_another_size_are_refused(fault: str, tmp_path: Path) -> None:
    image, numbers = scenes.numbered_nuclei(0, 40, 30)
    mask = (numbers > 0).astype(np.uint8) if fault == "labels" else numbers[:20].astype(np.uint16)
    expected = {
        "labels": exactly("item_unusable", file="val/masks/a.png", fault=sentence("not_instances")),
        "size": exactly("mask_size", file="val/masks/a.png"),
    }
    with pytest.raises(DataError, match=expected[fault]):
        datasets.read_instances(write_pair(tmp_path, images.encode(mask), image))


def turned_folder(root: Path, numbers: np.ndarray, raw: bool, shape_kept: bool = False) -> None:
    """A data set of one picture that its camera turned, its mask drawn on it upright, or as it is stored."""
    folder.write(root, 1, "nuclei")
    for file in (root / "train").rglob("*.png"):
        file.unlink()
    exif = Pillow.Exif()
    exif[0x0112] = 3 if shape_kept else 6
    turn = images.TURNS[exif[0x0112]]
    Pillow.new("RGB", numbers.shape[::-1]).save(root / "train" / "images" / "a.jpg", exif=exif)
    mask = numbers if raw else images.turned(numbers, turn)
    (root / "train" / "masks" / "a.png").write_bytes(images.encode(mask))


@pytest.mark.parametrize("raw", [True, False])
def test_numbers_go_with_a_picture_that_its_camera_turned(tmp_path: Path, raw: bool) -> None:
    numbers = scenes.numbered_nuclei(0, 40, 30)[1].astype(np.uint16)
    turned_folder(tmp_path, numbers, raw)
    (items,) = training_data.numbered(str(tmp_path), "nuclei", "train")
    image, found = items[0]
    assert image.shape[:2] == found.shape == (40, 30)
    assert (found == images.turned(numbers, images.TURNS[6])).all()


def test_numbers_drawn_before_or_after_a_turn_are_refused(tmp_path: Path) -> None:
    turned_folder(tmp_path, scenes.numbered_nuclei(0, 40, 30)[1].astype(np.uint16), True, shape_kept=True)
    told = sentence("mask_turned", file="train/images/a.jpg")
    with pytest.raises(DataError, match=exactly("folder_unusable", faults=told)):
        training_data.numbered(str(tmp_path), "nuclei", "train")
    with pytest.raises(DataError, match=exactly("mask_turned", file="train/images/a.jpg")):
        datasets.read_instances(datasets.pairs(tmp_path, "train")[0])


def eight_bits(root: Path, kept: int) -> np.ndarray:
    """A data set whose masks are 8-bit grey, of numbers up to `kept`; gives those of train."""
    folder.write(root, 1, "nuclei")
    for split in ("train", "val"):
        (file,) = (root / split / "masks").glob("*.png")
        with Pillow.open(file) as stored:
            numbers = np.minimum(np.array(stored), kept).astype(np.uint8)
        file.write_bytes(images.encode(numbers))
        if split == "train":
            first = numbers
    return first


def test_8_bit_numbers_are_instances_and_it_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = eight_bits(tmp_path, 200)
    assert 20 < numbers.max() < 128, "a cut at 128 would leave none"
    (labelled,) = training_data.labelled(str(tmp_path), "nuclei", "train")
    assert (labelled[0][1] == (numbers > 0)).all()
    assert capsys.readouterr().err == f"train: {words('en', 'data.masks_numbered', name='nucleus')}\n"
    (numbered,) = training_data.numbered(str(tmp_path), "nuclei", "train")
    assert (numbered[0][1] == numbers).all()


def test_labels_in_place_of_numbers_are_refused_before_the_first_step(tmp_path: Path) -> None:
    eight_bits(tmp_path, 1)
    training_data.labelled(str(tmp_path), "nuclei", "train")
    told = sentence("item_unusable", file="train/masks/0000.png", fault=sentence("not_instances"))
    with pytest.raises(DataError, match=exactly("folder_unusable", faults=told)):
        training_data.numbered(str(tmp_path), "nuclei", "train")


def test_a_split_of_few_8_bit_instances_is_read_as_the_other(tmp_path: Path) -> None:
    eight_bits(tmp_path, 200)
    (file,) = (tmp_path / "val" / "masks").glob("*.png")
    with Pillow.open(file) as stored:
        few = np.where(np.array(stored) > 3, 0, np.array(stored)).astype(np.uint8)
    file.write_bytes(images.encode(few))
    (numbered,) = training_data.numbered(str(tmp_path), "nuclei", "val")
    (labelled,) = training_data.labelled(str(tmp_path), "nuclei", "val")
    assert (numbered[0][1] == few).all()
    assert (labelled[0][1] == (few > 0)).all()


def test_train_and_val_are_surveyed_together_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write(tmp_path, 2, "nuclei")
    reads: Counter[Path] = Counter()

    def counted(source: Path, *rest: Any) -> Mask:
        reads[source] += 1
        return read_mask(source, *rest)

    monkeypatch.setattr(labels, "read_mask", counted)
    train, val = training_data.labelled(str(tmp_path), "nuclei", "train", "val")
    assert (len(train), len(val)) == (2, 1)
    assert sorted(reads) == sorted(tmp_path.glob("*/masks/*.png"))
    assert set(reads.values()) == {2}, "for the coding of all, and by it"


@pytest.mark.parametrize("ones", ["train", "val"])
def test_splits_that_contradict_each_other_are_refused(tmp_path: Path, ones: str) -> None:
    folder.write(tmp_path, 1, "nuclei")
    names = {}
    for split in ("train", "val"):
        (file,) = (tmp_path / split / "masks").glob("*.png")
        names[split] = f"{split}/masks/{file.name}"
        with Pillow.open(file) as stored:
            marked = (np.array(stored) > 0).astype(np.uint8) * (1 if split == ones else 255)
        marked[0] = 255
        file.write_bytes(images.encode(marked))
    other = "val" if ones == "train" else "train"
    told = sentence("labels_mixed", first=names[ones], second=names[other])
    for splits in (["train"], ["val"], ["train", "val"]):
        with pytest.raises(DataError, match=exactly("folder_unusable", faults=told)):
            training_data.labelled(str(tmp_path), "nuclei", *splits)


@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_one_mask_of_0_and_1_among_soft_ones_is_named(tmp_path: Path, ending: str) -> None:
    folder.write(tmp_path, 2, "nuclei")
    shutil.rmtree(tmp_path / "val")
    first, second = sorted((tmp_path / "train" / "masks").glob("*.png"))
    shades = np.linspace(0, 255, folder.WIDTH * folder.HEIGHT).reshape(folder.HEIGHT, folder.WIDTH)
    second.unlink()
    Pillow.fromarray(shades.astype(np.uint8)).save(second.with_suffix(f".{ending}"))
    first.write_bytes(images.encode((shades > 99).astype(np.uint8)))
    names = {"first": f"train/masks/{first.name}", "second": f"train/masks/{second.stem}.{ending}"}
    with pytest.raises(DataError, match=exactly("folder_unusable", faults=sentence("labels_mixed", **names))):
        datasets.survey(tmp_path, datasets.classes(tmp_path, "nuclei"), ["train"])
