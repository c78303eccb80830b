"""Planes of numbers as pictures: coloured or grey, as PNGs in the page that keep every value apart."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from segen import images
from segen.kernels import Plane
from segen.types import Image
from segen.ui.picture import data_uri

MAP_SIDE = 320
"""Of planes with a longer side, every second, third … value is coloured."""


def _palette() -> tuple[tuple[int, int, int], ...]:
    """Colours for -1 to 1: lavender, indigo, near black at the middle, 128, then teal and pale yellow."""
    places = (0, 64, 128, 192, 255)
    anchors = ((214, 206, 252), (92, 84, 176), (17, 22, 30), (20, 148, 136), (250, 244, 190))
    channels = [np.interp(np.arange(256), places, channel) for channel in zip(*anchors, strict=True)]
    return tuple((round(red), round(green), round(blue)) for red, green, blue in zip(*channels, strict=True))


PALETTE = _palette()


def figure(source: str, caption: str, kind: str = "") -> str:
    """The picture at `source` over its caption, which is plain text, as HTML of the class `kind`."""
    text = escape(caption)
    return f"<figure class='{kind}'><img src='{source}' alt='{text}'><figcaption>{text}</figcaption></figure>"


def colored(plane: Plane) -> str:
    """H x W values in the colours of PALETTE, their largest absolute value at its end."""
    step = -(-max(plane.shape) // MAP_SIDE)
    plane = plane[::step, ::step]
    levels = np.rint(128 + 127 * plane / (np.abs(plane).max() or 1)).astype(np.uint8)
    return data_uri(images.encode_labels(levels, PALETTE), "image/png")


def shades(values: Plane) -> NDArray[np.uint8]:
    """Grey from the least value, black, to the greatest, white; a flat plane is all black."""
    low, high = values.min(), values.max()
    grey: NDArray[np.uint8] = np.rint(255 * (values - low) / ((high - low) or 1)).astype(np.uint8)
    return grey


def lit(image: Image, values: Plane) -> Image:
    """The H x W x 3 picture, bright where h x w values are large and dim where they are small."""
    light = images.resize(shades(values), *image.shape[:2])[..., None] / np.float32(255)
    glow = np.array(PALETTE, dtype=np.float32)[128:][np.rint(127 * light[..., 0]).astype(int)]
    mixed: Image = np.rint(0.5 * image * (0.3 + 0.7 * light) + 0.5 * glow).astype(np.uint8)
    return mixed


def png(pixels: NDArray[np.uint8]) -> str:
    """H x W grey or H x W x 3 RGB pixels as they are."""
    return data_uri(images.encode(np.ascontiguousarray(pixels), "PNG", compress_level=3), "image/png")
