"""Line drawings that the code makes: something to colour before one has drawn anything."""

from __future__ import annotations

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw

from segen.types import Image

SIDE = 256
LINE = 7
"""Pixels across."""


def face() -> Image:
    """A round face that smiles, SIDE x SIDE x 3, black lines on white."""
    picture, pen = _paper()
    pen.ellipse((28, 28, 228, 228), outline="black", width=LINE)
    for left in (86, 148):
        pen.ellipse((left, 92, left + 22, 128), fill="black")
    pen.arc((76, 96, 180, 192), 20, 160, fill="black", width=LINE)
    return np.array(picture)


def fruit() -> Image:
    """An apple with a leaf, in the same form."""
    picture, pen = _paper()
    pen.arc((40, 72, 148, 226), 60, 310, fill="black", width=LINE)
    pen.arc((108, 72, 216, 226), 230, 480, fill="black", width=LINE)
    pen.arc((96, 196, 160, 232), 190, 350, fill="black", width=LINE)
    pen.line((128, 86, 136, 40), fill="black", width=LINE)
    pen.ellipse((138, 28, 196, 58), outline="black", width=LINE)
    return np.array(picture)


def fish() -> Image:
    """A fish that swims to the left, in the same form."""
    picture, pen = _paper()
    pen.ellipse((24, 76, 184, 180), outline="black", width=LINE)
    pen.polygon([(176, 128), (232, 84), (232, 172)], outline="black", width=LINE)
    pen.ellipse((58, 108, 74, 124), fill="black")
    pen.arc((84, 84, 124, 172), 290, 70, fill="black", width=LINE)
    return np.array(picture)


def _paper() -> tuple[Pillow.Image, ImageDraw.ImageDraw]:
    picture = Pillow.new("RGB", (SIDE, SIDE), "white")
    return picture, ImageDraw.Draw(picture)
