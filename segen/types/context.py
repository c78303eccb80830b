"""What a network that carries context across a picture does at one place of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from segen.errors import InputError
from segen.types.request import Image, Request


@dataclass(frozen=True)
class Grid:
    """The positions of the context, `stride` pixels apart, and the one at `row` and `column`.

    The network saw the picture at `size`, height x width, padded right and at the bottom to whole positions.
    `classes` is rows x columns: for each position, the index of the likeliest class at its middle.
    """

    row: int
    column: int
    stride: int
    size: tuple[int, int]
    classes: NDArray[np.int64]


@dataclass(frozen=True)
class AttentionAt:
    """Self-attention at one position of the grid, head by head, all float32; d numbers a head.

    `query` is heads x d; `keys` and `values` are heads x rows x columns x d. `weights`, heads x rows x
    columns, is softmax(q Kᵀ/√d), which sums to 1 for each head; `output`, heads x d, is the weights times the
    values.
    """

    grid: Grid
    query: NDArray[np.float32]
    keys: NDArray[np.float32]
    values: NDArray[np.float32]
    weights: NDArray[np.float32]
    output: NDArray[np.float32]


@dataclass(frozen=True)
class SweepsAt:
    """The hidden states of recurrent sweeps along the row and the column of one position, all float32.

    `right` and `left`, columns x units, were met along the row in these directions, then `down` and `up`,
    rows x units, along the column of what the sweeps of all rows gave. They stand by position, not by time.
    """

    grid: Grid
    right: NDArray[np.float32]
    left: NDArray[np.float32]
    down: NDArray[np.float32]
    up: NDArray[np.float32]


@dataclass(frozen=True)
class ContextRequest(Request[AttentionAt | SweepsAt]):
    """Ask how a place of a picture gets its context; `x` and `y` are shares, 0 to 1, of width and height.

    Raises InputError for a place outside the picture; the predictor raises it where a network has neither
    self-attention nor sweeps.
    """

    task: ClassVar[str] = "segment"

    image: Image
    x: float
    y: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(share) and 0 <= share <= 1 for share in (self.x, self.y)):
            raise InputError("place_outside")
