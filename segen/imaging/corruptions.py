"""Pictures as bad cameras, bad weather and bad light give them: seven corruptions at severities 1 to 5.

After ImageNet-C (Hendrycks and Dietterich 2019), whose strengths noise, blur, JPEG and low resolution keep.
We depart from it in that lengths scale with the picture, its shorter side counting as their 224 pixels; that
low resolution is smoothed on the way back where theirs shows blocks; that fog thickens with distance, by
Koschmieder's law on a depth that grows towards the top of the picture; and in rain and night, which it lacks.

One seed gives one pattern, the same drops and grains at every severity, so that strengths compare.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageFilter
from scipy.ndimage import gaussian_filter, uniform_filter1d

from segen.errors import InputError
from segen.imaging import images
from segen.types import Image

Light = NDArray[np.floating[Any]]
"""Brightness, 0 to 1."""

SEVERITIES = range(1, 6)


def noise(image: Image, severity: int, seed: int) -> Image:
    """Gaussian noise of a sensor in too little light."""
    deviation = (0.08, 0.12, 0.18, 0.26, 0.38)[severity - 1]
    grain = np.random.default_rng(seed).standard_normal(image.shape, np.float32)
    return _picture(_light(image) + deviation * grain)


def blur(image: Image, severity: int, seed: int) -> Image:
    """A lens out of focus: Gaussian blur. Nothing in it is random."""
    deviation = (1, 2, 3, 4, 6)[severity - 1] * _unit(image)
    return np.array(Pillow.fromarray(image).filter(ImageFilter.GaussianBlur(deviation)))


def fog(image: Image, severity: int, seed: int) -> Image:
    """Light is lost with distance and replaced by that of the air, in drifts of plasma noise."""
    density = (0.7, 1.1, 1.6, 2.3, 3.2)[severity - 1]
    height, width = image.shape[:2]
    depth = np.linspace(1, 0.25, height, dtype=np.float32)[:, None]
    drifts = 0.6 + 0.8 * _plasma(height, width, np.random.default_rng(seed))
    through = np.exp(-density * depth * drifts)[..., None]
    return _picture(_light(image) * through + 0.9 * (1 - through))


def rain(image: Image, severity: int, seed: int) -> Image:
    """Drops smeared along their fall, and the grey veil of those too far away to be distinguished."""
    drops, length, veil = (
        (0.002, 10, 0.10), (0.004, 12, 0.16), (0.007, 15, 0.22), (0.011, 18, 0.29), (0.016, 22, 0.36)
    )[severity - 1]  # fmt: skip
    height, width = image.shape[:2]
    unit = _unit(image)
    radius, fall = 0.4 * unit, max(1, round(length * unit))
    chance = np.random.default_rng(seed).random((height, width), np.float32)
    points = gaussian_filter((chance < drops / unit**2).astype(np.float32), radius)
    falling = uniform_filter1d(points, fall, axis=0, mode="wrap")
    rows, columns = np.ogrid[:height, :width]
    slanted = falling[rows, (columns + rows // 4) % width]
    # Scaled so that a single streak covers half of what is behind it.
    streaks = np.minimum(0.5 * math.sqrt(2 * math.pi) * radius * fall * slanted, 0.9)[..., None]
    behind = _light(image) * (1 - veil) + 0.55 * veil
    return _picture(behind * (1 - streaks) + 0.85 * streaks)


def night(image: Image, severity: int, seed: int) -> Image:
    """Little light, darkest in the shadows and bluish, with the grain of few photons."""
    exposure, photons = ((0.75, 900), (0.6, 500), (0.45, 300), (0.33, 180), (0.24, 100))[severity - 1]
    tint = np.array((0.75, 0.9, 1.15), dtype=np.float32)
    light = _light(image) ** 1.3 * exposure * tint
    grain = np.random.default_rng(seed).standard_normal(image.shape, np.float32)
    return _picture(light + np.sqrt(light / photons + 0.008**2) * grain)


def jpeg(image: Image, severity: int, seed: int) -> Image:
    """Compression to a small file. Nothing in it is random."""
    quality = (25, 18, 15, 10, 7)[severity - 1]
    return images.read(images.encode(image, "JPEG", quality=quality))


def low_resolution(image: Image, severity: int, seed: int) -> Image:
    """Scaled down and back. Nothing in it is random."""
    scale = (0.6, 0.5, 0.4, 0.3, 0.25)[severity - 1]
    height, width = image.shape[:2]
    small = images.resize(image, max(1, round(height * scale)), max(1, round(width * scale)))
    return images.resize(small, height, width)


CORRUPTIONS: dict[str, Callable[[Image, int, int], Image]] = {
    "noise": noise,
    "blur": blur,
    "fog": fog,
    "rain": rain,
    "night": night,
    "jpeg": jpeg,
    "low-resolution": low_resolution,
}
"""By name, functions of a picture of any size, H x W x 3 uint8 RGB, a severity from 1 to 5 and a seed; each
gives a new picture of the same size, the same one for the same arguments."""


@dataclass(frozen=True)
class Corruption:
    """One of CORRUPTIONS at one severity. Raises InputError for any other name or severity."""

    name: str
    severity: int

    def __post_init__(self) -> None:
        if self.name not in CORRUPTIONS:
            raise InputError("unknown_corruption", known=", ".join(CORRUPTIONS))
        if self.severity not in SEVERITIES:
            raise InputError("severity_out_of_range", least=SEVERITIES[0], most=SEVERITIES[-1])

    def __call__(self, image: Image, seed: int) -> Image:
        """The corrupted picture, as large as `image`."""
        return CORRUPTIONS[self.name](image, self.severity, seed)


def _unit(image: Image) -> float:
    """How many pixels stand for one of a picture whose shorter side has 224."""
    shorter: int = min(image.shape[:2])
    return shorter / 224


def _light(image: Image) -> Light:
    return image.astype(np.float32) / 255


def _picture(light: Light) -> Image:
    return np.rint(np.clip(light, 0, 1) * 255).astype(np.uint8)


def _plasma(height: int, width: int, rng: np.random.Generator) -> Light:
    """A smooth random field from 0 to 1: grids of chance, each twice as fine and half as strong."""
    field = np.zeros((height, width), dtype=np.float32)
    for octave in range(1, 7):
        grid = Pillow.fromarray(rng.random((2**octave, 2**octave), np.float32) / 2**octave)
        field += np.asarray(grid.resize((width, height), Pillow.Resampling.BICUBIC))
    spread: Light = (field - field.min()) / max(float(np.ptp(field)), 1e-6)
    return spread
