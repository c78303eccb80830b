"""Annotations of COCO, labelme and Cityscapes come back as the masks they were made from, or are refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw
from pycocotools import mask as coco

from segen.cli.main import main
from segen.data import datasets
from segen.data.importing.folder import convert
from segen.errors import DataError, UsageError
from segen.imaging import images
from segen.imaging.labels import IGNORED, read_mask
from tests.sentences import sentence

NAMES = ("background", "cell", "dust")
HEIGHT, WIDTH = 40, 56


def drawn_mask(number: int) -> NDArray[np.uint8]:
    """Two ellipses of class 1 and a box of class 2, apart from each other."""
    canvas = Pillow.new("L", (WIDTH, HEIGHT))
    pen = ImageDraw.Draw(canvas)
    rng = np.random.default_rng(number)
    for x in (2, 20):
        width, height = rng.integers(6, 15, 2).tolist()
        pen.ellipse((x, 3 + number % 5, x + width, 3 + number % 5 + height), fill=1)
    pen.rectangle((40, 10, 40 + int(rng.integers(3, 12)), 30), fill=2)
    return np.array(canvas)


def store_picture(folder: Path, name: str, height: int = HEIGHT, width: int = WIDTH) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(images.encode(np.full((height, width, 3), 90, np.uint8)))


def rle(mask: NDArray[np.bool_], compressed: bool) -> dict[str, Any]:
    encoded = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    if compressed:
        return {"size": encoded["size"], "counts": encoded["counts"].decode()}
    changes = np.flatnonzero(np.diff(mask.T.ravel().astype(np.int8), prepend=0, append=0))
    return {"size": list(mask.shape), "counts": np.diff(changes, prepend=0, append=mask.size).tolist()}


def coco_file(
    masks: list[NDArray[np.uint8]], segmentation: Callable[[NDArray[np.bool_]], Any]
) -> dict[str, Any]:
    return {
        "images": [
            {"id": n, "file_name": f"photos/{n:03d}.png", "height": HEIGHT, "width": WIDTH}
            for n in range(len(masks))
        ],
        "categories": [{"id": 7, "name": "cell"}, {"id": 9, "name": "dust"}],
        "annotations": [
            {
                "id": 10 * n + id,
                "image_id": n,
                "category_id": {1: 7, 2: 9}[id],
                "segmentation": segmentation(mask == id),
            }
            for n, mask in enumerate(masks)
            for id in (1, 2)
        ],
    }


def imported(data: Path) -> dict[str, NDArray[np.uint8]]:
    """Every mask of a data set by its stem, read as training reads them."""
    known = datasets.classes(data, "own")
    return {
        pair.mask.stem: datasets.read(pair, known)[1]
        for split in ("train", "val")
        if any((data / split / "images").iterdir())
        for pair in datasets.pairs(data, split)
    }


@pytest.mark.parametrize("compressed", [True, False])
def test_a_hundred_coco_pictures_give_back_their_masks(tmp_path: Path, compressed: bool) -> None:
    masks = [drawn_mask(number) for number in range(100)]
    for number in range(100):
        store_picture(tmp_path / "in" / "photos", f"{number:03d}.png")
    content = coco_file(masks, lambda mask: rle(mask, compressed))
    (tmp_path / "in" / "annotations.json").write_text(json.dumps(content))
    report = convert(tmp_path / "in", "coco", tmp_path / "out", 0.2, None)
    found = imported(tmp_path / "out")
    assert len(found) == 100
    assert all((found[f"{number:03d}"] == mask).all() for number, mask in enumerate(masks))
    assert report.regions == {"background": 0, "cell": 100, "dust": 100}
    assert report.pixels["dust"] == sum(int((mask == 2).sum()) for mask in masks)
    assert 10 <= report.pictures["val"] <= 30


def test_coco_polygons_are_filled(tmp_path: Path) -> None:
    store_picture(tmp_path / "in" / "photos", "000.png")
    box = np.zeros((HEIGHT, WIDTH), np.uint8)
    box[5:15, 8:20], box[20:30, 30:44] = 1, 2
    corners = {1: [8, 5, 20, 5, 20, 15, 8, 15], 2: [30, 20, 44, 20, 44, 30, 30, 30]}
    content = coco_file([box], lambda mask: [corners[1 if mask[6, 9] else 2]])
    (tmp_path / "in" / "instances.json").write_text(json.dumps(content))
    convert(tmp_path / "in", "coco", tmp_path / "out", 0.0, None)
    assert (imported(tmp_path / "out")["000"] == box).all()


def test_smaller_shapes_lie_on_top_and_crowds_are_ignored(tmp_path: Path) -> None:
    store_picture(tmp_path / "in" / "photos", "000.png")
    content = coco_file([np.zeros((HEIGHT, WIDTH), np.uint8)], lambda mask: [[0, 0, 56, 0, 56, 40, 0, 40]])
    content["annotations"][1]["segmentation"] = [[4, 4, 10, 4, 10, 10, 4, 10]]
    crowd = {**content["annotations"][1], "iscrowd": 1, "segmentation": [[20, 20, 22, 20, 22, 22, 20, 22]]}
    content["annotations"].append(crowd)
    (tmp_path / "in" / "a.json").write_text(json.dumps(content))
    report = convert(tmp_path / "in", "coco", tmp_path / "out", 0.0, None)
    labels = imported(tmp_path / "out")["000"]
    assert labels[5, 5] == 2
    assert labels[30, 30] == 1
    assert labels[21, 21] == IGNORED
    assert report.ignored_pixels == 4


def test_splits_and_pictures_without_annotation(tmp_path: Path) -> None:
    for split, number in (("train", 0), ("train", 1), ("val", 2)):
        store_picture(tmp_path / "in" / "photos", f"{number:03d}.png")
        content = coco_file([drawn_mask(number)], lambda mask: rle(mask, True))
        content["images"][0]["file_name"] = f"{number:03d}.png"
        (tmp_path / "in" / f"{number}_{split}.json").write_text(json.dumps(content))
    store_picture(tmp_path / "in" / "photos", "empty.png")
    content = coco_file([], lambda mask: None)
    content["images"] = [{"id": 5, "file_name": "empty.png", "height": HEIGHT, "width": WIDTH}]
    (tmp_path / "in" / "more.json").write_text(json.dumps(content))
    report = convert(tmp_path / "in", "coco", tmp_path / "out", 0.0, None)
    assert report.pictures == {"train": 2, "val": 1}
    assert report.without == ("empty.png",)
    assert "empty.png" in report.text()


def labelme_file(name: str, shapes: list[dict[str, Any]]) -> str:
    return json.dumps({"imagePath": name, "imageHeight": HEIGHT, "imageWidth": WIDTH, "shapes": shapes})


def test_a_hundred_labelme_files_give_back_their_masks(tmp_path: Path) -> None:
    expected = {}
    for number in range(100):
        rng = np.random.default_rng(number)
        points = [[float(x), float(y)] for x, y in rng.integers((0, 0), (WIDTH, HEIGHT), (5, 2))]
        part = rng.random((6, 9)) < 0.5
        canvas = Pillow.new("L", (WIDTH, HEIGHT))
        ImageDraw.Draw(canvas).polygon([tuple(point) for point in points], fill=1, outline=1)
        labels = np.array(canvas)
        labels[10:16, 20:29][part] = 2
        expected[f"{number:03d}"] = labels
        encoded = base64.b64encode(images.encode(part.astype(np.uint8) * 255)).decode()
        shapes = [
            {"label": "cell", "points": points, "shape_type": "polygon"},
            {"label": "dust", "points": [[20, 10], [28, 15]], "shape_type": "mask", "mask": encoded},
        ]
        store_picture(tmp_path / "in", f"{number:03d}.png")
        (tmp_path / "in" / f"{number:03d}.json").write_text(labelme_file(f"{number:03d}.png", shapes))
    convert(tmp_path / "in", "labelme", tmp_path / "out", 0.2, None)
    found = imported(tmp_path / "out")
    assert found.keys() == expected.keys()
    assert all((found[stem] == labels).all() for stem, labels in expected.items())


def test_labelme_rectangles_circles_and_ignored_regions(tmp_path: Path) -> None:
    shapes = [
        {"label": "cell", "points": [[12, 9], [4, 2]], "shape_type": "rectangle"},
        {"label": "dust", "points": [[30, 20], [35, 20]], "shape_type": "circle"},
        {"label": "__ignore__", "points": [[50, 30], [54, 30], [54, 38]], "shape_type": "polygon"},
    ]
    store_picture(tmp_path / "in", "a.png")
    (tmp_path / "in" / "a.json").write_text(labelme_file("a.png", shapes))
    convert(tmp_path / "in", "labelme", tmp_path / "out", 0.0, None)
    labels = imported(tmp_path / "out")["a"]
    assert (labels[2:10, 4:13] == 1).all()
    assert labels[20, 30] == labels[20, 34] == 2
    assert labels[20, 36] == 0
    assert labels[32, 53] == IGNORED


@pytest.mark.parametrize("mapping", [None, {"7": "ground", "8": "ground", "26": "car"}])
def test_cityscapes_ids_are_mapped(tmp_path: Path, mapping: dict[str, str] | None) -> None:
    ids = np.full((HEIGHT, WIDTH), 3, np.uint8)
    ids[:, 10:20], ids[:, 20:30], ids[:, 30:40] = 7, 8, 26
    for split in ("train", "val"):
        store_picture(tmp_path / "in" / "leftImg8bit" / split, f"{split}_leftImg8bit.png")
        masks = tmp_path / "in" / "gtFine" / split
        masks.mkdir(parents=True)
        (masks / f"{split}_gtFine_labelIds.png").write_bytes(images.encode(ids))
    file = tmp_path / "mapping.json"
    file.write_text(json.dumps(mapping))
    report = convert(tmp_path / "in", "cityscapes", tmp_path / "out", 0.0, file if mapping else None)
    labels = read_mask(tmp_path / "out" / "val" / "masks" / "val_leftImg8bit.png").values
    names = list(report.pixels)
    expected = ("ground", "ground", "car") if mapping else ("road", "sidewalk", "car")
    assert tuple(names[labels[0, column]] for column in (10, 20, 30)) == expected
    assert (labels[:, :10] == IGNORED).all()


def coco_folder(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def store(folder: Path) -> None:
        store_picture(folder / "photos", "000.png")
        content = coco_file([drawn_mask(0)], lambda mask: rle(mask, True))
        change(content)
        (folder / "a.json").write_text(json.dumps(content))

    return store


def unusable(key: str) -> str:
    """The sentence that names one fault of the only picture."""
    return sentence("folder_unusable", faults=sentence(key, file="000.png"))


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a picture outside of the folder": (
        coco_folder(lambda content: content["images"][0].update(file_name="../b.png")),
        sentence("import_pictures", files="../b.png"),
    ),
    "a picture that is not there": (
        coco_folder(lambda content: content["images"][0].update(file_name="photos/gone.png")),
        sentence("import_pictures", files="photos/gone.png"),
    ),
    "an unknown category": (
        coco_folder(lambda content: content["annotations"][0].update(category_id=3)),
        sentence("import_category", file="a.json", entry="annotations[0]", id=3),
    ),
    "no list of pictures": (
        coco_folder(lambda content: content.pop("images")),
        sentence("import_nothing", format="COCO"),
    ),
    "a picture of another size": (
        coco_folder(lambda content: content["images"][0].update(height=39)),
        unusable("import_size"),
    ),
    "run lengths of another size": (
        coco_folder(lambda content: content["annotations"][0]["segmentation"].update(size=[4, 4])),
        unusable("import_shape"),
    ),
    "a polygon far away, which would take gigabytes to draw": (
        coco_folder(
            lambda content: content["annotations"][0].update(segmentation=[[1, 1, 1e9, 1, 9, 1e308]])
        ),
        unusable("import_shape"),
    ),
    "more run lengths than pixels": (
        coco_folder(lambda content: content["annotations"][0]["segmentation"].update(counts=[2**40, 1])),
        unusable("import_shape"),
    ),
    **{
        f"run lengths that {what}": (
            coco_folder(
                lambda content, runs=runs: content["annotations"][0]["segmentation"].update(counts=runs)
            ),
            unusable("import_shape"),
        )
        for what, runs in {
            "end too soon": [3, 5],
            "are those of a smaller picture": rle(np.ones((4, 4), bool), True)["counts"],
            "are those of a larger picture": rle(np.ones((400, 400), bool), True)["counts"],
            "break off": "o",
            "are too long": "o" * 100_000 + "0",
        }.items()
    },
    "a polygon of half a point": (
        coco_folder(lambda content: content["annotations"][0].update(segmentation=[[1, 2, 3]])),
        unusable("import_shape"),
    ),
    "too many classes": (
        coco_folder(
            lambda content: content.update(categories=[{"id": id, "name": str(id)} for id in range(300)])
        ),
        sentence("import_classes", count=301, most=255),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_annotations_are_refused_in_a_sentence_and_leave_nothing(
    tmp_path: Path, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store, expected = FAULTS[fault]
    store(tmp_path / "in")
    with pytest.raises(DataError) as raised:
        convert(tmp_path / "in", "coco", tmp_path / "out", 0.2, None)
    assert str(raised.value) == expected
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    code = main(["import", str(tmp_path / "in"), "--format", "coco", "--out", str(tmp_path / "out")])
    assert (code, capsys.readouterr().err.splitlines()[-1]) == (1, str(raised.value).splitlines()[-1])


def test_a_self_crossing_polygon_is_filled_without_a_fault(tmp_path: Path) -> None:
    crossing = [[2, 2, 30, 30, 30, 2, 2, 30]]
    coco_folder(lambda content: content["annotations"][0].update(segmentation=crossing))(tmp_path / "in")
    convert(tmp_path / "in", "coco", tmp_path / "out", 0.0, None)
    assert (imported(tmp_path / "out")["000"] == 1).sum() > 200


@pytest.mark.parametrize("kind", ["line", "linestrip", "point", "ellipse"])
def test_shapes_of_other_kinds_are_named(tmp_path: Path, kind: str) -> None:
    store_picture(tmp_path / "in", "a.png")
    shape = {"label": "cell", "points": [[1, 1], [2, 2]], "shape_type": kind}
    (tmp_path / "in" / "a.json").write_text(labelme_file("a.png", [shape]))
    with pytest.raises(DataError, match=f"a.json has a shape of the kind {kind}, which import does not"):
        convert(tmp_path / "in", "labelme", tmp_path / "out", 0.2, None)


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError):
        convert(tmp_path, "coco", tmp_path / "out", 0.2, None)
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


def test_the_command_reports_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    coco_folder(lambda content: None)(tmp_path / "in")
    assert main(["import", str(tmp_path / "in"), "--format", "coco", "--out", str(tmp_path / "out")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["Class", "background", "cell", "dust"]
    assert lines[-2] == "Pictures: 1 in train, 0 in val."
