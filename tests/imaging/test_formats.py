"""What other tools read of a segmentation: each format is read back by hand or by its own library."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw
from pycocotools import mask as coco
from skimage import measure

from segen.imaging import formats
from segen.registry import ClassInfo, card
from segen.text import LANGUAGES
from segen.types import FORMATS, NOISE, SURE, Clustering, Instance, Segmentation

HEIGHT, WIDTH = 30, 48
CARD = card("unet-nuclei")
INSTANCES = card("maskrcnn-nuclei")
CLUSTER, RED = {"en": "cluster 1", "zh": "簇 1"}, (255, 0, 0)


def clustering(labels: np.ndarray) -> Clustering:
    return Clustering(labels, 1, None, (), 0, np.zeros((0, 3), np.float32), np.zeros(0, np.uint8))


def labels_with_a_hole() -> NDArray[np.uint8]:
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[4:20, 6:26] = 1
    labels[8:12, 10:16] = 0
    labels[22:27, 34:44] = 1
    return labels


def segmentation(labels: NDArray[np.uint8], **more: object) -> Segmentation:
    likely = np.stack([labels == 0, labels == 1]).astype(np.float32)
    return replace(Segmentation(labels, likely), **more)  # type: ignore[arg-type]


def filled(rings: list[list[list[float]]]) -> NDArray[np.bool_]:
    """The pixels whose middle a polygon encloses, drawn at eight times the size."""
    canvas = Pillow.new("1", (WIDTH * 8, HEIGHT * 8))
    pen = ImageDraw.Draw(canvas)
    for number, ring in enumerate(rings):
        pen.polygon([(8 * x, 8 * y) for x, y in ring], fill=number == 0)
    return np.array(canvas)[4::8, 4::8]


def test_geojson_polygons_enclose_the_pixels_with_their_holes() -> None:
    labels = labels_with_a_hole()
    content = json.loads(formats.geojson(CARD, segmentation(labels)))
    assert content["type"] == "FeatureCollection"
    background, nucleus = content["features"]
    pixels = int((labels == 1).sum())
    assert nucleus["properties"] == {"class_id": 1, "name": CARD.classes[1].name, "pixels": pixels}
    parts = nucleus["geometry"]["coordinates"]
    assert [len(rings) for rings in parts] == [2, 1]
    assert all(ring[0] == ring[-1] for rings in parts for ring in rings)
    drawn = np.logical_or.reduce([filled(rings) for rings in parts])
    assert (drawn == (labels == 1)).mean() > 0.98
    assert background["properties"]["class_id"] == 0


def test_coco_gives_back_the_masks() -> None:
    labels = labels_with_a_hole()
    content = json.loads(formats.coco(CARD, segmentation(labels), "cells.png"))
    assert content["images"] == [{"id": 1, "file_name": "cells.png", "width": WIDTH, "height": HEIGHT}]
    for annotation, id in zip(content["annotations"], (0, 1), strict=True):
        mask = coco.decode(annotation["segmentation"]).astype(bool)
        assert (mask == (labels == id)).all()
        assert annotation["category_id"] == id
        assert annotation["area"] == mask.sum()
    assert content["annotations"][1]["bbox"] == [6, 4, 38, 23]


def test_instances_are_things_and_the_unsure_are_left_out() -> None:
    sure = Instance(1, 0.9, (6, 4, 5, 3), np.ones((3, 5), np.bool_))
    unsure = Instance(1, SURE / 2, (30, 20, 4, 4), np.ones((4, 4), np.bool_))
    result = segmentation(labels_with_a_hole(), instances=(sure, unsure))
    (annotation,) = json.loads(formats.coco(INSTANCES, result, "a.png"))["annotations"]
    assert annotation["bbox"] == [6, 4, 5, 3]
    assert annotation["score"] == 0.9
    assert len(formats.table(INSTANCES, np.zeros((HEIGHT, WIDTH, 3), np.uint8), result).splitlines()) == 2


def test_yolo_lines_are_outlines_in_shares_of_the_sides() -> None:
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[10:20, 12:36] = 1
    lines = formats.yolo(CARD, segmentation(labels)).splitlines()
    nucleus = next(line for line in lines if line.startswith("1 "))
    shares = np.array(nucleus.split()[1:], dtype=float).reshape(-1, 2)
    assert shares.min(axis=0) == pytest.approx([12 / WIDTH, 10 / HEIGHT], abs=0.011)
    assert shares.max(axis=0) == pytest.approx([36 / WIDTH, 20 / HEIGHT], abs=0.017)


def test_the_table_measures_each_region() -> None:
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[10:20, 12:36] = 1
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[labels == 1] = (200, 100, 50)
    background, nucleus = csv.DictReader(io.StringIO(formats.table(CARD, image, segmentation(labels))))
    assert (nucleus["class"], nucleus["pixels"], nucleus["score"]) == ("nucleus", "240", "")
    assert [nucleus[name] for name in ("left", "top", "width", "height")] == ["12", "10", "24", "10"]
    assert [float(nucleus[name]) for name in ("x", "y", "red", "green", "blue")] == [24.0, 15.0, 200, 100, 50]
    assert float(nucleus["share"]) + float(background["share"]) == pytest.approx(1, abs=2e-6)


def test_a_cut_out_is_clear_outside_and_soft_at_its_edge() -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[8:22, 10:30] = True
    image = np.full((HEIGHT, WIDTH, 3), 77, np.uint8)
    pixels = np.array(Pillow.open(io.BytesIO(formats.cutout(image, mask))))
    assert pixels.shape == (HEIGHT, WIDTH, 4)
    assert (pixels[..., :3] == 77).all()
    assert (pixels[0, 0, 3], pixels[15, 20, 3]) == (0, 255)
    assert 0 < pixels[15, 10, 3] < 255


def test_only_the_formats_that_were_asked_for_are_made() -> None:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    result = segmentation(labels_with_a_hole())
    every = formats.contents(CARD, image, result, FORMATS, "a.png")
    pictures = {f".{kind}-{id}.png" for kind in ("mask", "cutout") for id in (0, 1)}
    assert set(every) == {".geojson", ".coco.json", ".yolo.txt", ".csv", ".objects.csv"} | pictures
    masks = formats.contents(CARD, image, result, ("masks",), "a.png")
    assert set(masks) == {".mask-0.png", ".mask-1.png"}
    assert (np.array(Pillow.open(io.BytesIO(masks[".mask-1.png"]))) == 255 * result.labels).all()


def test_without_instances_there_is_nothing_and_no_background() -> None:
    result = segmentation(labels_with_a_hole(), instances=())
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    assert json.loads(formats.coco(INSTANCES, result, "a.png"))["annotations"] == []
    assert json.loads(formats.geojson(INSTANCES, result))["features"] == []
    assert formats.table(INSTANCES, image, result).splitlines() == [",".join(formats.COLUMNS)]


def test_a_class_is_no_formula_in_a_table() -> None:
    named = replace(CARD, classes=(CARD.classes[0], ClassInfo(1, dict.fromkeys(LANGUAGES, "=1+1"), RED)))
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    found = formats.contents(named, image, segmentation(labels_with_a_hole()), ("csv", "objects"), "a.png")
    for ending in (".csv", ".objects.csv"):
        assert {row["class"] for row in csv.DictReader(io.StringIO(found[ending].decode()))} - {
            "background"
        } == {"'=1+1"}


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
def test_pictures_of_one_pixel_have_outlines(shape: tuple[int, int]) -> None:
    ((outline,),) = formats.polygons(np.ones(shape, np.bool_))
    assert len(outline) >= 5
    assert (outline.min(axis=0) >= 0).all()
    assert (outline.max(axis=0) <= (shape[1], shape[0])).all()


@pytest.mark.parametrize("share", [0.4, 0.6, 0.8, 0.95])
def test_every_part_of_noise_is_written_with_its_holes(share: float) -> None:
    labels = (np.random.default_rng(0).random((HEIGHT, WIDTH)) < share).astype(np.uint8)
    count = measure.label(labels, connectivity=1).max()
    lines = formats.yolo(CARD, segmentation(labels)).splitlines()
    _, nucleus = json.loads(formats.geojson(CARD, segmentation(labels)))["features"]
    parts = nucleus["geometry"]["coordinates"]
    assert len(lines) == len(parts) == count
    middles = np.argwhere(np.ones_like(labels))[:, ::-1] + 0.5
    corners = [np.array(line.split()[1:], float).reshape(-1, 2) * (WIDTH, HEIGHT) for line in lines]
    drawn = sum(measure.points_in_poly(middles, outline) for outline in corners)
    assert np.array_equal(np.reshape(drawn, labels.shape), labels), "holes are none of the part's pixels"
    assert all(turns(rings[0]) > 0 > max(map(turns, rings[1:]), default=-1) for rings in parts), "RFC 7946"


def turns(ring: list[list[float]]) -> float:
    """The area within a ring; negative where it turns from y to x."""
    x, y = np.array(ring[:-1]).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def test_more_than_a_hundred_parts_are_written() -> None:
    labels = np.zeros((200, 200), np.uint8)
    labels.reshape(20, 10, 20, 10)[:, 2:8, :, 2:8] = 1
    assert len(formats.yolo(CARD, segmentation(labels)).splitlines()) == 400
    _, nucleus = json.loads(formats.geojson(CARD, segmentation(labels)))["features"]
    assert len(nucleus["geometry"]["coordinates"]) == 400


def test_yolo_has_no_line_of_the_background_and_none_of_noise() -> None:
    labels = labels_with_a_hole()
    ids = {line.split()[0] for line in formats.yolo(CARD, segmentation(labels)).splitlines()}
    assert ids == {"1"}
    clusters = replace(CARD, classes=(ClassInfo(0, CLUSTER, RED), ClassInfo(NOISE, CLUSTER, RED)))
    found = clustering(np.where(labels == 1, 0, NOISE).astype(np.uint8))
    assert {line.split()[0] for line in formats.yolo(clusters, found).splitlines()} == {"0"}
