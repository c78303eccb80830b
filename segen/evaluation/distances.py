"""How far generated pictures are from real ones, in a space of features. No torch here.

A distance needs its features and its sample size named beside it: neither compares across them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]
"""N x d, one row for each picture."""
Weights = NDArray[np.float32]
"""N x b, how often each picture counts in each of b samples."""
ROWS = 1_000
"""Kernels and distances are computed for so many rows at a time."""
NEIGHBOURS = 3
RESAMPLED = 500


def frechet(first: Features, second: Features) -> float:
    """The squared Fréchet distance of the normal distributions fitted to both, 0 or more.

    As FID is (Heusel et al. 2017). It falls with the number of samples even where nothing else changes, so
    that number belongs to it.
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
    """The kernel distance of two sets, as `kernels` gives it."""
    return kernels([first], second, seed)[0]


def kernels(sets: Sequence[Features], second: Features, seed: int = 0) -> list[dict[str, float]]:
    """The kernel distance of each set to `second`, {value, low, high}: 95 % of RESAMPLED bootstrap samples.

    The squared maximum mean discrepancy with the cubic polynomial kernel (x . y / d + 1)^3, unbiased, over
    all pictures (KID, Binkowski et al. 2018, who average over subsets). It can fall below 0. A bootstrap
    sample leaves out pairs of one picture drawn twice.
    """
    rng = np.random.default_rng(seed)
    distance = _distance_to(second, _weights(rng, len(second)))
    return [_interval(distance(each, _weights(rng, len(each)))) for each in sets]


def gap_closed(
    translated: Features, untouched: Features, real: Features, target: Features
) -> dict[str, float] | None:
    """The share of a gap that translation closes, {value, low, high}: 0 is none, 1 all of it.

    The gap is how much farther from `target`, in kernel distance, `untouched` pictures are than `real` ones.
    `translated` are the untouched ones, row by row, so that a bootstrap sample draws both of a pair; the
    interval is that of the ratio. None where no gap is shown: where the interval of the gap holds nought,
    since a share of nothing is no number.
    """
    rng = np.random.default_rng(0)
    drawn, aimed, others = (_weights(rng, len(each)) for each in (untouched, target, real))
    distance = _distance_to(target, aimed)
    before, after, least = distance(untouched, drawn), distance(translated, drawn), distance(real, others)
    gap = before - least
    return _interval((before - after) / gap) if _interval(gap)["low"] > 0 else None


def differ(first: dict[str, float], second: dict[str, float]) -> bool:
    """Whether the intervals {low, high} of two figures lie apart; where they overlap, no rank is shown."""
    return first["high"] < second["low"] or second["high"] < first["low"]


def _weights(rng: np.random.Generator, count: int) -> Weights:
    """How often each picture counts: once in the first column, as drawn in each bootstrap sample after."""
    drawn = rng.multinomial(count, np.full(count, 1 / count), RESAMPLED).T
    return np.hstack([np.ones((count, 1)), drawn]).astype(np.float32)


def _interval(values: NDArray[np.float64]) -> dict[str, float]:
    """The first value, and what holds 95 % of the others."""
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return {"value": float(values[0]), "low": float(low), "high": float(high)}


def _distance_to(second: Features, others: Weights) -> Callable[[Features, Weights], NDArray[np.float64]]:
    """What gives the kernel distance of a set to `second` for each column of both weights."""
    within = _within(second, others)
    return lambda first, weights: (
        _within(first, weights) + within - 2 * _between(first, second, weights, others)
    )


def _cubic(first: Features, second: Features) -> NDArray[np.float32]:
    cubic: NDArray[np.float32] = (first @ second.T / first.shape[1] + 1) ** 3
    return cubic


def _within(features: Features, weights: Weights) -> NDArray[np.float64]:
    """The mean kernel of two different pictures, for each column of weights."""
    itself = (np.einsum("nd,nd->n", features, features) / features.shape[1] + 1) ** 3
    squares = weights.astype(np.float64) ** 2
    pairs = squares.sum(axis=0)
    sums = _weighted(features, features, weights, weights) - itself @ squares
    means: NDArray[np.float64] = sums / (weights.sum(axis=0, dtype=np.float64) ** 2 - pairs)
    return means


def _between(first: Features, second: Features, weights: Weights, others: Weights) -> NDArray[np.float64]:
    """The mean kernel of a picture of either, for each column of weights."""
    return _weighted(first, second, weights, others) / (len(first) * len(second))


def _weighted(first: Features, second: Features, weights: Weights, others: Weights) -> NDArray[np.float64]:
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
