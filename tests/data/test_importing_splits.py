"""Annotations in several files and folders: names, shapes, sizes and splits come together, or are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segen.data.importing.folder import Report, convert
from segen.errors import DataError
from segen.imaging import images
from segen.imaging.labels import IGNORED
from segen.text import words
from tests.data.test_importing import HEIGHT, WIDTH, imported, labelme_file, store_picture
from tests.sentences import sentence

Shape = tuple[str, int]
"""The name of a class, and where its square of 100 pixels begins, from the top and from the left."""


def square(begin: int) -> list[list[int]]:
    return [[begin, begin], [begin + 10, begin], [begin + 10, begin + 10], [begin, begin + 10]]


def store_coco(
    file: Path, shapes: dict[str, list[Shape]], categories: tuple[str, ...] = ("cat", "dog"), **size: int
) -> None:
    """A COCO file of pictures, whose categories have the ids 1, 2, …; pictures are drawn where they lack."""
    file.parent.mkdir(parents=True, exist_ok=True)
    for name in shapes:
        if not list(file.parent.rglob(name)):
            store_picture(file.parent, name)
    content = {
        "images": [
            {"id": id, "file_name": name, "height": HEIGHT, "width": WIDTH, **size}
            for id, name in enumerate(shapes)
        ],
        "categories": [{"id": id + 1, "name": name} for id, name in enumerate(categories)],
        "annotations": [
            {
                "image_id": image,
                "category_id": categories.index(name) + 1,
                "segmentation": [[x for point in square(begin) for x in point]],
            }
            for image, drawn in enumerate(shapes.values())
            for name, begin in drawn
        ],
    }
    file.write_text(json.dumps(content))


def store_labelme(file: Path, picture: str, shapes: list[Shape], **size: Any) -> None:
    drawn = [{"label": name, "points": square(begin), "shape_type": "polygon"} for name, begin in shapes]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({**json.loads(labelme_file(picture, drawn)), **size}))


def converted(root: Path, format: Any = "coco", share: float = 0.0) -> Report:
    return convert(root, format, root.parent / "out", share, None)


def stored(out: Path, split: str) -> list[str]:
    return sorted(path.stem for path in (out / split / "images").iterdir())


def test_each_coco_file_has_categories_of_its_own(tmp_path: Path) -> None:
    store_coco(tmp_path / "in" / "train.json", {"a.png": [("cat", 5)], "b.png": [("dog", 5)]})
    shapes = {"c.png": [("cat", 5)], "d.png": [("dog", 5)]}
    store_coco(tmp_path / "in" / "val.json", shapes, ("dog", "cat"))
    report = converted(tmp_path / "in")
    found = imported(tmp_path / "out")
    names = list(report.pixels)
    assert [names[found[stem][8, 8]] for stem in "abcd"] == ["cat", "dog", "cat", "dog"]


def twice_a_category(content: dict[str, Any]) -> None:
    content["categories"].append({"id": 1, "name": "cow"})


def twice_a_picture(content: dict[str, Any]) -> None:
    content["images"].append({**content["images"][0], "file_name": "b.png"})


@pytest.mark.parametrize(
    ("change", "part", "id"), [(twice_a_category, "categories", 1), (twice_a_picture, "images", 0)]
)
def test_one_id_for_two_things_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], part: str, id: int
) -> None:
    file = tmp_path / "in" / "a.json"
    store_coco(file, {"a.png": [("cat", 5)]})
    store_picture(tmp_path / "in", "b.png")
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))
    with pytest.raises(DataError) as error:
        converted(tmp_path / "in")
    assert str(error.value) == sentence("import_id", file="a.json", part=part, id=id)


@pytest.mark.parametrize("format", ["coco", "labelme"])
def test_shapes_of_one_picture_in_two_files_are_merged(tmp_path: Path, format: str) -> None:
    root = tmp_path / "in"
    if format == "coco":
        store_coco(root / "cats.json", {"a.png": [("cat", 5)], "b.png": [("cat", 5)]})
        store_coco(root / "dogs.json", {"a.png": [("cat", 5), ("dog", 25)], "b.png": [("dog", 25)]})
    else:
        for name in "ab":
            store_picture(root, f"{name}.png")
            store_labelme(root / f"{name}.json", f"{name}.png", [("cat", 5)])
            store_labelme(root / f"{name}_more.json", f"{name}.png", [("dog", 25), ("cat", 5)])
    report = converted(root, format, 0.5)
    assert report.regions == {"background": 0, "cat": 2, "dog": 2}, "a shape in both files is one shape"
    assert sum(report.pictures.values()) == 2
    found = imported(tmp_path / "out")
    assert sorted(found) == ["a", "b"]
    assert all((labels[8, 8], labels[28, 28]) == (1, 2) for labels in found.values())
    assert not set(stored(tmp_path / "out", "train")) & set(stored(tmp_path / "out", "val"))


def test_files_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    names = ["a.png", "b.png"]
    for split in ("train", "val"):
        store_coco(tmp_path / "splits" / f"{split}.json", {name: [("cat", 5)] for name in names})
    with pytest.raises(DataError) as error:
        converted(tmp_path / "splits")
    faults = [sentence("import_splits", file=name, first="train", second="val") for name in names]
    assert str(error.value) == sentence("folder_unusable", faults="\n".join(faults))
    store_coco(tmp_path / "sizes" / "1.json", {"a.png": [("cat", 5)]})
    store_coco(tmp_path / "sizes" / "2.json", {"a.png": [("dog", 5)]}, height=HEIGHT + 1)
    with pytest.raises(DataError) as error:
        converted(tmp_path / "sizes")
    assert str(error.value) == sentence("folder_unusable", faults=sentence("import_size", file="a.png"))


def roboflow(root: Path) -> None:
    for split in ("train", "valid", "test"):
        shapes = {f"{split}{number}.png": [("cat", 5)] for number in range(4)}
        store_coco(root / split / "_annotations.coco.json", shapes)


def names_of_files(root: Path) -> None:
    for split in ("Train", "val", "test"):
        shapes = {f"{split.lower()}{number}.png": [("cat", 5)] for number in range(4)}
        store_coco(
            root / f"instances{split}2017.json" if split == "Train" else root / f"x_{split}.json", shapes
        )


def pictures_in_folders(root: Path) -> None:
    for split in ("train", "validation", "test"):
        for number in range(4):
            store_picture(root / split, f"{split[:5]}{number}.png")
    shapes = {
        f"{split}{number}.png": [("cat", 5)] for split in ("train", "valid", "test") for number in range(4)
    }
    store_coco(root / "all.json", shapes)


def labelme_folders(root: Path) -> None:
    for split in ("train", "val", "test"):
        for number in range(4):
            store_picture(root / split, f"{split}{number}.png")
            store_labelme(root / split / f"{number}.json", f"{split}{number}.png", [("cat", 5)])


def cityscapes_folders(root: Path) -> None:
    for split in ("train", "val", "test"):
        for number in range(4):
            store_picture(root / "leftImg8bit" / split / "x", f"{split}{number}_leftImg8bit.png")
            masks = root / "gtFine" / split / "x"
            masks.mkdir(parents=True, exist_ok=True)
            ids = np.full((HEIGHT, WIDTH), 3 if split == "test" else 7, np.uint8)
            (masks / f"{split}{number}_gtFine_labelIds.png").write_bytes(images.encode(ids))


def mask_folders(root: Path) -> None:
    for split in ("train", "valid", "test"):
        for number in range(4):
            store_picture(root / "images" / split, f"{split}{number}.png")
            (root / "masks" / split).mkdir(parents=True, exist_ok=True)
            mask = np.eye(HEIGHT, WIDTH, dtype=np.uint8)
            (root / "masks" / split / f"{split}{number}.png").write_bytes(images.encode(mask))


LAYOUTS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "one folder for each split": ("coco", roboflow),
    "one file for each split": ("coco", names_of_files),
    "one file, and pictures in folders": ("coco", pictures_in_folders),
    "labelme": ("labelme", labelme_folders),
    "Cityscapes": ("cityscapes", cityscapes_folders),
    "masks": ("masks", mask_folders),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("root", ["in", "val", "test"])
def test_splits_are_those_that_are_named_below_the_folder(tmp_path: Path, layout: str, root: str) -> None:
    format, store = LAYOUTS[layout]
    store(tmp_path / root)
    report = converted(tmp_path / root, format)
    assert report.pictures == {"train": 4, "val": 4}
    assert {name[:5] for name in stored(tmp_path / "out", "train")} == {"train"}
    assert {name[:3] for name in stored(tmp_path / "out", "val")} == {"val"}
    assert report.test == 4
    assert "in the split test: 4" in report.text()


def test_words_are_told_from_parts_of_words(tmp_path: Path) -> None:
    shapes = {f"{number}.png": [("cat", 5)] for number in range(20)}
    store_coco(tmp_path / "in" / "trainval_evaluation.json", shapes)
    report = converted(tmp_path / "in", share=0.5)
    assert min(report.pictures.values()) > 0


def test_pictures_of_test_may_be_missing_but_not_all_be_of_test(tmp_path: Path) -> None:
    store_coco(tmp_path / "in" / "test.json", {"c.png": [("cat", 5)], "d.png": [("cat", 5)]})
    with pytest.raises(DataError) as error:
        converted(tmp_path / "in")
    assert str(error.value) == sentence("import_test", count=2)
    store_coco(tmp_path / "in" / "train.json", {"a.png": [("cat", 5)]})
    (tmp_path / "in" / "d.png").unlink()
    report = converted(tmp_path / "in")
    assert (report.pictures, report.test) == ({"train": 1, "val": 0}, 1)


@pytest.mark.parametrize("name", [f"{number}.png" for number in range(8)])
def test_a_single_picture_goes_to_train_and_it_is_said(tmp_path: Path, name: str) -> None:
    store_coco(tmp_path / "in" / "all.json", {name: [("cat", 5)]})
    report = converted(tmp_path / "in", share=0.5)
    assert report.pictures == {"train": 1, "val": 0}
    assert words("en", "import.empty", split="val") in report.text()


@pytest.mark.parametrize(("named", "other"), [("train", "val"), ("val", "train")])
def test_a_picture_without_a_split_goes_to_the_one_that_is_empty(
    tmp_path: Path, named: str, other: str
) -> None:
    store_coco(tmp_path / "in" / f"{named}.json", {"a.png": [("cat", 5)], "b.png": [("cat", 5)]})
    assert words("en", "import.empty", split=other) in converted(tmp_path / "in").text()
    store_coco(tmp_path / "in" / "more.json", {"c.png": [("cat", 5)]})
    (tmp_path / "out").rename(tmp_path / "former")
    report = converted(tmp_path / "in", share=0.5)
    assert report.pictures == {named: 2, other: 1}
    assert words("en", "import.empty", split=other) not in report.text()


def test_labelme_pictures_of_another_size_are_refused(tmp_path: Path) -> None:
    for name in "ab":
        store_picture(tmp_path / "in", f"{name}.png")
        size = {"imageHeight": 2 * HEIGHT, "imageWidth": 2 * WIDTH}
        store_labelme(tmp_path / "in" / f"{name}.json", f"{name}.png", [("cat", 20)], **size)
    with pytest.raises(DataError) as error:
        converted(tmp_path / "in", "labelme")
    faults = "\n".join(sentence("import_size", file=f"{name}.png") for name in "ab")
    assert str(error.value) == sentence("folder_unusable", faults=faults)


@pytest.mark.parametrize("format", ["coco", "labelme"])
def test_pictures_without_annotation_are_left_out_and_named(tmp_path: Path, format: str) -> None:
    root = tmp_path / "in"
    for name in "abcd":
        store_picture(root, f"{name}.png")
    (root / "notes.pdf").write_bytes(b"no picture")
    shapes: dict[str, list[Shape]] = {"a.png": [("cat", 5)], "b.png": [("cat", 5)], "c.png": []}
    if format == "coco":
        store_coco(root / "all.json", shapes)
    for name, drawn in shapes.items() if format == "labelme" else ():
        store_labelme(root / f"{name}.json", name, drawn)
    report = converted(root, format)
    assert report.without == ("c.png", "d.png")
    assert sorted(imported(tmp_path / "out")) == ["a", "b"]


@pytest.mark.parametrize("format", ["coco", "labelme"])
@pytest.mark.parametrize("name", ["void", "Ignore", "__ignore__", "unlabeled"])
def test_classes_of_unknown_pixels_are_ignored_wherever_they_stand(
    tmp_path: Path, format: str, name: str
) -> None:
    root = tmp_path / "in"
    if format == "coco":
        store_coco(root / "a.json", {"a.png": [(name, 5), ("zebra", 25)]}, (name, "zebra"))
    else:
        store_picture(root, "a.png")
        store_labelme(root / "a.json", "a.png", [(name, 5), ("zebra", 25)])
    report = converted(root, format)
    assert list(report.pixels) == ["background", "zebra"]
    labels = imported(tmp_path / "out")["a"]
    assert (labels[8, 8], labels[28, 28], labels[0, 0]) == (IGNORED, 1, 0)


def test_one_class_alone_is_refused(tmp_path: Path) -> None:
    store_coco(tmp_path / "in" / "a.json", {"a.png": [("void", 5)]}, ("void",))
    with pytest.raises(DataError) as error:
        converted(tmp_path / "in")
    assert str(error.value) == sentence("import_one_class", name="background")
