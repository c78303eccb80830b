"""Objects are counted and measured one by one."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from segen.imaging.objects import MIN_PIXELS, histogram, objects, table
from segen.registry import ClassInfo, ModelCard, card
from segen.types import NOISE, SURE, Clustering, Instance, Segmentation

CARD = card("unet-nuclei")
CLUSTER = {"en": "noise", "zh": "噪声"}


def segmentation(labels: np.ndarray, instances: tuple[Instance, ...] | None = None) -> Segmentation:
    probabilities = np.stack([labels == 0, labels == 1]).astype(np.float32)
    return Segmentation(labels, probabilities, instances)


def card_of(*names: str) -> ModelCard:
    """A card of classes by these names, as a classifier has that was taught."""
    classes = (ClassInfo(id, {"en": name, "zh": name}, (0, 0, 0)) for id, name in enumerate(names))
    return replace(CARD, classes=tuple(classes))


def clustering(labels: np.ndarray) -> Clustering:
    return Clustering(labels, 1, None, (), 0, np.zeros((0, 3), np.float32), np.zeros(0, np.uint8))


def labels() -> np.ndarray:
    found = np.zeros((40, 60), np.uint8)
    found[2:12, 3:13] = 1  # 100 pixels
    found[20:24, 30:50] = 1  # 80
    found[24, 50] = 1  # touches it at a corner
    found[36, 2 : 2 + MIN_PIXELS - 1] = 1  # too small
    return found


def test_connected_parts_are_counted_and_the_background_and_specks_are_not() -> None:
    (nuclei,) = objects(CARD, segmentation(labels()))
    assert nuclei.known.id == 1
    assert sorted(nuclei.pixels.tolist()) == [81, 100]
    least = np.zeros((3, 60), np.uint8)
    least[1, :MIN_PIXELS] = 1
    assert [each.pixels.tolist() for each in objects(CARD, segmentation(least))] == [[MIN_PIXELS]]


@pytest.mark.parametrize("name", ["background", " Background ", "_background_", "背景"])
def test_the_class_named_background_is_left_out_wherever_it_stands(name: str) -> None:
    cups = card_of("cup", name)
    found = labels()
    cup = 1 - found  # the whole picture but the parts
    assert [each.known.id for each in objects(cups, segmentation(cup))] == [0]
    assert [each.known.id for each in objects(card_of(name, "cup"), segmentation(found))] == [1]
    assert [each.known.id for each in objects(card_of("cup", name, "mug"), segmentation(cup + 1))] == [2]


def test_without_a_background_every_class_has_objects_and_noise_has_none() -> None:
    assert [each.known.id for each in objects(card_of("cup", "mug"), segmentation(labels()))] == [0, 1]
    clusters = clustering(labels())
    assert [each.known.id for each in objects(card_of("cluster 1", "cluster 2"), clusters)] == [0, 1]
    noisy = clustering(np.where(labels() == 1, 0, NOISE).astype(np.uint8))
    named = replace(CARD, classes=(*card_of("cluster 1").classes, ClassInfo(NOISE, CLUSTER, (0, 0, 0))))
    (found,) = objects(named, noisy)
    assert sorted(found.pixels.tolist()) == [81, 100]


def test_sure_instances_count_where_a_card_finds_them() -> None:
    square = np.ones((4, 4), np.bool_)
    found = (
        Instance(1, 0.9, (0, 0, 4, 4), square),
        Instance(1, 0.8, (2, 0, 4, 4), square),
        Instance(1, SURE / 2, (30, 20, 4, 4), square),
    )
    (nuclei,) = objects(card("maskrcnn-nuclei"), segmentation(labels(), found))
    assert nuclei.pixels.tolist() == [16, 8], "the surer one has the pixels that both claim"
    assert nuclei.scores == (0.9, 0.8)
    rows = list(
        csv.DictReader(
            io.StringIO(table(CARD, np.zeros((40, 60, 3), np.uint8), segmentation(labels(), found)))
        )
    )
    assert [row["score"] for row in rows] == ["0.900", "0.800"]


def test_the_table_has_place_shape_and_color_of_each() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    image[2:12, 3:13] = (10, 20, 30)
    first, second = csv.DictReader(io.StringIO(table(CARD, image, segmentation(labels()))))
    numbers = {name: float(value) for name, value in first.items() if name not in ("class", "score")}
    assert numbers | {"diameter": 0, "eccentricity": 0} == {
        "number": 1, "class_id": 1, "pixels": 100, "diameter": 0, "x": 8, "y": 7, "left": 3, "top": 2,
        "width": 10, "height": 10, "eccentricity": 0, "red": 10, "green": 20, "blue": 30,
    }  # fmt: skip
    assert numbers["diameter"] == pytest.approx(2 * np.sqrt(100 / np.pi), abs=0.1)
    assert numbers["eccentricity"] < 0.01 < float(second["eccentricity"])


@pytest.mark.parametrize("sizes", [[7], [5, 5, 5], [1, 10, 100, 1000], list(range(10, 900))])
def test_a_histogram_counts_each_size_once(sizes: list[int]) -> None:
    counts, borders = histogram(np.array(sizes))
    assert counts.sum() == len(sizes)
    assert len(borders) == len(counts) + 1
    assert (np.diff(borders) > 0).all()


def test_a_picture_without_objects_has_none() -> None:
    assert objects(CARD, segmentation(np.zeros((9, 9), np.uint8))) == []
    assert objects(CARD, segmentation(np.zeros((9, 9), np.uint8), ())) == []
