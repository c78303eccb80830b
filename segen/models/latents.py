"""Latent vectors: drawn from seeds, walked between, truncated, and the directions that matter. No torch here.

Every picture has random numbers of its own, by NumPy's PCG64: PyTorch's Mersenne twister reads the low 32
bits of a seed only, so that 40 and 2^32 + 40 would give one picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from segen.registry import ModelCard, check_labels

Latents = NDArray[np.float32]
"""N x d, one latent vector for each picture."""


def noise(seeds: Sequence[int], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Standard normal numbers, N x `shape`: what each seed, 0 to 2^63 - 1, stands for.

    A seed's numbers do not depend on the other seeds.
    """
    drawn = np.empty((len(seeds), *shape), dtype=np.float32)
    for row, seed in zip(drawn, seeds, strict=True):
        row[...] = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    return drawn


def drawn_labels(seeds: Sequence[int], classes: int) -> list[int]:
    """A class of 0 to `classes` - 1 for each seed, all alike likely, independent of the seed's noise."""
    return [int(np.random.default_rng((seed, classes)).integers(classes)) for seed in seeds]


def labels_of(card: ModelCard, seeds: Sequence[int], label: int | None) -> tuple[int, ...] | None:
    """The class of each picture: the one asked for, else drawn from the seed; None for a card without.

    Raises InputError as `check_labels` does.
    """
    if label is not None:
        check_labels(card, (label,))
        return (label,) * len(seeds)
    return tuple(drawn_labels(seeds, len(card.classes))) if card.conditional else None


def spherical(first: Latents, second: Latents, share: float) -> Latents:
    """The vectors a `share` of the way, 0 to 1, from `first` to `second`, both N x d, along great circles.

    Shoemake 1985; White 2016 for latent space: on the straight line between two normal vectors lie shorter
    ones than a network has ever seen. Vectors that point the same way, or exactly apart, go straight.
    """
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosine = (first * second).sum(axis=1) / np.maximum(lengths, np.finfo(np.float32).tiny)
    angle = np.arccos(np.clip(cosine, -1, 1))[:, None]
    sine = np.sin(angle)
    straight = sine < 1e-6
    safe = np.where(straight, 1, sine)
    start = np.where(straight, 1 - share, np.sin((1 - share) * angle) / safe)
    end = np.where(straight, share, np.sin(share * angle) / safe)
    return np.asarray(start * first + end * second, dtype=np.float32)


def truncated(latents: Latents, threshold: float) -> Latents:
    """Bring standard normal numbers into [-threshold, threshold], threshold > 0: more typical, less varied.

    The truncation trick of Brock, Donahue and Simonyan 2019. We depart from it in mapping each number by its
    rank, so that it has the truncated normal distribution, rather than drawing anew until it fits: a seed's
    picture then changes smoothly with the threshold.
    """
    least = ndtr(-threshold)
    ranks = least + ndtr(latents.astype(np.float64)) * (1 - 2 * least)
    found: Latents = np.clip(ndtri(ranks), -threshold, threshold).astype(np.float32)
    return found


def principal(weights: NDArray[np.float32], count: int) -> tuple[Latents, NDArray[np.float32]]:
    """The `count` directions, k x d of length 1, that move a first layer's output most, and how much.

    SeFa, Shen and Zhou 2021: the eigenvectors of the transpose of A times A of the greatest eigenvalues, A
    being the layer's `weights`, m x d. A direction's sign is free; its greatest number is made positive.
    """
    matrix = weights.astype(np.float64)
    values, vectors = np.linalg.eigh(matrix.T @ matrix)
    directions = vectors.T[::-1][:count]
    greatest = np.abs(directions).argmax(axis=1)[:, None]
    directions = directions * np.sign(np.take_along_axis(directions, greatest, axis=1))
    return directions.astype(np.float32), np.sqrt(np.maximum(values[::-1][:count], 0)).astype(np.float32)
