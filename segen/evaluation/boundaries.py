"""How well the boundaries of classes are met."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from scipy.spatial import KDTree

from segen.evaluation.sampling import stride

TOLERANCE = 0.0075
"""How far apart boundaries may lie and still agree, as a share of the picture's diagonal."""


def boundary_f1(predicted: np.ndarray, labels: np.ndarray, count: int) -> list[float | None]:
    """How well the boundary of each class, 0 to `count` - 1, is met: its F1, 0 to 1 (Csurka et al. 2013).

    `predicted` and `labels` are H x W, class ids; pixels labelled `count` or more are ignored, and so are
    the picture's edges. A pixel of one boundary is right if the other has one within TOLERANCE. None for
    a class with no boundary in either. Sides beyond SAMPLED_SIDE are sampled.
    """
    step = stride(labels.shape)
    predicted, labels = predicted[::step, ::step], labels[::step, ::step]
    tolerance = TOLERANCE * math.hypot(*labels.shape)
    counted = labels < count
    scores: list[float | None] = []
    for id in range(count):
        found, true = (_boundary(map == id, counted) for map in (predicted, labels))
        if not len(found) or not len(true):
            scores.append(0.0 if len(found) or len(true) else None)
            continue
        precision, recall = (
            float((KDTree(others).query(points)[0] <= tolerance).mean())
            for points, others in ((found, true), (true, found))
        )
        scores.append(2 * precision * recall / max(precision + recall, 1e-12))
    return scores


def _boundary(inside: NDArray[np.bool_], counted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """n x 2 places of the pixels inside that have a direct neighbour outside, where both are counted."""
    return np.argwhere(binary_dilation(counted & ~inside) & counted & inside)
