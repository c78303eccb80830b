"""Moving pictures as animated WebP: loops to look at, and films whose frames are read back."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from segen.imaging.png_text import MARK
from segen.types import Image


def encode_animation(frames: NDArray[np.uint8], milliseconds: int = 90, scale: int = 4) -> bytes:
    """N x H x W x 3 frames as a lossless animated WebP that plays forward and backward in a loop.

    Its metadata say that a network drew it, as those of `png_text.marked` do. Each frame stays for
    `milliseconds`; every pixel becomes `scale` x `scale`, so that small pictures stay crisp.
    """
    enlarged = frames.repeat(scale, axis=1).repeat(scale, axis=2)
    first, *others = (Pillow.fromarray(frame) for frame in (*enlarged, *enlarged[-2:0:-1]))
    buffer = io.BytesIO()
    first.save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=milliseconds,
        loop=0,
        lossless=True,
        xmp=MARK.format(origin="trainedAlgorithmicMedia").encode(),
    )
    return buffer.getvalue()


FILM_MILLISECONDS = 250
"""Of each frame of a film."""


def encode(frames: NDArray[np.uint8], quality: int) -> bytes:
    """N x H x W x 3 frames as a lossy animated WebP of `quality` 0 to 100 that plays in a loop."""
    first, *others = (Pillow.fromarray(frame) for frame in frames)
    buffer = io.BytesIO()
    first.save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=FILM_MILLISECONDS,
        loop=0,
        quality=quality,
    )
    return buffer.getvalue()


def read(path: Path) -> list[Image]:
    """The frames that `encode` was given, H x W x 3; equal ones, which it stores once, as well."""
    frames: list[Image] = []
    with Pillow.open(path, formats=["WEBP"]) as film:
        for number in range(getattr(film, "n_frames", 1)):
            film.seek(number)
            frame = np.array(film.convert("RGB"))
            stays = film.info.get("duration", FILM_MILLISECONDS)
            frames += [frame] * max(1, round(stays / FILM_MILLISECONDS))
    return frames
