"""Connected parts of a label map, strip by strip: large pictures as a whole would take gigabytes.

The strips' parts are joined where they touch, as Rosenfeld and Pfaltz 1966 join those of pixels.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from segen.types import Labels

STRIP_PIXELS = 4_000_000
"""NumPy and scikit-image work on 8 bytes for each pixel, several times."""


def strips(height: int, width: int) -> Iterator[slice]:
    """The rows of a picture, about STRIP_PIXELS at a time."""
    rows = max(1, STRIP_PIXELS // width)
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def count(values: NDArray[np.integer], size: int) -> NDArray[np.int64]:
    """How often each number below `size` stands in H x W values."""
    found = np.zeros(size, np.int64)
    for rows in strips(*values.shape):
        found += np.bincount(values[rows].ravel(), minlength=size)
    return found


def connected(labels: Labels) -> tuple[NDArray[np.int32], int]:
    """H x W numbers of the parts of equal labels, from 1 in the order of first pixels, and their count.

    Pixels that touch at a corner are connected.
    """
    from skimage import measure

    parts, total, touching = np.empty(labels.shape, np.int32), 0, [np.empty((0, 2), np.int32)]
    for rows in strips(*labels.shape):
        found = measure.label(labels[rows], background=-1, connectivity=2)  # type: ignore[no-untyped-call]
        np.add(found, total, out=parts[rows], casting="unsafe")
        total += int(found.max())
        if rows.start:
            border = slice(rows.start - 1, rows.start + 1)
            touching.append(_touching(labels[border], parts[border]))
    if len(touching) == 1:
        return parts, total
    return _joined(parts, total, np.concatenate(touching))


def _touching(labels: Labels, parts: NDArray[np.int32]) -> NDArray[np.int32]:
    """The pairs of parts, n x 2, that are one across the border between two rows."""
    pairs = []
    every, left, right = np.s_[:], np.s_[:-1], np.s_[1:]
    for above, below in ((every, every), (left, right), (right, left)):
        same = labels[0, above] == labels[1, below]
        pairs.append(np.stack([parts[0, above][same], parts[1, below][same]], axis=1))
    return np.unique(np.concatenate(pairs), axis=0)


def _joined(parts: NDArray[np.int32], total: int, pairs: NDArray[np.int32]) -> tuple[NDArray[np.int32], int]:
    """The parts, in place, with those of each pair made one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first, second = (pairs - 1).T
    graph = coo_array((np.ones(len(pairs), bool), (first, second)), shape=(total, total))
    count, numbers = connected_components(graph, directed=False)
    numbers = np.concatenate([[0], numbers + 1]).astype(np.int32)
    for rows in strips(*parts.shape):
        parts[rows] = numbers[parts[rows]]
    return parts, int(count)
