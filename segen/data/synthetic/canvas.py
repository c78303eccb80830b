"""A picture and its labels, drawn on with the same strokes."""

from __future__ import annotations

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw


class Canvas:
    """A picture and its labels, drawn on with the same strokes."""

    def __init__(self, width: int, height: int, rng: np.random.Generator) -> None:
        self.rng = rng
        self.picture = Pillow.new("RGB", (width, height))
        self.labels = Pillow.new("L", (width, height))
        self.width, self.height = width, height

    def color(self, color: tuple[int, int, int], spread: int = 12) -> tuple[int, int, int]:
        """The colour, varied a little by chance."""
        red, green, blue = np.clip(np.array(color) + self.rng.integers(-spread, spread + 1, 3), 0, 255)
        return int(red), int(green), int(blue)

    def shape(
        self, kind: str, points: list[tuple[float, float]], color: tuple[int, int, int], id: int
    ) -> None:
        """Draw a "polygon", "ellipse" or "rectangle" given in shares of width and height."""
        scaled = [(x * self.width, y * self.height) for x, y in points]
        getattr(ImageDraw.Draw(self.picture), kind)(scaled, fill=color)
        getattr(ImageDraw.Draw(self.labels), kind)(scaled, fill=id)

    def box(
        self, left: float, top: float, right: float, bottom: float, color: tuple[int, int, int], id: int
    ) -> None:
        """Draw an upright rectangle given in shares of width and height."""
        self.shape("rectangle", [(left, top), (right, bottom)], color, id)
