"""Colour profiles (ICC): photographs in Adobe RGB, Display P3, CMYK for print and the like become sRGB."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms

MODES = ("RGB", "RGBA", "RGBX", "CMYK")
ENDLESS = b"mpet"
"""The kind of a profile's tag that may ask for millions of operations on each pixel."""
LEVELS = np.linspace(0, 255, 9).astype(np.uint8)
COLORS = np.stack(np.meshgrid(LEVELS, LEVELS, LEVELS), axis=-1).reshape(1, -1, 3)
"""By these, 1 x N x 3, a profile is known as that of sRGB."""
SAME = 3
"""Levels by which the many profiles of sRGB differ from one another at most."""

Change = Callable[[Pillow.Image], Pillow.Image]


def to_srgb(picture: Pillow.Image) -> Change | None:
    """What makes strips of the picture, which show through nowhere, sRGB; None where nothing is to be done.

    That is so for a picture without a profile, or with one that is of sRGB, is damaged, or does not fit its
    pixels; palettes and grey keep their numbers.
    """
    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in MODES or ENDLESS in profile:
        return None
    mode = "CMYK" if picture.mode == "CMYK" else "RGB"
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(given, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError):
        return None
    if mode == "RGB":
        changed = np.asarray(transform.apply(Pillow.fromarray(COLORS))).astype(int)
        if np.abs(changed - COLORS).max() <= SAME:
            return None
    return lambda strip: transform.apply(strip.convert(mode))
