"""How well instances are found, as StarDist and Cellpose report it: without confidences, one for one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from segen.types import Instance

OVERLAPS = (0.5, 0.6, 0.7, 0.8, 0.9)
"""The least intersection over union of an instance with its match."""


class Matching:
    """TP / (TP + FP + FN) at each of OVERLAPS, counted over all pictures; both papers call it AP.

    A found instance and a true one can be matched where their intersection over union reaches the bound, each
    with one other at most, and as many as can be (StarDist, Schmidt et al. 2018; Cellpose, Stringer et al.
    2021). The area under the precision-recall curve, COCO's AP, is another number.
    """

    def __init__(self) -> None:
        self.matched = np.zeros(len(OVERLAPS), dtype=np.int64)
        self.found = self.true = 0

    def update(self, found: Sequence[Instance], numbers: NDArray[np.integer]) -> None:
        """Add one picture: what was found, and the H x W numbers of the true instances, 0 being none."""
        overlaps = _overlaps(found, numbers)
        self.found += overlaps.shape[0]
        self.true += overlaps.shape[1]
        for place, least in enumerate(OVERLAPS):
            rows, columns = linear_sum_assignment(overlaps >= least, maximize=True)
            self.matched[place] += (overlaps[rows, columns] >= least).sum()

    def compute(self) -> dict[str, float]:
        """The value by overlap, 0 to 1; -1 where there is neither a true instance nor a found one."""
        either = self.found + self.true - self.matched
        return {
            f"{least:g}": float(matched / total) if total else -1.0
            for least, matched, total in zip(OVERLAPS, self.matched, either, strict=True)
        }


def _overlaps(found: Sequence[Instance], numbers: NDArray[np.integer]) -> NDArray[np.float64]:
    """The intersection over union of each instance found with each true one."""
    true, flat = np.unique(numbers, return_inverse=True)
    places = flat.reshape(numbers.shape)
    areas = np.bincount(flat.ravel(), minlength=len(true))
    shared = np.zeros((len(found), len(true)))
    for row, instance in zip(shared, found, strict=True):
        x, y, width, height = instance.box
        row[:] = np.bincount(places[y : y + height, x : x + width][instance.mask], minlength=len(true))
    sizes = np.array([[instance.mask.sum()] for instance in found]).reshape(-1, 1)
    overlaps: NDArray[np.float64] = shared / np.maximum(sizes + areas - shared, 1)
    return overlaps[:, true > 0]
