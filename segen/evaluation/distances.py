"""How far generated pictures are from real ones, in a space of features. No torch here.

A distance needs its features and its sample size named beside it: neither compares across them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]
"""N x d, one row for each picture."""
ROWS = 1_000
"""Kernels and distances are computed for so many rows at a time."""
NEIGHBOURS = 3
RESAMPLED = 500


def frechet(first: Features, second: Features) -> float:
    """The Frechet distance between the normal distributions fitted to both (Heusel et al. 2017), 0 or more.

    It falls with the number of samples even where nothing else changes, so that number belongs to it.
    """
    means = [each.mean(axis=0, dtype=np.float64) for each in (first, second)]
    # Of covariances A^T A and B^T B, the trace of their product's root is the sum of the singular values of
    # A B^T, and A's triangular factor can stand for A: exact and quick, for fewer pictures than numbers, too.
    factors: list[NDArray[np.float64]] = [
        np.asarray(np.linalg.qr((each - mean) / np.sqrt(len(each) - 1), mode="r"))
        for each, mean in zip((first, second), means, strict=True)
    ]
    roots = np.linalg.svd(factors[0] @ factors[1].T, compute_uv=False).sum()
    traces = sum((each**2).sum() for each in factors)
    return float(max(((means[0] - means[1]) ** 2).sum() + traces - 2 * roots, 0.0))


def kernel(first: Features, second: Features, seed: int = 0) -> dict[str, float]:
    """The kernel distance, {value, low, high}: low to high hold 95 % of RESAMPLED bootstrap samples.

    The squared maximum mean discrepancy with the cubic polynomial kernel (x . y / d + 1)^3, unbiased, over
    all pictures (KID, Binkowski et al. 2018, who average over subsets). It can fall below 0. A bootstrap
    sample leaves out pairs of one picture drawn twice.
    """
    rng = np.random.default_rng(seed)
    weights = []
    for each in (first, second):
        drawn = rng.multinomial(len(each), np.full(len(each), 1 / len(each)), RESAMPLED).T
        weights.append(np.hstack([np.ones((len(each), 1)), drawn]).astype(np.float32))
    values = _within(first, weights[0]) + _within(second, weights[1]) - 2 * _between(first, second, *weights)
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return {"value": float(values[0]), "low": float(low), "high": float(high)}


def _cubic(first: Features, second: Features) -> NDArray[np.float32]:
    cubic: NDArray[np.float32] = (first @ second.T / first.shape[1] + 1) ** 3
    return cubic


def _within(features: Features, weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """The mean kernel of two different pictures, for each column of weights."""
    itself = (np.einsum("nd,nd->n", features, features) / features.shape[1] + 1) ** 3
    squares = weights.astype(np.float64) ** 2
    pairs = squares.sum(axis=0)
    sums = _weighted(features, features, weights, weights) - itself @ squares
    means: NDArray[np.float64] = sums / (weights.sum(axis=0, dtype=np.float64) ** 2 - pairs)
    return means


def _between(
    first: Features, second: Features, weights: NDArray[np.float32], others: NDArray[np.float32]
) -> NDArray[np.float64]:
    """The mean kernel of a picture of either, for each column of weights."""
    return _weighted(first, second, weights, others) / (len(first) * len(second))


def _weighted(
    first: Features, second: Features, weights: NDArray[np.float32], others: NDArray[np.float32]
) -> NDArray[np.float64]:
    total = np.zeros(weights.shape[1])
    for rows in _blocks(len(first)):
        kernels = _cubic(first[rows], second)
        total += np.einsum("nb,nb->b", weights[rows], kernels @ others, dtype=np.float64)
    return total


def precision_and_recall(generated: Features, real: Features) -> tuple[float, float]:
    """The share of generated pictures within the manifold of the real ones, and the other way round, 0 to 1.

    Kynkaanniemi et al. 2019: a manifold is all that lies nearer to one of its pictures than that one's
    NEIGHBOURS-th nearest neighbour.
    """
    return _inside(generated, real), _inside(real, generated)


def _inside(points: Features, manifold: Features) -> float:
    radii = np.concatenate([
        np.partition(_squared(manifold[rows], manifold), NEIGHBOURS, axis=1)[:, NEIGHBOURS]
        for rows in _blocks(len(manifold))
    ])  # fmt: skip
    inside = [(_squared(points[rows], manifold) <= radii).any(axis=1) for rows in _blocks(len(points))]
    return float(np.concatenate(inside).mean())


def _squared(first: Features, second: Features) -> NDArray[np.float64]:
    """The squared distance of each row to each."""
    rows, columns = first.astype(np.float64), second.astype(np.float64)
    norms = (rows**2).sum(axis=1)[:, None] + (columns**2).sum(axis=1)
    squared: NDArray[np.float64] = np.maximum(norms - 2 * rows @ columns.T, 0)
    return squared


def diversity(features: Features) -> float:
    """The mean distance between two pictures, over as many pairs drawn by chance as there are pictures."""
    shuffled = np.random.default_rng(0).permutation(features)
    return float(np.linalg.norm(shuffled - np.roll(shuffled, 1, axis=0), axis=1).mean())


def _blocks(length: int) -> Iterator[slice]:
    return (slice(begin, begin + ROWS) for begin in range(0, length, ROWS))
