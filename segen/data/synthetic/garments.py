"""Garments that the code draws in place of Fashion-MNIST: ten silhouettes, light on black, 28 x 28."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

SIDE = 28
SCALE = 4
"""Drawn so many times larger, then scaled down, so that edges are smooth."""
Outline = list[tuple[float, float]]

_TORSO: Outline = [(0.3, 0.15), (0.42, 0.2), (0.58, 0.2), (0.7, 0.15), (0.7, 0.9), (0.3, 0.9)]
_SHORT: Outline = [(0.3, 0.15), (0.08, 0.3), (0.14, 0.45), (0.32, 0.36)]
_LONG: Outline = [(0.3, 0.15), (0.12, 0.3), (0.06, 0.85), (0.18, 0.87), (0.32, 0.4)]
_SHOE: Outline = [(0.05, 0.72), (0.05, 0.5), (0.3, 0.52), (0.6, 0.38), (0.9, 0.35), (0.95, 0.72)]


def _mirrored(outline: Outline) -> Outline:
    return [(1 - x, y) for x, y in outline]


OUTLINES: tuple[tuple[Outline, ...], ...] = (
    (_TORSO, _SHORT, _mirrored(_SHORT)),
    ([(0.34, 0.08), (0.66, 0.08), (0.72, 0.95), (0.56, 0.95), (0.5, 0.35), (0.44, 0.95), (0.28, 0.95)],),
    (_TORSO, _LONG, _mirrored(_LONG)),
    ([(0.38, 0.06), (0.62, 0.06), (0.56, 0.4), (0.72, 0.96), (0.28, 0.96), (0.44, 0.4)],),
    ([(0.3, 0.08), (0.7, 0.08), (0.74, 0.96), (0.26, 0.96)], _LONG, _mirrored(_LONG)),
    ([(0.05, 0.72), (0.3, 0.6), (0.9, 0.64), (0.95, 0.72)], [(0.55, 0.64), (0.8, 0.35), (0.9, 0.64)]),
    (_TORSO, _LONG, _mirrored(_SHORT)),
    (_SHOE,),
    ([(0.1, 0.4), (0.9, 0.4), (0.95, 0.9), (0.05, 0.9)], [(0.3, 0.4), (0.4, 0.2), (0.6, 0.2), (0.7, 0.4)]),
    (_SHOE, [(0.6, 0.5), (0.6, 0.1), (0.92, 0.1), (0.95, 0.5)]),
)
"""The parts of each class, in the order of Fashion-MNIST's, as shares of width and height."""


def garment(seed: int) -> tuple[NDArray[np.uint8], int]:
    """Draw the garment of this seed: 28 x 28 grey, and its class, which is the seed modulo 10."""
    rng = np.random.default_rng(seed)
    label = seed % len(OUTLINES)
    canvas = Pillow.new("L", (SIDE * SCALE, SIDE * SCALE))
    width, height = rng.uniform(0.8, 1.05, 2)
    for outline in OUTLINES[label]:
        light = int(rng.integers(110, 256))
        points = [
            ((0.5 + (x - 0.5) * width) * SIDE * SCALE, (0.5 + (y - 0.5) * height) * SIDE * SCALE)
            for x, y in outline
        ]
        ImageDraw.Draw(canvas).polygon(points, fill=light)
    return np.array(canvas.resize((SIDE, SIDE), Pillow.Resampling.BOX)), label
