"""Planes of numbers as pictures: coloured or grey, as PNGs in the page that keep every value apart."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from segen.imaging import images
from segen.imaging.kernels import Plane
from segen.imaging.labels import encode_labels
from segen.text import words
from segen.types import Image
from segen.ui.framework.data_uri import data_uri
from segen.ui.framework.templates import render

MAP_SIDE = 320
"""Of planes with a longer side, every second, third … value is coloured."""


def _palette() -> tuple[tuple[int, int, int], ...]:
    """Colours for -1 to 1: lavender, indigo, near black at the middle, 128, then teal and pale yellow."""
    places = (0, 64, 128, 192, 255)
    anchors = ((214, 206, 252), (92, 84, 176), (17, 22, 30), (20, 148, 136), (250, 244, 190))
    channels = [np.interp(np.arange(256), places, channel) for channel in zip(*anchors, strict=True)]
    return tuple((round(red), round(green), round(blue)) for red, green, blue in zip(*channels, strict=True))


PALETTE = _palette()


def figure(source: str, caption: str, kind: str = "") -> Markup:
    """The picture at `source` over its caption, which is plain text, as HTML of the class `kind`."""
    return render("framework/figure.html", source=source, caption=caption, kind=kind)


def empty(sentence: str) -> Markup:
    """The sentence in the place of a result, as HTML."""
    return render("framework/empty.html", sentence=sentence)


def colored(plane: Plane, limit: float = 0) -> str:
    """H x W values in the colours of PALETTE, its end at `limit`, or at the largest absolute value if 0."""
    step = -(-max(plane.shape) // MAP_SIDE)
    plane = plane[::step, ::step]
    levels = np.rint(128 + 127 * plane / (limit or np.abs(plane).max() or 1)).astype(np.uint8)
    return data_uri(encode_labels(levels, PALETTE), "image/png")


def shades(values: Plane) -> NDArray[np.uint8]:
    """H x W grey from the least value, black, to the greatest, white; a flat plane is all black."""
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


def sheet(pictures: Sequence[tuple[str, Image]], columns: int = 3) -> Image:
    """H x W x 3 pictures of one size as a grid on white, each under its caption, in Latin letters."""
    height, width = pictures[0][1].shape[:2]
    width = max(width, 280)  # room for a caption
    font = ImageFont.load_default(max(11, width // 34))
    gap = width // 40 + 1
    line = 2 * gap + width // 24
    rows = -(-len(pictures) // columns)
    size = columns * (width + gap) + gap, rows * (height + line) + gap
    whole = Pillow.new("RGB", size, "white")
    draw = ImageDraw.Draw(whole)
    for number, (caption, picture) in enumerate(pictures):
        left, top = gap + number % columns * (width + gap), number // columns * (height + line) + line
        draw.text((left, top - gap / 2), caption, "black", font, anchor="ld")
        whole.paste(Pillow.fromarray(picture), (left, top))
    return np.array(whole)


def reliability(bins: Sequence[dict[str, float]], language: str) -> Markup:
    """A reliability diagram as SVG: each bin's share of right pixels over its confidence, both 0 to 1.

    A dot's area is the bin's share of the pixels, and what is drawn is told as text, too.
    """
    dots = [
        {
            "x": round(24 + 100 * each["confidence"], 1),
            "y": round(104 - 100 * each["accuracy"], 1),
            "radius": round(1.2 + 6 * math.sqrt(each["share"]), 1),
        }
        for each in bins
    ]
    told = "; ".join(
        words(language, "models.bin", **{name: f"{value:.1%}" for name, value in each.items()})
        for each in bins
    )
    return render("framework/reliability.html", dots=dots, told=told, language=language)
