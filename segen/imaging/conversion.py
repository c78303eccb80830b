"""Decoded pictures of any mode to H x W x 3 uint8 RGB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from segen.imaging import profiles
from segen.types import Image

PHOTOMETRIC = 262
"""The TIFF tag that is 0 where 0 is white; Pillow minds it in 8 bits alone."""
_WHITE = (255, 255, 255, 255)
STRIP_ROWS = 512
"""A picture is converted in strips of so many rows, since each step on the whole would hold a copy of it."""


def rgb(picture: Pillow.Image) -> Image:
    """The H x W x 3 pixels of what `images.decoded` gives; a file that it still holds is let go."""
    picture.fp = None  # type: ignore[attr-defined]
    width, height = picture.size
    pixels = np.empty((height, width, 3), np.uint8)
    strips = [(0, top, width, min(top + STRIP_ROWS, height)) for top in range(0, height, STRIP_ROWS)]
    converted = _conversion(picture, strips)
    for strip in strips:
        pixels[strip[1] : strip[3]] = converted(picture.crop(strip))
    if picture.mode.startswith(("I", "F")) and getattr(picture, "tag_v2", {}).get(PHOTOMETRIC) == 0:
        np.subtract(255, pixels, out=pixels)
    return pixels


def _conversion(
    picture: Pillow.Image, strips: list[tuple[int, int, int, int]]
) -> Callable[[Pillow.Image], NDArray[Any]]:
    """What makes H x W x 3 or H x W x 1 pixels, 0 to 255, of a strip of the picture."""
    if picture.mode.startswith("I;16"):
        most = 2 ** _bits(max(brightest(np.asarray(picture.crop(strip))) for strip in strips)) - 1
        return lambda strip: _grey(
            np.minimum(np.asarray(strip), most).astype(np.float32) * np.float32(255 / most)
        )
    if picture.mode in ("I", "F"):
        low, high = _range(picture, strips)
        return lambda strip: _grey(_stretched(np.asarray(strip, dtype=np.float64), low, high))
    if change := profiles.to_srgb(picture):
        return lambda strip: np.asarray(change(_opaque(strip)))
    return lambda strip: np.asarray(_opaque(strip).convert("RGB"))


def _opaque(picture: Pillow.Image) -> Pillow.Image:
    """On white, if any of it is transparent."""
    if not picture.has_transparency_data:
        return picture
    picture = picture.convert("RGBA")
    return Pillow.alpha_composite(Pillow.new("RGBA", picture.size, _WHITE), picture)


def brightest(values: NDArray[np.integer]) -> int:
    """The largest of H x W values that a neighbour reaches, too; a hot pixel by itself tells of no range."""
    pairs = [np.minimum(values[1:], values[:-1]), np.minimum(values[:, 1:], values[:, :-1])]
    found = [int(pair.max()) for pair in pairs if pair.size]
    return max(found) if found else int(values.max())


def _bits(largest: int) -> int:
    """The fewest bits, of those that cameras have, that hold a value."""
    return next(bits for bits in (8, 10, 12, 14, 16) if largest < 2**bits)


def _range(picture: Pillow.Image, strips: list[tuple[int, int, int, int]]) -> tuple[float, float]:
    """The least and the largest finite value; 0 and 0 where there is none."""
    ends = []
    for strip in strips:
        values = np.asarray(picture.crop(strip), dtype=np.float64)
        finite = values[np.isfinite(values)]
        ends += [float(finite.min()), float(finite.max())] if finite.size else []
    return (min(ends), max(ends)) if ends else (0.0, 0.0)


def _stretched(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Bring finite values to 0 to 255, with infinities at the ends and what is no number at 0."""
    if low == high:
        return np.zeros_like(values)
    stretched: NDArray[np.float64] = np.nan_to_num(np.clip((values - low) / (high - low), 0, 1) * 255)
    return stretched


def _grey(values: NDArray[Any]) -> Image:
    grey: Image = np.rint(values).astype(np.uint8)[..., None]
    return grey
