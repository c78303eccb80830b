"""Names, ids and shapes as other tools write them: read as meant, or refused by name."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segen.data import class_file
from segen.data.importing.folder import convert
from segen.errors import DataError
from segen.imaging import images
from tests.data.test_importing import HEIGHT, WIDTH, imported, labelme_file, store_picture
from tests.data.test_importing_entries import labelme_folder, said, store
from tests.data.test_importing_masks import stored
from tests.data.test_importing_splits import (
    cityscapes_folders,
    converted,
    square,
    store_coco,
    store_labelme,
)
from tests.sentences import sentence


def class_names(out: Path) -> list[str]:
    return [known.name["en"] for known in class_file.read(out / "classes.json")]


def test_blanks_around_a_name_make_no_other_class(tmp_path: Path) -> None:
    store(tmp_path / "in", lambda content: content["categories"][1].update(name=" cat\n"))
    converted(tmp_path / "in")
    assert class_names(tmp_path / "out") == ["background", "cat"]


@pytest.mark.parametrize("name", ["", " ", None, ["cat"]])
def test_a_class_without_a_name_is_refused(tmp_path: Path, name: Any) -> None:
    store(tmp_path / "in", lambda content: content["categories"][1].update(name=name))
    with pytest.raises(DataError) as error:
        converted(tmp_path / "in")
    assert str(error.value) == said("import_form", format="COCO", entry="categories[1]")


@pytest.mark.parametrize("name", ["", None])
def test_a_labelme_shape_without_a_label_is_refused(tmp_path: Path, name: Any) -> None:
    labelme_folder(tmp_path / "in", label=name)
    with pytest.raises(DataError) as error:
        converted(tmp_path / "in", "labelme")
    assert str(error.value) == said("import_form", format="labelme", entry="shapes[0]")


@pytest.mark.parametrize("name", ["", ["road"]])
def test_a_mapping_to_no_name_is_refused(tmp_path: Path, name: Any) -> None:
    cityscapes_folders(tmp_path / "in")
    (tmp_path / "ids.json").write_text(json.dumps({"7": "road", "26": name}))
    with pytest.raises(DataError) as error:
        convert(tmp_path / "in", "cityscapes", tmp_path / "out", 0.0, tmp_path / "ids.json")
    assert str(error.value) == sentence("import_mapping", file="ids.json")


def test_ids_may_have_a_point_as_tables_write_them(tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        content["annotations"] = [
            each | {"image_id": float(each["image_id"]), "category_id": float(each["category_id"])}
            for each in content["annotations"]
        ]

    store(tmp_path / "in", change)
    assert converted(tmp_path / "in").regions == {"background": 0, "cat": 1, "dog": 1}


def test_a_crowd_told_by_text_is_one_only_if_it_says_so(tmp_path: Path) -> None:
    store(tmp_path / "in", lambda content: [each.update(iscrowd="0") for each in content["annotations"]])
    assert converted(tmp_path / "in").ignored_pixels == 0


def test_a_json_of_16_bits_a_letter_is_read(tmp_path: Path) -> None:
    store(tmp_path / "in", lambda content: None)
    file = tmp_path / "in" / "a.json"
    file.write_text(file.read_text(), "utf-16")
    assert converted(tmp_path / "in").pictures == {"train": 1, "val": 1}


@pytest.mark.parametrize(
    ("stored", "told"),
    [("Zelle é.png", "x/Zelle%20é.png"), (unicodedata.normalize("NFD", "é.png"), "é.png"), ("a%20.png",) * 2],
)
def test_names_of_pictures_may_be_escaped_or_decomposed(tmp_path: Path, stored: str, told: str) -> None:
    store_picture(tmp_path / "in", stored)
    store_coco(tmp_path / "c.json", {"a.png": [("cat", 5)]})
    content = json.loads((tmp_path / "c.json").read_text())
    content["images"][0]["file_name"] = told
    (tmp_path / "in" / "c.json").write_text(json.dumps(content))
    converted(tmp_path / "in")
    assert (imported(tmp_path / "out")[Path(stored).stem] > 0).sum() == 100


@pytest.mark.parametrize("name", ["a.png", "valid/a.png"])
def test_pictures_of_one_name_are_told_apart_by_their_folders(tmp_path: Path, name: str) -> None:
    """By those of the name, or else by the folder of the annotation file."""
    root = tmp_path / "in"
    for split, begin in (("train", 5), ("valid", 20)):
        store_coco(root / split / "c.json", {"a.png": [("cat", begin)]})
    file = root / "valid" / "c.json"
    content = json.loads(file.read_text())
    content["images"][0]["file_name"] = name
    file.unlink()
    (file.with_name("d.json") if name == "a.png" else root / "d.json").write_text(json.dumps(content))
    report = converted(root)
    assert report.pictures == {"train": 1, "val": 1}
    mask = images.read(tmp_path / "out" / "val" / "masks" / "a.png")
    assert mask[25, 25].any()
    assert not mask[8, 8].any()


def test_a_labelme_file_beside_its_picture_names_no_other(tmp_path: Path) -> None:
    """As after a copy, or where pictures were renamed."""
    labelme_folder(tmp_path / "in")
    (tmp_path / "in" / "b.json").write_bytes((tmp_path / "in" / "a.json").read_bytes())
    with pytest.raises(DataError) as error:
        converted(tmp_path / "in", "labelme")
    assert str(error.value) == sentence("import_other", file="b.json", named="a.png", own="b.png")


@pytest.mark.parametrize("kind", ["rectangle", "rotation"])
def test_a_rectangle_may_have_four_corners(tmp_path: Path, kind: str) -> None:
    for name, given in (("a", kind), ("b", "polygon")):
        store_picture(tmp_path / "in", f"{name}.png")
        shape = {"label": "cat", "points": square(5), "shape_type": given}
        (tmp_path / "in" / f"{name}.json").write_text(labelme_file(f"{name}.png", [shape]))
    converted(tmp_path / "in", "labelme")
    found = imported(tmp_path / "out")
    assert np.array_equal(found["a"], found["b"])


def test_masks_without_a_picture_are_left_out_and_named(tmp_path: Path) -> None:
    mask = images.encode(np.eye(40, 50, dtype=np.uint8))
    root = stored(tmp_path / "in", {"a.png": mask, "b.png": mask})
    (root / "JPEGImages" / "b.png").rename(root / "JPEGImages" / "c.png")
    (root / "JPEGImages" / "notes.docx").write_bytes(b"PK")
    store_picture(root / "JPEGImages", "a.png", 40, 50)
    report = converted(root, "masks")
    assert (report.strays, report.without) == (("b.png",), ("c.png",))
    assert "b.png" in report.text()


@pytest.mark.parametrize("format", ["coco", "labelme", "masks"])
def test_a_damaged_picture_that_nothing_labels_is_named(tmp_path: Path, format: str) -> None:
    root = tmp_path / "in"
    store_picture(root, "a.png", HEIGHT, WIDTH)
    (root / "b.png").write_bytes(b"\x89PNG, cut short")
    if format == "coco":
        store_coco(root / "all.json", {"a.png": [("cat", 5)]})
    elif format == "labelme":
        store_labelme(root / "a.json", "a.png", [("cat", 5)])
    else:
        (root / "a_mask.png").write_bytes(images.encode(np.eye(HEIGHT, WIDTH, dtype=np.uint8)))
    assert converted(root, format).without == ("b.png",)


def test_cityscapes_maps_without_a_picture_are_left_out_and_named(tmp_path: Path) -> None:
    cityscapes_folders(tmp_path / "in")
    next((tmp_path / "in").rglob("train0_leftImg8bit.png")).unlink()
    assert converted(tmp_path / "in", "cityscapes").strays == ("train0_gtFine_labelIds.png",)


@pytest.mark.parametrize(
    ("picture", "mask"), [("A01.png", "a01.png"), ("é.png", unicodedata.normalize("NFD", "é_mask.png"))]
)
def test_masks_and_pictures_may_differ_in_case_and_in_the_form_of_accents(
    tmp_path: Path, picture: str, mask: str
) -> None:
    root = stored(tmp_path / "in", {"a.png": images.encode(np.eye(40, 50, dtype=np.uint8))})
    (root / "JPEGImages" / "a.png").unlink()
    store_picture(root / "JPEGImages", picture, 40, 50)
    (root / "SegmentationClass" / "a.png").rename(root / "SegmentationClass" / mask)
    assert converted(root, "masks").pictures["train"] == 1
