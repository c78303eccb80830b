"""Connected parts are the same however many strips a picture is cut into."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import measure

from segen.imaging import export, parts
from segen.registry import cards
from segen.types import Segmentation

RANDOM = np.random.default_rng(0)
SPIRAL = np.zeros((21, 21), np.uint8)
for ring in range(0, 10, 2):
    SPIRAL[ring : 21 - ring, ring] = SPIRAL[20 - ring, ring : 21 - ring] = 1
    SPIRAL[ring : 21 - ring, 20 - ring] = SPIRAL[ring, ring + 2 : 21 - ring] = 1
MAPS = {
    "noise": RANDOM.integers(0, 3, (40, 31), np.uint8),
    "blocks": RANDOM.integers(0, 3, (8, 7), np.uint8).repeat(5, axis=0).repeat(6, axis=1),
    "checkers": (np.indices((30, 30)).sum(axis=0) % 2).astype(np.uint8),
    "spiral": SPIRAL,
    "line": RANDOM.integers(0, 2, (50, 1), np.uint8),
    "pixel": np.zeros((1, 1), np.uint8),
}


@pytest.mark.parametrize("rows", [1, 2, 7, 1_000])
@pytest.mark.parametrize("name", MAPS)
def test_parts_are_those_of_the_whole(name: str, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = MAPS[name]
    whole = measure.label(labels, background=-1, connectivity=2)
    monkeypatch.setattr(parts, "STRIP_PIXELS", rows * labels.shape[1])
    found, count = parts.connected(labels)
    assert count == whole.max()
    assert np.array_equal(found, whole), "numbers, too, are in the order of first pixels"
    assert np.array_equal(parts.count(found, count + 1), np.bincount(whole.ravel()))


def test_regions_are_the_same_in_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    card = next(card for card in cards("segment") if len(card.classes) > 2)
    result = Segmentation(MAPS["noise"], np.zeros((3, 1, 1), np.float32))
    whole = export.regions(card, result)
    monkeypatch.setattr(parts, "STRIP_PIXELS", 100)
    assert export.regions(card, result) == whole
