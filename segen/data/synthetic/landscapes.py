"""Landscapes that the code draws, of one valley in two seasons: free to ship, endless to train on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from segen.types import Image

Color = tuple[float, float, float]
Floats = NDArray[np.float64]

SNOW: Color = (236, 240, 247)
SKY: tuple[Color, Color] = ((88, 132, 196), (150, 166, 188))
NEEDLES: tuple[Color, Color] = ((46, 66, 44), (66, 76, 78))
"""Of summer and of winter."""


def landscape(seed: int, winter: bool = False, width: int = 256, height: int = 256) -> Image:
    """Draw the valley of this seed, H x W x 3: sky, two ranges of granite, a forest and a meadow.

    Its shapes are the same in summer and in winter.
    """
    rng = np.random.default_rng(seed)
    row = np.linspace(0, 1, height)[:, None].repeat(width, axis=1)
    top, low = np.array(SKY[winter]), np.array((222, 232, 242))
    picture: Floats = top + (low - top) * np.clip(row / 0.4, 0, 1)[..., None]
    far, near = _ridge(rng, width, 0.34, 0.16), _ridge(rng, width, 0.46, 0.14)
    for ridge, granite in ((far, (150, 156, 168)), (near, (122, 118, 112))):
        faces = _rough(rng, height, width, (6, 2)) + 0.5 * _rough(rng, height, width, 1)
        rock = _lit(granite, 24 * faces)
        below = row - ridge
        cover = below < 0.10 + 0.06 * faces if winter else below < 0.015 + 0.02 * faces
        rock = np.where(cover[..., None], _lit(SNOW, 10 * faces), rock)
        picture = np.where((below > 0)[..., None], rock, picture)
    forest = _ridge(rng, width, 0.62, 0.05) - rng.uniform(0, 0.04, width // 2 + 1).repeat(2)[:width]
    needles = _rough(rng, height, width, (1.5, 0.7))
    trees = np.where((winter & (needles > 1))[..., None], SNOW, _lit(NEEDLES[winter], 16 * needles))
    picture = np.where((row > forest)[..., None], trees, picture)
    meadow = _ridge(rng, width, 0.74, 0.04)
    ground = _rough(rng, height, width, (1, 5))
    grass = _lit(SNOW, 7 * ground) if winter else _lit((112, 134, 62), 14 * ground)
    picture = np.where((row > meadow)[..., None], grass, picture)
    found: Image = np.clip(gaussian_filter(picture, (0.5, 0.5, 0)), 0, 255).astype(np.uint8)
    return found


def _ridge(rng: np.random.Generator, width: int, middle: float, height: float) -> Floats:
    """A skyline, as a share of the picture's height from above for each column: hills on hills."""
    line = np.zeros(width)
    for octave in range(4):
        steps = gaussian_filter1d(rng.normal(size=width), width / 8 / 2**octave, mode="reflect")
        line += steps / np.abs(steps).max() / 2**octave
    found: Floats = middle + height * line / 2
    return found


def _rough(rng: np.random.Generator, height: int, width: int, size: float | tuple[float, float]) -> Floats:
    """Smooth noise of spread 1, H x W, with spots of some pixels."""
    noise = gaussian_filter(rng.normal(size=(height, width)), size)
    spread: Floats = noise / noise.std()
    return spread


def _lit(color: Color, light: Floats) -> Floats:
    """A colour, lighter or darker by so many levels from place to place, H x W x 3."""
    lit: Floats = np.array(color) + light[..., None]
    return lit
