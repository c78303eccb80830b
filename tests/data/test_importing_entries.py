"""Entries of annotation files that cannot be used are named with their file, or left out and counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segen.errors import DataError
from tests.data.test_importing import imported, labelme_file, store_picture
from tests.data.test_importing_splits import converted, square, store_coco
from tests.sentences import sentence

LINE, DOTS = [5, 5, 20, 20], [5, 5, 20, 20, 5, 5]
"""Polygons of two points; the second one is closed."""
Change = Callable[[dict[str, Any]], object]


def store(root: Path, change: Change) -> None:
    """Two pictures with a square of 100 pixels each, and the COCO file of them after a change."""
    store_coco(root / "a.json", {"a.png": [("cat", 5)], "b.png": [("dog", 5)]})
    content = json.loads((root / "a.json").read_text())
    change(content)
    (root / "a.json").write_text(json.dumps(content))


def said(key: str, **values: Any) -> str:
    return sentence(key, file="a.json", **values)


def shares(content: dict[str, Any]) -> None:
    for each in content["annotations"]:
        each["segmentation"] = [[0.1, 0.1, 0.5, 0.1, 0.5, 0.5]]


FAULTS: dict[str, tuple[Change, str]] = {
    "no field": (
        lambda content: content["annotations"][1].pop("category_id"),
        said("import_form", format="COCO", entry="annotations[1]"),
    ),
    "no name of a picture": (
        lambda content: content["images"][1].pop("file_name"),
        said("import_form", format="COCO", entry="images[1]"),
    ),
    "a size in words": (
        lambda content: content["images"][1].update(height="tall"),
        said("import_form", format="COCO", entry="images[1]"),
    ),
    "no list": (
        lambda content: content.update(categories=3),
        said("import_form", format="COCO", entry="categories"),
    ),
    "boxes": (
        lambda content: [content["annotations"][n].update(segmentation=[]) for n in range(2)],
        said("import_boxes", entries="annotations[0], annotations[1]"),
    ),
    "boxes as empty polygons": (
        lambda content: content["annotations"][1].update(segmentation=[[]]),
        said("import_boxes", entries="annotations[1]"),
    ),
    "a point of points": (
        lambda content: content["annotations"][1].update(segmentation=[[[1], 2, 3, 4, 5, 6]]),
        said("import_form", format="COCO", entry="annotations[1]"),
    ),
    "lines alone": (
        lambda content: [each.update(segmentation=[LINE]) for each in content["annotations"]],
        sentence("import_unusable", files="a.json: annotations[0], a.json: annotations[1]"),
    ),
    "boxes alone": (
        lambda content: content["annotations"][1].pop("segmentation"),
        said("import_boxes", entries="annotations[1]"),
    ),
    "no annotation of a picture": (
        lambda content: [each.update(image_id=7) for each in content["annotations"]],
        sentence("import_strays", files="a.json: image_id 7"),
    ),
    "shares of the sides": (
        shares,
        sentence(
            "folder_unusable",
            faults="\n".join(sentence("import_shares", file=name) for name in ("a.png", "b.png")),
        ),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_entry_that_cannot_be_used_is_named(tmp_path: Path, fault: str) -> None:
    change, expected = FAULTS[fault]
    store(tmp_path / "in", change)
    with pytest.raises(DataError) as error:
        converted(tmp_path / "in")
    assert str(error.value) == expected


def test_annotations_of_no_picture_are_counted_and_named(tmp_path: Path) -> None:
    store(
        tmp_path / "in",
        lambda content: content["annotations"].extend([{**content["annotations"][0], "image_id": 7}] * 2),
    )
    report = converted(tmp_path / "in")
    assert report.strays == ("a.json: image_id 7",) * 2
    assert report.text().endswith("(2): a.json: image_id 7")
    assert report.regions == {"background": 0, "cat": 1, "dog": 1}


@pytest.mark.parametrize("line", [LINE, DOTS, [5, 5]])
def test_coco_polygons_of_fewer_than_three_points_are_counted_and_left_out(
    tmp_path: Path, line: list[int]
) -> None:
    def change(content: dict[str, Any]) -> None:
        content["annotations"][0]["segmentation"].insert(0, line)
        content["annotations"].append({**content["annotations"][1], "segmentation": [line]})

    store(tmp_path / "in", change)
    report = converted(tmp_path / "in")
    assert report.unusable == ("a.json: annotations[0]", "a.json: annotations[2]")
    assert report.text().endswith("(2): a.json: annotations[0], a.json: annotations[2]")
    assert report.regions == {"background": 0, "cat": 1, "dog": 1}
    assert [(labels > 0).sum() for labels in imported(tmp_path / "out").values()] == [100, 100]


def test_a_picture_whose_shapes_outline_nothing_is_left_out(tmp_path: Path) -> None:
    store(tmp_path / "in", lambda content: content["annotations"][1].update(segmentation=[LINE]))
    report = converted(tmp_path / "in")
    assert (report.without, report.unusable) == (("b.png",), ("a.json: annotations[1]",))


@pytest.mark.parametrize(
    ("kind", "points"),
    [
        ("polygon", [[5, 5], [20, 20]]),
        (None, [[5, 5], [20, 20], [5, 5]]),
        ("rotation", [[5, 5]]),
        ("rectangle", [[5, 5], [5, 5], [20, 20], [20, 20]]),
    ],
)
def test_labelme_polygons_of_fewer_than_three_points_are_counted_and_left_out(
    tmp_path: Path, kind: str | None, points: list[list[int]]
) -> None:
    labelme_folder(tmp_path / "in")
    file = tmp_path / "in" / "a.json"
    content = json.loads(file.read_text())
    content["shapes"].append({"label": "dog", "points": points, "shape_type": kind})
    file.write_text(json.dumps(content))
    report = converted(tmp_path / "in", "labelme")
    assert report.unusable == ("a.json: shapes[1]",)
    assert report.regions == {"background": 0, "cat": 2, "dog": 0}
    assert report.pixels["dog"] == 0


def test_a_labelme_rectangle_of_two_points_is_one(tmp_path: Path) -> None:
    labelme_folder(tmp_path / "in", points=[[5, 5], [14, 14]], shape_type="rectangle")
    report = converted(tmp_path / "in", "labelme")
    assert (report.unusable, report.pixels["cat"]) == ((), 200)


def test_ids_may_be_text(tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        for each in content["annotations"]:
            each["image_id"] = str(each["image_id"])
        content["annotations"][0]["category_id"] = "1"

    store(tmp_path / "in", change)
    report = converted(tmp_path / "in")
    assert report.strays == ()
    assert [imported(tmp_path / "out")[stem][8, 8] for stem in "ab"] == [1, 2]


def test_the_size_of_a_picture_need_not_be_stated(tmp_path: Path) -> None:
    store(tmp_path / "in", lambda content: [each.pop("height") for each in content["images"]])
    converted(tmp_path / "in")
    assert all((labels > 0).sum() == 100 for labels in imported(tmp_path / "out").values())


def labelme_folder(root: Path, **shape: Any) -> None:
    for name in "ab":
        store_picture(root, f"{name}.png")
        drawn = {"label": "cat", "points": square(5), "shape_type": "polygon", **shape}
        (root / f"{name}.json").write_text(labelme_file(f"{name}.png", [drawn]))


@pytest.mark.parametrize(
    ("shape", "entry"), [({"points": [[1, 2, 3]] * 3}, "shapes[0]"), ({"points": None}, "shapes[0]")]
)
def test_a_labelme_shape_of_another_form_is_named(tmp_path: Path, shape: dict[str, Any], entry: str) -> None:
    labelme_folder(tmp_path / "in", **shape)
    with pytest.raises(DataError) as error:
        converted(tmp_path / "in", "labelme")
    assert str(error.value) == said("import_form", format="labelme", entry=entry)


def test_shares_of_the_sides_are_refused_in_labelme_too(tmp_path: Path) -> None:
    labelme_folder(tmp_path / "in", points=[[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]])
    with pytest.raises(DataError) as error:
        converted(tmp_path / "in", "labelme")
    faults = "\n".join(sentence("import_shares", file=name) for name in ("a.png", "b.png"))
    assert str(error.value) == sentence("folder_unusable", faults=faults)


def test_a_shape_without_a_kind_is_a_polygon(tmp_path: Path) -> None:
    labelme_folder(tmp_path / "in", shape_type=None)
    assert converted(tmp_path / "in", "labelme").regions["cat"] == 2


def test_all_missing_pictures_are_named(tmp_path: Path) -> None:
    labelme_folder(tmp_path / "in")
    for name in ("a.png", "b.png"):
        (tmp_path / "in" / name).unlink()
    with pytest.raises(DataError) as error:
        converted(tmp_path / "in", "labelme")
    assert str(error.value) == sentence("import_pictures", files="a.png, b.png")
