"""Animals and people that the code draws from the side, with their true labels: classes of `animals`."""

from __future__ import annotations

import numpy as np
from PIL import ImageFilter
from scipy.ndimage import gaussian_filter

from segen.data.synthetic.canvas import Canvas
from segen.types import Image, Labels

Color = tuple[int, int, int]
Point = tuple[float, float]

BACKGROUND, PERSON, CAT, DOG, HORSE, COW, SHEEP = range(7)
GROUNDS: tuple[tuple[Color, Color], ...] = (
    ((176, 202, 230), (112, 142, 74)), ((204, 196, 184), (134, 104, 78)), ((226, 228, 230), (196, 182, 150)),
    ((120, 130, 140), (92, 92, 94)), ((188, 210, 190), (150, 160, 92)),
)  # fmt: skip
"""What is behind, above and below: meadow, room, beach, street, pasture."""
COATS: dict[int, tuple[Color, ...]] = {
    PERSON: ((60, 70, 120), (150, 50, 50), (210, 200, 190), (70, 110, 80)),
    CAT: ((206, 132, 62), (96, 96, 100), (52, 48, 46), (222, 212, 198)),
    DOG: ((150, 104, 62), (226, 196, 140), (62, 50, 42), (236, 230, 220)),
    HORSE: ((110, 66, 38), (70, 46, 34), (176, 124, 78), (210, 206, 200)),
    COW: ((232, 228, 222), (140, 82, 48), (54, 50, 50)),
    SHEEP: ((232, 226, 210), (214, 206, 190)),
}


class _Figure:
    """Strokes of one class in units of its height above its feet, facing right or left."""

    def __init__(self, canvas: Canvas, id: int) -> None:
        rng, self.canvas, self.id = canvas.rng, canvas, id
        self.size = rng.uniform(0.3, 0.62) * (1.1 if id in (PERSON, HORSE) else 0.85)
        self.x, self.base = rng.uniform(0.25, 0.75), rng.uniform(0.72, 0.96)
        self.facing = rng.choice([-1, 1])
        choices = COATS[id]
        self.coat = canvas.color(choices[rng.integers(len(choices))], 14)

    def _placed(self, x: float, y: float) -> Point:
        across = self.size * self.canvas.height / self.canvas.width
        return self.x + self.facing * x * across, self.base - y * self.size

    def polygon(self, *points: Point, color: Color | None = None) -> None:
        self.canvas.shape("polygon", [self._placed(*point) for point in points], color or self.coat, self.id)

    def ellipse(self, x: float, y: float, wide: float, high: float, color: Color | None = None) -> None:
        """Around its middle."""
        (left, top), (right, bottom) = self._placed(x - wide, y + high), self._placed(x + wide, y - high)
        corners = [(min(left, right), top), (max(left, right), bottom)]
        self.canvas.shape("ellipse", corners, color or self.coat, self.id)

    def legs(self, places: tuple[float, ...], top: float, wide: float, color: Color | None = None) -> None:
        for place in places:
            step = self.canvas.rng.uniform(-0.04, 0.04)
            left, right = place - wide, place + wide
            self.polygon((left, top), (right, top), (right + step, 0), (left + step, 0), color=color)

    def shade(self, share: float) -> Color:
        """The coat, darker or lighter."""
        red, green, blue = (min(255, int(part * share)) for part in self.coat)
        return red, green, blue


