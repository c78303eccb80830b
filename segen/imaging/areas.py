"""How 8-bit values lie in masks, which tells numbers of instances from shades of grey."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BETWEEN = range(32, 224)
"""Values at neither end of 8 bits: soft masks have few, and where they change."""


class Areas:
    """What the masks of one data set tell of that.

    Numbers fill areas, shades change from pixel to pixel, but near 0 and near 255, where they may be even.
    """

    def __init__(self) -> None:
        self.even, self.between, self.filling = 0, 0, set[int]()

    def add(self, values: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
        """Count the pixels with a value in BETWEEN, and those of them in a square of 2 x 2 of one value."""
        corner = values[:-1, :-1]
        squares = (corner == values[1:, :-1]) & (corner == values[:-1, 1:]) & (corner == values[1:, 1:])
        filled = np.zeros(values.shape, np.bool_)
        for down in (slice(None, -1), slice(1, None)):
            for right in (slice(None, -1), slice(1, None)):
                filled[down, right] |= squares
        between = (values >= BETWEEN.start) & (values < BETWEEN.stop)
        self.between += int(between.sum())
        self.even += int((between & filled).sum())
        self.filling.update(np.unique(values[filled]).tolist())

    def numbered(self, ids: set[int]) -> bool:
        """Whether most of the ids fill a square somewhere, and most pixels in BETWEEN lie in one.

        Where none is in BETWEEN, ids at the upper end tell of shades.
        """
        if 2 * len(self.filling & ids) <= len(ids):
            return False
        if self.between:
            return 2 * self.even > self.between
        return max(ids) < BETWEEN.start
