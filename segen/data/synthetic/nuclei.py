"""Microscope pictures of nuclei without a label: their contrast stretched, and masks that the code draws.

Both rest on what is known of such pictures in general, and on no label of any data set: most of a picture is
background, a nucleus differs from it in brightness, and nuclei are roundish, alike in size within a picture,
and seldom overlap by much.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from segen.types import Image

Mask = NDArray[np.uint8]
"""H x W, 255 inside of nuclei and 0 outside."""
FAINTEST = 8
"""Levels of 255 that a picture's contrast is stretched from at least, so that mere noise stays faint."""
GAMMA = 0.6
"""Below 1, so that dim nuclei beside bright ones do not drown."""
POINTS = 28
"""Corners of a drawn nucleus."""
TRIES = 8


def stretched(image: Image) -> NDArray[np.uint8]:
    """The picture as H x W grey with its contrast stretched to 0 to 255, nuclei bright on a dark ground.

    The 1st percentile becomes 0 and the 99.8th 255. Since most of such a picture is background, its median is
    background: where that is nearer to the bright end, as in stained tissue, the negative is taken first.
    """
    grey = image.mean(axis=2, dtype=np.float32)
    low, middle, high = np.percentile(grey, [1, 50, 99.8])
    if middle > (low + high) / 2:
        grey = 255 - grey
        low, high = np.percentile(grey, [1, 99.8])
    unit = np.clip((grey - low) / max(high - low, FAINTEST), 0, 1) ** GAMMA
    levels: NDArray[np.uint8] = np.rint(255 * unit).astype(np.uint8)
    return levels


def drawn_mask(seed: int, height: int = 256, width: int = 256) -> Mask:
    """The mask of a field of nuclei that is drawn at random: the same seed, the same mask.

    By chance, each within the limits that stand here: the typical radius and its spread, the share of the
    picture that nuclei cover, whether they gather in clusters, how long they are, and how uneven.
    """
    rng = np.random.default_rng(seed)
    canvas = Pillow.new("L", (width, height))
    pen = ImageDraw.Draw(canvas)
    typical = math.exp(rng.uniform(math.log(5), math.log(12)) + (rng.random() < 0.1) * rng.uniform(0.4, 0.9))
    covered = rng.choice([0.03, 0.07, 0.12, 0.18, 0.28]) * rng.uniform(0.6, 1.4)
    longest = rng.uniform(1.1, 1.9)
    count = max(1, round(covered * height * width / (math.pi * typical**2)))
    clusters = rng.uniform(0, 1, (rng.integers(1, 5), 2)) * (height, width)
    gathered = rng.choice([0.0, 0.0, 0.6, 0.9])
    reach = rng.uniform(2.5, 6) * typical
    places = np.zeros((0, 2))
    radii = np.zeros(0)
    for _ in range(count):
        radius = typical * rng.lognormal(0, 0.18)
        for _ in range(TRIES):
            place = rng.uniform(-0.02, 1.02, 2) * (height, width)
            if rng.random() < gathered:
                place = clusters[rng.integers(len(clusters))] + rng.normal(0, reach, 2)
            if (np.hypot(*(places - place).T) > 0.85 * (radii + radius)).all():
                break
        else:
            if rng.random() < 0.8:
                continue
        places, radii = np.vstack([places, place]), np.append(radii, radius)
        pen.polygon(_outline(rng, place, radius, rng.uniform(1, longest)), fill=255)
    return np.array(canvas)


def _outline(
    rng: np.random.Generator, place: NDArray[np.float64], radius: float, length: float
) -> list[tuple[float, float]]:
    """The corners, x and y, of an uneven ellipse of that mean radius, `length` times as long as wide."""
    angles = np.linspace(0, 2 * math.pi, POINTS, endpoint=False)
    uneven = np.ones(POINTS)
    for waves in (2, 3, 4, 5):
        uneven += rng.normal(0, 0.09 / waves) * np.cos(waves * angles + rng.uniform(0, 2 * math.pi))
    along = radius * math.sqrt(length) * uneven * np.cos(angles)
    aside = radius / math.sqrt(length) * uneven * np.sin(angles)
    turn = rng.uniform(0, math.pi)
    down = place[0] + along * math.sin(turn) + aside * math.cos(turn)
    across = place[1] + along * math.cos(turn) - aside * math.sin(turn)
    return list(zip(across.tolist(), down.tolist(), strict=True))