def meadow(seed: int, width: int = 320, height: int = 240) -> tuple[Image, Labels]:
    """Draw the picture of this seed, H x W x 3, and its H x W labels: one to three animals or people."""
    rng = np.random.default_rng(seed)
    canvas = Canvas(width, height, rng)
    above, below = GROUNDS[rng.integers(len(GROUNDS))]
    canvas.box(0, 0, 1, 1, canvas.color(above, 20), BACKGROUND)
    canvas.box(0, rng.uniform(0.4, 0.7), 1, 1, canvas.color(below, 20), BACKGROUND)
    for _ in range(rng.integers(2, 8)):  # things that are none of the classes
        x, y, wide, high = *rng.uniform(0, 1, 2), *rng.uniform(0.02, 0.14, 2)
        kind = ("ellipse", "rectangle")[rng.integers(2)]
        canvas.shape(kind, [(x, y), (x + wide, y + high)], canvas.color((130, 130, 110), 90), BACKGROUND)
    for number in range(rng.integers(1, 4)):
        id = 1 + (seed + number * int(rng.integers(1, 6))) % 6
        DRAWS[id](_Figure(canvas, id))
    picture = np.asarray(canvas.picture.filter(ImageFilter.GaussianBlur(0.7))).astype(np.float32)
    labels = np.array(canvas.labels)
    rough = (
        np.where(labels == SHEEP, 14, 6)[..., None]
        * gaussian_filter(rng.normal(0, 1.6, labels.shape), 0.8)[..., None]
    )
    return np.clip(picture * rng.uniform(0.75, 1.1) + rough, 0, 255).astype(np.uint8), labels


def _person(figure: _Figure) -> None:
    skin, trousers = figure.canvas.color((206, 162, 134), 34), figure.canvas.color((62, 62, 78), 30)
    figure.legs((-0.07, 0.07), 0.5, 0.055, trousers)
    figure.polygon((-0.15, 0.8), (0.15, 0.8), (0.11, 0.46), (-0.11, 0.46))
    for side in (-1, 1):
        swing = figure.canvas.rng.uniform(0.02, 0.16)
        elbow, hand = side * (0.15 + swing), side * (0.16 + swing)
        figure.polygon((side * 0.1, 0.8), (side * 0.16, 0.78), (hand, 0.46), (elbow - side * 0.05, 0.46))
        figure.ellipse(hand - side * 0.02, 0.45, 0.03, 0.03, skin)
    figure.polygon((-0.03, 0.84), (0.03, 0.84), (0.04, 0.78), (-0.04, 0.78), color=skin)
    figure.ellipse(0, 0.91, 0.075, 0.09, figure.canvas.color((70, 50, 36), 40))
    figure.ellipse(0.015, 0.895, 0.06, 0.075, skin)


def _cat(figure: _Figure) -> None:
    """Seated, with a tail around it, pointed ears and slit eyes."""
    figure.polygon((-0.2, 0.1), (-0.42, 0.14), (-0.5, 0.4), (-0.43, 0.41), (-0.36, 0.2), (-0.2, 0.2))
    figure.ellipse(-0.04, 0.24, 0.26, 0.26)
    figure.polygon((-0.2, 0.3), (-0.05, 0.66), (0.2, 0.66), (0.2, 0.0), (0.08, 0.0))
    figure.ellipse(0.1, 0.72, 0.19, 0.17)
    for left, tip, right in ((-0.08, -0.06, 0.06), (0.14, 0.27, 0.28)):
        figure.polygon((left, 0.8), (tip, 1.0), (right, 0.8))
    for eye in (0.04, 0.18):
        figure.ellipse(eye, 0.75, 0.03, 0.03, (176, 190, 70))
        figure.ellipse(eye, 0.75, 0.008, 0.028, (20, 20, 20))
    figure.ellipse(0.12, 0.67, 0.02, 0.014, (190, 120, 120))
    for stripe in (0.16, 0.28, 0.4):
        figure.ellipse(-0.16, stripe, 0.08, 0.02, figure.shade(0.75))


