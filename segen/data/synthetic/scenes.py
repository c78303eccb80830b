"""Scenes that the code draws, with their true labels: free to ship, endless to train on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import ImageDraw, ImageFilter
from scipy.ndimage import gaussian_filter

from segen.data.synthetic import animals
from segen.data.synthetic.canvas import Canvas
from segen.registry import dataset_classes
from segen.types import Image, Labels

CLASSES = dataset_classes("camvid")
"""The classes of a street, those of CamVid."""

SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST, UNLABELLED = range(12)


def street(seed: int, width: int = 480, height: int = 360) -> tuple[Image, Labels]:
    """Draw the street of this seed: an H x W x 3 picture and its H x W labels, ids of CLASSES."""
    rng = np.random.default_rng(seed)
    canvas = Canvas(width, height, rng)
    horizon = rng.uniform(0.42, 0.52)
    vanish = rng.uniform(0.4, 0.6)
    _sky(canvas, horizon)
    _buildings(canvas, horizon)
    _ground(canvas, horizon, vanish)
    for _ in range(rng.integers(2, 5)):
        _tree(canvas, horizon)
    if rng.random() < 0.6:
        _fence(canvas, horizon)
    for draw, most in ((_car, 4), (_pole, 4), (_pedestrian, 4), (_bicyclist, 2)):
        for _ in range(rng.integers(1, most + 1)):
            draw(canvas, horizon)
    picture = np.asarray(canvas.picture.filter(ImageFilter.GaussianBlur(0.6))).astype(np.float32)
    labels = np.array(canvas.labels)
    rough = ROUGHNESS[labels][..., None] * gaussian_filter(rng.normal(0, 2, labels.shape), 0.7)[..., None]
    lit = picture * rng.uniform(0.8, 1.05) + rough
    return np.clip(lit, 0, 255).astype(np.uint8), labels


ROUGHNESS = np.array([0.3, 4, 2, 3, 4, 28, 2, 4, 2, 3, 3, 3], dtype=np.float32)
"""How strong the texture of each class is, by id: leaves are rough, the sky is smooth."""


def _sky(canvas: Canvas, horizon: float) -> None:
    top, low = np.array(canvas.color((190, 212, 238))), np.array((238, 243, 248))
    for row in range(int(horizon * canvas.height) + 1):
        share = row / (horizon * canvas.height)
        red, green, blue = (top * (1 - share) + low * share).astype(int)
        ImageDraw.Draw(canvas.picture).line([(0, row), (canvas.width, row)], fill=(red, green, blue))
    for _ in range(canvas.rng.integers(1, 5)):
        x, y = canvas.rng.uniform(0, 1), canvas.rng.uniform(0.02, horizon * 0.5)
        for _ in range(4):
            dx, dy = canvas.rng.normal(0, 0.04), canvas.rng.normal(0, 0.01)
            canvas.shape("ellipse", [(x + dx, y + dy), (x + dx + 0.12, y + dy + 0.05)], (245, 247, 250), SKY)


def _buildings(canvas: Canvas, horizon: float) -> None:
    left = -0.05
    while left < 1:
        right = left + canvas.rng.uniform(0.12, 0.28)
        middle = abs((left + right) / 2 - 0.5) * 2
        top = horizon - canvas.rng.uniform(0.05, 0.2) - 0.22 * middle
        wall = canvas.color((142, 118, 100), 20)
        canvas.box(left, top, right, horizon + 0.06, wall, BUILDING)
        pane = canvas.color((70, 85, 105))
        for x in np.arange(left + 0.02, right - 0.02, 0.045):
            for y in np.arange(top + 0.03, horizon - 0.02, 0.06):
                canvas.box(x, y, x + 0.02, y + 0.03, pane, BUILDING)
        left = right + canvas.rng.choice([0.0, 0.0, 0.06])


def _ground(canvas: Canvas, horizon: float, vanish: float) -> None:
    canvas.box(0, horizon, 1, 1, canvas.color((146, 134, 126), 6), PAVEMENT)
    near = [(-0.1, 1.0), (vanish - 0.03, horizon), (vanish + 0.03, horizon), (1.1, 1.0)]
    kerb = [(x + (0.02 if x > 0.5 else -0.02) * (y > 0.9), y) for x, y in near]
    canvas.shape("polygon", kerb, canvas.color((190, 186, 178), 4), PAVEMENT)
    canvas.shape("polygon", near, canvas.color((88, 88, 93), 4), ROAD)
    for share in np.geomspace(0.02, 0.7, 7):
        y = horizon + (1 - horizon) * share
        x = vanish + (0.5 - vanish) * share
        width, length = 0.012 * share, 0.05 * share
        canvas.box(x - width, y, x + width, y + length, (225, 225, 220), ROAD)


def _tree(canvas: Canvas, horizon: float) -> None:
    x = canvas.rng.choice([canvas.rng.uniform(0, 0.25), canvas.rng.uniform(0.75, 1)])
    base = horizon + canvas.rng.uniform(0.02, 0.1)
    canvas.box(x - 0.008, base - 0.2, x + 0.008, base, canvas.color((95, 70, 50)), TREE)
    for _ in range(9):
        dx, dy, size = (
            canvas.rng.normal(0, 0.035),
            canvas.rng.normal(-0.24, 0.05),
            canvas.rng.uniform(0.03, 0.07),
        )
        corners = [(x + dx - size, base + dy - size), (x + dx + size, base + dy + size)]
        canvas.shape("ellipse", corners, canvas.color((74, 92, 58), 16), TREE)


def _fence(canvas: Canvas, horizon: float) -> None:
    left = canvas.rng.choice([-0.02, 0.72])
    color, y = canvas.color((120, 115, 110)), horizon + canvas.rng.uniform(0.03, 0.08)
    for rail in (0.0, 0.025, 0.05):
        canvas.box(left, y + rail, left + 0.3, y + rail + 0.012, color, FENCE)
    for post in np.arange(left, left + 0.3, 0.02):
        canvas.box(post, y - 0.01, post + 0.006, y + 0.07, color, FENCE)


def _car(canvas: Canvas, horizon: float) -> None:
    size = canvas.rng.uniform(0.08, 0.17)
    x, base = canvas.rng.uniform(0.05, 0.95), horizon + 0.02 + size * 0.9
    paints = ((40, 42, 48), (150, 30, 30), (35, 55, 110), (165, 168, 172), (60, 75, 65))
    paint = canvas.color(paints[canvas.rng.integers(len(paints))])
    shadow = [(x - size * 0.85, base - size * 0.18), (x + size * 0.85, base + size * 0.06)]
    canvas.shape("ellipse", shadow, (45, 45, 48), ROAD)
    body = [(-0.8, -0.2), (-0.8, -0.48), (-0.55, -0.56), (-0.38, -0.9), (0.3, -0.9), (0.52, -0.56),
            (0.8, -0.46), (0.8, -0.2)]  # fmt: skip
    canvas.shape("polygon", [(x + dx * size, base + dy * size) for dx, dy in body], paint, CAR)
    for pane in ([(-0.47, -0.57), (-0.34, -0.83), (-0.06, -0.83), (-0.06, -0.57)],
                 [(0.0, -0.57), (0.0, -0.83), (0.26, -0.83), (0.42, -0.57)]):  # fmt: skip
        canvas.shape("polygon", [(x + dx * size, base + dy * size) for dx, dy in pane], (65, 78, 90), CAR)
    canvas.box(x + size * 0.7, base - size * 0.42, x + size * 0.8, base - size * 0.34, (235, 225, 190), CAR)
    for wheel in (-0.5, 0.5):
        for radius, color in ((0.17, (22, 22, 24)), (0.08, (150, 150, 155))):
            center, middle = x + wheel * size, base - size * 0.17
            corners = [(center - radius * size, middle - radius * size * 1.3),
                       (center + radius * size, middle + radius * size * 1.3)]  # fmt: skip
            canvas.shape("ellipse", corners, color, CAR)


def _pole(canvas: Canvas, horizon: float) -> None:
    x = canvas.rng.choice([canvas.rng.uniform(0.02, 0.35), canvas.rng.uniform(0.65, 0.98)])
    base, top = horizon + canvas.rng.uniform(0.04, 0.14), horizon - canvas.rng.uniform(0.12, 0.35)
    canvas.box(x - 0.004, top, x + 0.004, base, canvas.color((110, 112, 115)), POLE)
    if canvas.rng.random() < 0.7:
        face = canvas.color(((200, 40, 40), (40, 70, 180), (230, 190, 40))[canvas.rng.integers(3)])
        canvas.shape("ellipse", [(x - 0.02, top - 0.01), (x + 0.02, top + 0.045)], face, SIGN)


def _figure(canvas: Canvas, x: float, base: float, size: float, id: int) -> None:
    coat, legs, skin = (
        canvas.color((58, 55, 66), 30),
        canvas.color((38, 40, 52), 10),
        canvas.color((196, 156, 132)),
    )
    for foot in (-0.07, 0.05):
        left, right = x + foot * size, x + (foot + 0.05) * size
        canvas.shape("polygon", [(left, base), (x - size * 0.06, base - size * 0.5),
                                 (x + size * 0.06, base - size * 0.5), (right, base)], legs, id)  # fmt: skip
    torso = [(-0.08, -0.46), (-0.13, -0.6), (-0.1, -0.82), (0.1, -0.82), (0.13, -0.6), (0.08, -0.46)]
    canvas.shape("polygon", [(x + dx * size, base + dy * size) for dx, dy in torso], coat, id)
    canvas.shape("ellipse", [(x - size * 0.05, base - size), (x + size * 0.05, base - size * 0.83)], skin, id)


def _pedestrian(canvas: Canvas, horizon: float) -> None:
    x = canvas.rng.choice([canvas.rng.uniform(0.02, 0.25), canvas.rng.uniform(0.75, 0.98)])
    size = canvas.rng.uniform(0.1, 0.22)
    _figure(canvas, x, horizon + size * 0.75, size, PEDESTRIAN)


def _bicyclist(canvas: Canvas, horizon: float) -> None:
    size = canvas.rng.uniform(0.1, 0.2)
    x, base = canvas.rng.uniform(0.15, 0.85), horizon + size * 0.8
    for wheel in (-0.3, 0.3):
        center = x + wheel * size
        for rim, color in ((0.0, (40, 40, 44)), (0.03, (96, 96, 100))):
            corners = [(center - size * (0.18 - rim), base - size * (0.42 - rim)),
                       (center + size * (0.18 - rim), base - size * rim)]  # fmt: skip
            canvas.shape("ellipse", corners, color, BICYCLIST)
    frame = [
        (x - size * 0.3, base - size * 0.2),
        (x, base - size * 0.45),
        (x + size * 0.3, base - size * 0.2),
    ]
    canvas.shape("polygon", frame, (50, 52, 60), BICYCLIST)
    _figure(canvas, x, base - size * 0.2, size * 0.95, BICYCLIST)


def nuclei(seed: int, width: int = 256, height: int = 256) -> tuple[Image, Labels]:
    """Draw the field of stained nuclei of this seed: H x W x 3, and H x W labels, 1 where a nucleus is."""
    image, numbers = numbered_nuclei(seed, width, height)
    return image, (numbers > 0).astype(np.uint8)


def numbered_nuclei(seed: int, width: int = 256, height: int = 256) -> tuple[Image, NDArray[np.int32]]:
    """Draw the same field with the number of the nucleus at each pixel, H x W, 0 being none.

    A nucleus covers those with lower numbers. One seed in four gives purple nuclei on pale tissue, the others
    bright ones in the dark.
    """
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    numbers = np.zeros((height, width), dtype=np.int32)
    light = np.zeros((height, width), dtype=np.float32)
    spread = rng.uniform(5, 12)
    for number in range(1, rng.integers(5, 40) + 1):
        y, x = rng.uniform(0, height), rng.uniform(0, width)
        long, short = spread * rng.uniform(0.8, 1.4), spread * rng.uniform(0.6, 1.0)
        turn = rng.uniform(0, np.pi)
        along = (across - x) * np.cos(turn) + (down - y) * np.sin(turn)
        aside = (down - y) * np.cos(turn) - (across - x) * np.sin(turn)
        distance = (along / long) ** 2 + (aside / short) ** 2
        numbers[distance < 1] = number
        light = np.maximum(light, rng.uniform(0.35, 1.0) / (1 + np.exp(np.minimum(8 * (distance - 1), 50))))
    grain = rng.normal(0, 1, (height, width)).astype(np.float32)
    uneven = light * (1 + 0.1 * grain) + 0.03 + 0.01 * grain
    dark, bright = ((235, 215, 230), (110, 60, 140)) if rng.random() < 0.25 else ((0, 0, 0), (200, 200, 200))
    picture = np.array(dark) + (np.array(bright) - np.array(dark)) * uneven[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8), numbers


DRAWN = {"camvid": street, "animals": animals.meadow, "nuclei": nuclei}
"""What draws pictures and labels like those of a data set, from a seed, a width and a height."""
DRAWN_INSTANCES = {"nuclei": numbered_nuclei}
"""The same where each thing has a number."""
