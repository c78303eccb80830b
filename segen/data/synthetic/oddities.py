"""Pictures of nothing: noise and textures, unlike what any network here has learned."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from segen.types import Image

HEIGHT, WIDTH = 360, 480


def noise(seed: int) -> Iterator[Image]:
    """Uniform and normal, in colour and in grey, fine and coarse."""
    random = np.random.default_rng(seed)
    yield random.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    yield grey(random.integers(0, 256, (HEIGHT, WIDTH)))
    for spread in (20, 60):
        yield np.clip(random.normal(128, spread, (HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8)
    coarse = random.integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
    yield np.array(Pillow.fromarray(coarse).resize((WIDTH, HEIGHT), Pillow.Resampling.NEAREST))


def textures(seed: int) -> Iterator[Image]:
    """Stripes, a chequerboard, a ramp, a flat grey, a flat colour, and blobs in grey and in colour."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for period in random.uniform(6, 80, 2):
        yield grey(127 + 127 * np.sin(x * 2 * np.pi / period))
    side = int(random.integers(6, 48))
    yield grey(255 * ((x // side + y // side) % 2))
    yield grey(255 * (x / WIDTH) ** random.uniform(0.5, 2))
    yield grey(np.full((HEIGHT, WIDTH), random.integers(0, 256)))
    yield np.full((HEIGHT, WIDTH, 3), random.integers(0, 256, 3), np.uint8)
    for size in (1, 4, 20):
        yield grey(_blobs(random, size))
    for size in (1, 4):
        yield np.stack([_blobs(random, size) for _ in range(3)], axis=-1)


def grey(values: NDArray[np.generic]) -> Image:
    """H x W x 3 uint8 of H x W values, cut to 0 to 255."""
    levels = np.clip(values.astype(float), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.repeat(levels[..., None], 3, axis=2))


def _blobs(random: np.random.Generator, size: int) -> NDArray[np.uint8]:
    values = random.normal(size=(6 + size, 8 + size))
    levels = ((values - values.min()) / np.ptp(values) * 255).astype(np.uint8)
    return np.array(Pillow.fromarray(levels).resize((WIDTH, HEIGHT), Pillow.Resampling.BICUBIC))
