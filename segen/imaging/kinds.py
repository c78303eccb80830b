"""The likely kind of a picture, from simple statistics of its colours: enough for a warning, no proof."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segen.types import Image

SIDE = 256
"""The longer side at which a picture is looked at."""
BRIGHT = 140
"""The median brightness from which a background counts as bright, of 255."""
BETWEEN = 32, 223
"""Levels between which a pixel is neither black nor white."""
MOST_BETWEEN = 0.2
"""The share of such pixels above which a picture is no mask: those at borders alone are fewer."""
Color = tuple[int, int, int]
Levels = NDArray[np.uint8] | NDArray[np.float32]
"""Brightness, 0 to 255."""


def looks_like(image: Image, kind: str, palette: Sequence[Color] = ()) -> bool:
    """Whether an H x W x 3 picture may be of this kind, a `Picture` of the cards' options.

    Labels are areas in the colours of `palette`, lines dark on white, "grey" a mask of black and white,
    microscopy grey, or bright and without green as stains are, a photograph none of the drawn kinds.
    """
    step = -(-max(image.shape) // SIDE)
    small = image[::step, ::step].astype(np.float32)
    light = small.mean(axis=2)
    color = small.max(axis=2) - small.min(axis=2)
    drawn = {
        "labels": _share_in(small, palette) > 0.8,
        "lines": bool((light > 200).mean() > 0.6 and color.mean() < 12),
        "grey": is_mask(light),
    }
    if kind == "photograph":  # one taken at night may be as dark as a mask, but has colours
        return not (drawn["labels"] or drawn["lines"] or (drawn["grey"] and color.mean() < 8))
    if kind == "microscopy":
        greenish = small[..., 1] > small[..., [0, 2]].max(axis=2) + 4
        stained = np.median(light) > BRIGHT and greenish.mean() < 0.01
        return bool(color.mean() < 12 or stained) and not drawn["lines"]
    return drawn[kind]


def between(light: Levels) -> NDArray[np.bool_]:
    """Which of these levels are neither black nor white."""
    return (light > BETWEEN[0]) & (light < BETWEEN[1])


def is_mask(light: Levels) -> bool:
    """Whether these levels are those of a mask: black and white, but for its borders."""
    return bool(between(light).mean() <= MOST_BETWEEN)


def is_bright(image: Image) -> bool:
    """Whether most of a picture is bright, as stained tissue is between its nuclei."""
    return bool(np.median(image.mean(axis=2)) > BRIGHT)


def _share_in(small: NDArray[np.float32], palette: Sequence[Color]) -> float:
    """The share of pixels with nearly a colour of the palette."""
    if not palette:
        return 0.0
    away = np.abs(small[:, :, None] - np.array(palette, dtype=np.float32)).max(axis=-1).min(axis=-1)
    return float((away < 10).mean())