def _dog(figure: _Figure) -> None:
    """Standing, with a raised tail, hanging ears and a muzzle."""
    figure.legs((-0.34, -0.24, 0.2, 0.3), 0.5, 0.045)
    figure.ellipse(0, 0.52, 0.4, 0.17)
    figure.polygon((-0.36, 0.58), (-0.56, 0.82), (-0.5, 0.86), (-0.28, 0.64))
    figure.polygon((0.18, 0.58), (0.34, 0.86), (0.54, 0.78), (0.38, 0.46))
    figure.ellipse(0.44, 0.84, 0.15, 0.13)
    figure.ellipse(0.6, 0.79, 0.12, 0.07, figure.shade(1.12))
    figure.ellipse(0.71, 0.81, 0.025, 0.025, (24, 22, 22))
    figure.ellipse(0.47, 0.88, 0.02, 0.02, (24, 22, 22))
    figure.ellipse(0.35, 0.79, 0.06, 0.13, figure.shade(0.7))


def _horse(figure: _Figure) -> None:
    """Long legs, a long neck with a mane, and a hanging tail."""
    figure.polygon(
        (-0.38, 0.62), (-0.54, 0.52), (-0.56, 0.16), (-0.47, 0.2), (-0.42, 0.5), color=figure.shade(0.5)
    )
    figure.legs((-0.32, -0.22, 0.2, 0.29), 0.48, 0.035)
    figure.ellipse(0, 0.54, 0.4, 0.15)
    figure.polygon((0.14, 0.6), (0.36, 0.95), (0.5, 0.9), (0.38, 0.46))
    figure.polygon((0.34, 0.95), (0.46, 0.98), (0.72, 0.76), (0.66, 0.68), (0.42, 0.82))
    figure.polygon((0.12, 0.66), (0.34, 0.98), (0.4, 0.92), (0.24, 0.64), color=figure.shade(0.5))
    figure.polygon((0.37, 0.94), (0.41, 1.04), (0.45, 0.95))
    figure.ellipse(0.5, 0.88, 0.018, 0.018, (20, 18, 18))


def _cow(figure: _Figure) -> None:
    """A heavy body with patches, horns and an udder."""
    figure.legs((-0.38, -0.28, 0.22, 0.32), 0.4, 0.05)
    figure.polygon((-0.48, 0.76), (0.42, 0.76), (0.44, 0.36), (-0.46, 0.32))
    figure.ellipse(-0.2, 0.32, 0.09, 0.06, (226, 170, 164))
    figure.polygon((0.34, 0.78), (0.56, 0.86), (0.74, 0.6), (0.64, 0.52), (0.42, 0.52))
    figure.ellipse(0.71, 0.57, 0.06, 0.06, (214, 164, 152))
    figure.polygon((0.48, 0.84), (0.44, 0.96), (0.53, 0.86), color=(220, 214, 196))
    figure.ellipse(0.55, 0.76, 0.02, 0.02, (20, 18, 18))
    figure.polygon((-0.48, 0.74), (-0.54, 0.4), (-0.5, 0.4), (-0.44, 0.7))
    patch = (48, 44, 44) if sum(figure.coat) > 330 else (226, 222, 216)
    for _ in range(4):
        x, y = figure.canvas.rng.uniform(-0.32, 0.28), figure.canvas.rng.uniform(0.48, 0.64)
        figure.ellipse(x, y, 0.11, 0.09, patch)


def _sheep(figure: _Figure) -> None:
    """A cloud of wool with a dark face and thin legs."""
    dark = figure.canvas.color((54, 48, 44), 18)
    figure.legs((-0.26, -0.16, 0.16, 0.26), 0.36, 0.035, dark)
    for _ in range(16):
        x, y = figure.canvas.rng.uniform(-0.3, 0.3), figure.canvas.rng.uniform(0.42, 0.68)
        figure.ellipse(x, y, 0.17, 0.15)
    figure.ellipse(0.48, 0.68, 0.12, 0.15, dark)
    figure.ellipse(0.34, 0.74, 0.1, 0.04, dark)
    figure.ellipse(0.42, 0.84, 0.13, 0.07)


DRAWS = {PERSON: _person, CAT: _cat, DOG: _dog, HORSE: _horse, COW: _cow, SHEEP: _sheep}
"""By class."""
