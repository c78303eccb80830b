"""Requests and results: frozen dataclasses over NumPy arrays.

Everywhere outside `segen.models` an image is an H x W x 3 uint8 array in RGB.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""H x W x 3, RGB, 0 to 255."""
Labels = NDArray[np.uint8]
"""H x W, one class or cluster id for each pixel."""


@dataclass(frozen=True)
class SegmentRequest:
    """Segment one picture: `image` is H x W x 3 uint8 RGB of any size that `segen.images` lets through."""

    image: Image


@dataclass(frozen=True)
class Segmentation:
    """A label for each pixel of the picture, and how sure the network was.

    `labels` has the picture's size. `probabilities` is C x h x w float32 at the size the network worked
    at, in the order of the card's classes; it sums to 1 over C.
    """

    labels: Labels
    probabilities: NDArray[np.float32]


@dataclass(frozen=True)
class Step:
    """Progress: `done` of `total` steps, and a picture of what there is so far, if there is one."""

    done: int
    total: int
    preview: Image | None = None


Request = SegmentRequest
Value = Segmentation


@dataclass(frozen=True)
class Run:
    """What came out, and what it took: `seconds` on the device, `queued_seconds` waiting for it."""

    value: Value
    model: str
    device: str
    seconds: float
    queued_seconds: float
