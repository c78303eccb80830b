"""Strokes on the examples of the view "Teach it", so that there is a result before anything is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw

from segen.types import UNDRAWN, Labels

Line = tuple[float, float, float, float]
"""From x and y to x and y, in shares of the picture's sides."""

EXAMPLES: dict[str, dict[str, tuple[Line, ...]]] = {
    "cat": {
        "background": (
            (0.02, 0.05, 0.04, 0.3), (0.9, 0.1, 0.97, 0.4), (0.88, 0.55, 0.97, 0.75),
            (0.84, 0.47, 0.95, 0.5),
            (0.84, 0.88, 0.96, 0.96),
        ),
        "cat": (
            (0.14, 0.8, 0.2, 0.95), (0.08, 0.7, 0.12, 0.88),
            (0.35, 0.08, 0.5, 0.2), (0.12, 0.3, 0.25, 0.55), (0.52, 0.45, 0.5, 0.65),
            (0.15, 0.78, 0.35, 0.92),
            (0.73, 0.5, 0.7, 0.62), (0.37, 0.36, 0.4, 0.42),
        ),
    },
    "coffee": {
        "table": (
            (0.05, 0.6, 0.12, 0.9), (0.78, 0.08, 0.95, 0.3), (0.86, 0.75, 0.97, 0.9),
            (0.05, 0.4, 0.22, 0.22),
            (0.03, 0.05, 0.15, 0.05),
        ),
        "cup": (
            (0.33, 0.25, 0.33, 0.15), (0.66, 0.15, 0.67, 0.3), (0.42, 0.15, 0.6, 0.15),
            (0.4, 0.52, 0.55, 0.6),
            (0.17, 0.45, 0.24, 0.68), (0.5, 0.9, 0.7, 0.82), (0.6, 0.7, 0.64, 0.74),
        ),
        "coffee": ((0.42, 0.36, 0.55, 0.4), (0.38, 0.33, 0.42, 0.3)),
    },
    "coins": {
        "background": (
            (0.05, 0.29, 0.8, 0.29), (0.1, 0.53, 0.7, 0.53), (0.25, 0.75, 0.75, 0.75),
            (0.03, 0.03, 0.7, 0.03),
        ),
        "coin": (
            (0.09, 0.17, 0.14, 0.18), (0.38, 0.16, 0.43, 0.19), (0.85, 0.1, 0.9, 0.18),
            (0.87, 0.6, 0.94, 0.65),
            (0.08, 0.83, 0.16, 0.9), (0.42, 0.84, 0.48, 0.88), (0.68, 0.38, 0.73, 0.41),
        ),
    },
    "nuclei_tissue": {
        "background": (
            (0.3, 0.65, 0.45, 0.55), (0.9, 0.1, 0.95, 0.6), (0.8, 0.75, 0.9, 0.95),
            (0.02, 0.6, 0.06, 0.75),
            (0.65, 0.22, 0.7, 0.32),
        ),
        "tissue": (
            (0.1, 0.2, 0.4, 0.25), (0.65, 0.4, 0.85, 0.3), (0.15, 0.65, 0.2, 0.95),
            (0.55, 0.75, 0.7, 0.85),
        ),
    },
}  # fmt: skip
"""By the example's name and the class's key in the catalogue, under "teach"."""
OWN = ("background", "object")
"""The classes of a visitor's picture at first."""


def classes(example: str) -> tuple[str, ...]:
    """The keys of the classes that are offered for an example, or for "", a picture of the visitor's own."""
    return tuple(EXAMPLES.get(example, OWN))


def drawn(example: str, height: int, width: int, size: int) -> Labels | None:
    """The strokes on an example, height x width ids, `size` pixels wide; None where there are none."""
    if example not in EXAMPLES:
        return None
    ids = Pillow.new("L", (width, height), UNDRAWN)
    pen = ImageDraw.Draw(ids)
    for id, lines in enumerate(EXAMPLES[example].values()):
        for line in lines:
            pen.line(_pixels(line, height, width), fill=id, width=size)
    return np.array(ids)


def _pixels(line: Sequence[float], height: int, width: int) -> list[float]:
    return [share * side for share, side in zip(line, (width, height) * 2, strict=True)]
