"""Line drawings that the code takes from coloured drawings, as a person might draw them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter, map_coordinates, zoom

from segen.types import Image

STEP = 36.0
"""So far apart, in levels of 255, neighbouring colours are where a line is drawn."""
DARKEST = 200
"""A drawing whose darkest pixel is brighter than this is taken for empty."""


def edges(image: Image) -> NDArray[np.float32]:
    """How far the colours of both sides of each pixel are apart, H x W: the longest of three gradients."""
    smooth = gaussian_filter(image.astype(np.float32), (0.6, 0.6, 0))
    down, across = np.gradient(smooth, axis=(0, 1))
    strength: NDArray[np.float32] = np.hypot(down, across).max(axis=2) * 2
    return strength


def drawing(image: Image, seed: int | None = None) -> NDArray[np.uint8]:
    """The lines of a picture, H x W grey, dark on white.

    A line runs where the gradient of the smoothed colours is large and no smaller than that of its neighbours
    across the line (Canny 1986, without his linking). With a seed, lines are drawn as by hand: thresholds and
    thickness differ, gaps are left and the whole is bent a little; the same seed, the same drawing.
    """
    strength = edges(image)
    rng = np.random.default_rng(seed)
    threshold = STEP if seed is None else STEP * rng.uniform(0.7, 1.8)
    # Half of the strongest edge counts in any case: what is pale has lines, too.
    found = _thin(image, strength) & (strength > min(threshold, strength.max() / 2))
    if seed is not None:
        bent = _by_hand(found, rng)
        found = bent if bent.any() else found
    inked = gaussian_filter(found.astype(np.float32), 0.5) * 2.2
    drawn: NDArray[np.uint8] = np.rint(255 * (1 - np.clip(inked, 0, 1))).astype(np.uint8)
    return drawn


def _thin(image: Image, strength: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where the gradient is a maximum across itself."""
    smooth = gaussian_filter(image.astype(np.float32).sum(axis=2), 0.6)
    down, across = np.gradient(smooth)
    length = np.hypot(down, across) + 1e-6
    rows, columns = np.mgrid[0 : strength.shape[0], 0 : strength.shape[1]].astype(np.float32)
    sides = [
        map_coordinates(
            strength, [rows + sign * down / length, columns + sign * across / length], order=1, mode="nearest"
        )
        for sign in (-1, 1)
    ]
    thin: NDArray[np.bool_] = (strength >= sides[0]) & (strength > sides[1])
    return thin


def _by_hand(found: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    if rng.random() < 0.35:
        found = binary_dilation(found)
    height, width = found.shape
    gaps = _smooth_noise(rng, height, width, 10) < rng.uniform(-2.2, -1.1)
    bend = rng.uniform(0, 1.2)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    places = [rows + bend * _smooth_noise(rng, height, width, 6),
              columns + bend * _smooth_noise(rng, height, width, 6)]  # fmt: skip
    bent: NDArray[np.bool_] = map_coordinates((found & ~gaps).astype(np.float32), places, order=1) > 0.4
    return bent


def _smooth_noise(rng: np.random.Generator, height: int, width: int, count: int) -> NDArray[np.float32]:
    """H x W of normal noise that was drawn at count x count places and interpolated."""
    coarse = rng.normal(0, 1, (count, count)).astype(np.float32)
    fine: NDArray[np.float32] = zoom(coarse, (height / count, width / count), order=1)[:height, :width]
    return fine


def cleaned(image: Image) -> NDArray[np.uint8]:
    """A visitor's drawing, H x W x 3, as H x W grey: its darkest line black on a white ground.

    What is drawn bright on a dark ground is turned into its negative first.
    """
    grey = image.mean(axis=2)
    if np.median(grey) < 128:
        grey = 255 - grey
    darkest, ground = grey.min(), np.median(grey)
    if darkest > DARKEST or ground <= darkest:
        return np.full(grey.shape, 255, dtype=np.uint8)
    drawn: NDArray[np.uint8] = np.rint(np.clip((grey - darkest) / (ground - darkest), 0, 1) * 255).astype(
        np.uint8
    )
    return drawn
