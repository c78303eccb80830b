"""Colors of 16 bits, of which Pillow keeps the high 8."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
from PIL import Image as Pillow

from segen.errors import InputError
from segen.imaging import conversion

BITS = 258
"""The TIFF tag of the bits of each channel."""
FEWEST = 64
"""Pillow keeps the high byte of colors of 16 bits; where all are below this, it lost what 14 bits hold."""


def is_halved(picture: Pillow.Image) -> bool:
    """Whether the colors have 16 bits, of which Pillow keeps 8. Raises InputError where it confuses them."""
    if picture.mode not in ("RGB", "RGBA", "CMYK"):
        return False
    mark = "65535" if picture.format == "PPM" else ";16"
    halved = any(mark in str(tile.args) for tile in picture.tile)  # type: ignore[attr-defined]
    if not halved and 16 in getattr(picture, "tag_v2", {}).get(BITS, ()):
        raise InputError("tiff_kind")
    return halved


def lost(picture: Pillow.Image, file: BinaryIO) -> bool:
    """Whether a decoded picture, its colors halved, had its values in the low bits: dark, but not black."""
    return _brightest(picture) < FEWEST and not _is_black(picture, file)


def _brightest(picture: Pillow.Image) -> int:
    """The largest value of its colors that two neighbours reach."""
    return max(
        conversion.brightest(np.asarray(picture.getchannel(each))) for each in picture.mode.rstrip("A")
    )


def _is_black(picture: Pillow.Image, file: BinaryIO) -> bool:
    """Whether colors of 16 bits whose high bytes are 0 have low bytes that are 0, too."""
    if np.asarray(picture.convert("RGB")).any():
        return False
    file.seek(0)
    with Pillow.open(file, formats=(str(picture.format),)) as low:
        low.tile = [tile._replace(args=_swapped(tile.args)) for tile in low.tile]
        low.load()
        return not np.asarray(low.convert("RGB")).any()


def _swapped(args: Any) -> Any:
    """What makes Pillow keep the low bytes."""
    if isinstance(args, tuple):
        return tuple(256 if each == 65_535 else _swapped(each) for each in args)
    for kept, other in ((";16B", ";16L"), (";16L", ";16B"), (";16N", ";16B")):
        if isinstance(args, str) and args.endswith(kept):
            return args.removesuffix(kept) + other
    return args
