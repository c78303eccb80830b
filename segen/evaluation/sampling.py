"""Which pixels two maps of one picture are compared at, where they differ in size or are large."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLED_SIDE = 1280
"""ROC curves and boundaries take every second, third … pixel of a picture with a longer side than this."""


def stride(shape: tuple[int, ...]) -> int:
    """Every how many-th pixel of a map is taken, each way."""
    return -(-max(shape) // SAMPLED_SIDE)


def nearest(working: tuple[int, ...], shape: tuple[int, ...], step: int = 1) -> tuple[NDArray[np.int64], ...]:
    """Index a `working` map by the pixels of a map of `shape`, or every `step`-th of them each way."""
    rows, columns = (
        (np.arange(0, side, step) * 2 + 1) * small // (2 * side)
        for small, side in zip(working, shape, strict=True)
    )
    return np.ix_(rows, columns)
