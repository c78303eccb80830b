"""From the boxes and small masks that a network gives to instances in pixels."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from segen.types import SURE, Instance

COVERED, REMAINING = 0.5, 0.4
"""An instance of which surer ones cover a share of more than COVERED keeps REMAINING of its score."""


def spread(
    box: list[float], mask: torch.Tensor, height: int, width: int
) -> tuple[int, int, NDArray[np.float32]]:
    """Bring the probabilities of a box to the pixels of a height x width picture that it touches.

    `box` is left, top, right and bottom in pixels, `mask` M x M. Gives the column and row of the first pixel,
    and h x w probabilities, interpolated at the pixels' middles; nothing outside of the picture.

    We depart from torchvision's way, which rounds the box to whole pixels first.
    """
    left, top, right, bottom = box
    first_column, last_column = max(0, math.floor(left)), min(width, math.ceil(right))
    first_row, last_row = max(0, math.floor(top)), min(height, math.ceil(bottom))
    if first_column >= last_column or first_row >= last_row:
        return 0, 0, np.zeros((0, 0), np.float32)
    columns, rows = torch.arange(first_column, last_column), torch.arange(first_row, last_row)
    x = (columns + 0.5 - left) / max(right - left, 1e-6) * 2 - 1
    y = (rows + 0.5 - top) / max(bottom - top, 1e-6) * 2 - 1
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)[None]
    sampled = functional.grid_sample(mask[None, None], grid, padding_mode="border", align_corners=False)[0, 0]
    return first_column, first_row, sampled.numpy()


def lowered(instance: Instance, covered: NDArray[np.bool_]) -> Instance:
    """The instance, less sure if surer ones cover most of it; if it is sure, it covers its pixels, too.

    Soft-NMS (Bodla et al. 2017) lowers scores by the overlap of boxes; a part of an instance has a small one
    with the whole, so that we look at the share of its mask.
    """
    under = covered[place(instance)]
    if instance.score >= SURE:
        if np.count_nonzero(under & instance.mask) > COVERED * np.count_nonzero(instance.mask):
            return replace(instance, score=instance.score * REMAINING)
        under |= instance.mask
    return instance


def place(instance: Instance) -> tuple[slice, slice]:
    """Rows and columns of its box in a picture."""
    x, y, across, down = instance.box
    return np.s_[y : y + down, x : x + across]


def cut(label: int, score: float, x: int, y: int, probabilities: NDArray[np.float32]) -> Instance | None:
    """The instance whose mask has the pixels of a probability of 0.5 or more, if there are any.

    `x`, `y` and the probabilities are what `spread` gives. The box of an instance encloses its mask.
    """
    inside = probabilities >= 0.5
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return None
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    box = (x + left, y + top, right - left, bottom - top)
    return Instance(label, score, box, inside[top:bottom, left:right].copy())
