"""How many separate objects a segmentation shows, and how large: counts, sizes, a table of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segen.registry import ClassInfo, ModelCard
from segen.text import LANGUAGES, words
from segen.text.table import comma_separated
from segen.types import NOISE, SURE, Clustering, Image, Segmentation

MIN_PIXELS = 10
"""Smaller connected parts are taken for noise and are left out."""
BINS = 12
"""Of a histogram of sizes."""
COLUMNS = (
    "number", "class_id", "class", "score", "pixels", "diameter", "x", "y", "left", "top", "width", "height",
    "eccentricity", "red", "green", "blue",
)  # fmt: skip
"""Of the table; the diameter is that of a circle of the same area, x and y are the centroid, colors means."""


@dataclass(frozen=True)
class Objects:
    """The objects of one class: H x W `numbers` from 1 on, 0 being none, and a score for each, or none."""

    known: ClassInfo
    numbers: NDArray[np.int32]
    scores: tuple[float, ...] = ()

    @property
    def pixels(self) -> NDArray[np.int64]:
        """The size of each object that has pixels."""
        counts = np.bincount(self.numbers.ravel())[1:]
        return counts[counts > 0]


def countable(card: ModelCard) -> list[ClassInfo]:
    """The classes whose parts are objects, in the order of ids: all but noise and one named background."""
    named = {words(language, "teach.background") for language in LANGUAGES}
    return [
        known
        for known in sorted(card.classes, key=lambda each: each.id)
        if known.id != NOISE and named.isdisjoint(each.strip(" _").lower() for each in known.name.values())
    ]


def objects(card: ModelCard, result: Segmentation | Clustering) -> list[Objects]:
    """The objects of each class that is `countable` and has any.

    They are the sure instances where the card finds instances (where two overlap, the surer one has the
    pixels), else connected parts of at least MIN_PIXELS; pixels that touch at a corner are connected.
    """
    instances = result.instances if isinstance(result, Segmentation) else None
    found = []
    for known in countable(card):
        scores: list[float] = []
        if instances is None:
            numbers = _parts(result.labels == known.id)
        else:
            numbers = np.zeros(result.labels.shape, np.int32)
            sure = [each for each in instances if each.class_id == known.id and each.score >= SURE]
            for number, each in reversed(list(enumerate(sure, start=1))):
                x, y, width, height = each.box
                numbers[y : y + height, x : x + width][each.mask] = number
            scores = [each.score for each in sure]
        if numbers.any():
            found.append(Objects(known, numbers, tuple(scores)))
    return found


def _parts(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    from skimage import measure

    parts = measure.label(mask, connectivity=2)  # type: ignore[no-untyped-call]
    large = np.bincount(parts.ravel()) >= MIN_PIXELS
    large[0] = False
    renumbered = np.cumsum(large) * large
    numbers: NDArray[np.int32] = renumbered.astype(np.int32)[parts]
    return numbers


def table(card: ModelCard, image: Image, result: Segmentation | Clustering) -> str:
    """CSV with a row for each object: its size, place, shape and mean color, by skimage's regionprops."""
    from skimage.measure import regionprops

    rows: list[Sequence[object]] = [COLUMNS]
    for each in objects(card, result):
        for found in regionprops(each.numbers, image):  # type: ignore[no-untyped-call]
            (row, column), (top, left, bottom, right) = found.centroid, found.bbox
            score = f"{each.scores[found.label - 1]:.3f}" if each.scores else ""
            thing = (len(rows), each.known.id, each.known.name["en"], score, int(found.area))
            place = (f"{value:.1f}" for value in (found.equivalent_diameter_area, column + 0.5, row + 0.5))
            shape = (left, top, right - left, bottom - top, f"{found.eccentricity:.3f}")
            rows.append((*thing, *place, *shape, *(f"{value:.1f}" for value in found.intensity_mean)))
    return comma_separated(rows)


def histogram(pixels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """How many sizes fall into each of up to BINS equal steps of the logarithm, and the BINS + 1 borders."""
    low, high = float(pixels.min()), float(pixels.max())
    borders = np.geomspace(low, high, BINS + 1) if high > low else np.array([low, low + 1])
    borders[0], borders[-1] = low, max(high, borders[-1])
    counts, _ = np.histogram(pixels, borders)
    return counts, borders
