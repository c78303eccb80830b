"""Distances between sets of features, against what others compute and against what is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchmetrics.image.fid import _compute_fid
from torchmetrics.image.kid import poly_mmd

from segen.evaluation import distances


def features(count: int, shift: float = 0.0, seed: int = 0, width: int = 6) -> distances.Features:
    rng = np.random.default_rng(seed)
    return (rng.normal(shift, 1.0, (count, width)) ** 2).astype(np.float32)


def test_frechet_is_that_of_torchmetrics() -> None:
    first, second = features(300), features(200, 0.5, 1)
    parts = [torch.from_numpy(each).double() for each in (first, second)]
    theirs = _compute_fid(parts[0].mean(0), parts[0].T.cov(), parts[1].mean(0), parts[1].T.cov())
    assert distances.frechet(first, second) == pytest.approx(float(theirs), rel=1e-6)


def test_frechet_of_known_normals() -> None:
    points = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]], np.float32)
    assert distances.frechet(points, points) == pytest.approx(0, abs=1e-9)
    assert distances.frechet(points, points + 3) == pytest.approx(18)
    variance = 2 / 3
    assert distances.frechet(points, 2 * points) == pytest.approx(2 * variance * (1 + 4 - 4))


def test_frechet_falls_with_the_number_of_samples() -> None:
    real = features(4000, seed=1)
    found = [distances.frechet(features(count), real) for count in (20, 200, 2000)]
    assert found[0] > 2 * found[1] > 4 * found[2]


def test_kernel_is_the_unbiased_one_of_torchmetrics() -> None:
    first, second = features(1100), features(900, 0.3, 1)
    theirs = poly_mmd(torch.from_numpy(first[:900]).double(), torch.from_numpy(second).double())
    assert distances.kernel(first[:900], second)["value"] == pytest.approx(float(theirs), rel=1e-3)
    rows, columns = first.astype(np.float64), second.astype(np.float64)
    inner = ((rows @ rows.T / 6 + 1) ** 3, (columns @ columns.T / 6 + 1) ** 3)
    within = [(each.sum() - each.trace()) / (len(each) * (len(each) - 1)) for each in inner]
    exact = sum(within) - 2 * ((rows @ columns.T / 6 + 1) ** 3).mean()
    assert distances.kernel(first, second)["value"] == pytest.approx(exact, rel=1e-3)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    far = features(4000, 0.4, 99)
    truth = distances.kernel(features(4000, seed=98), far)["value"]
    hits = 0
    for seed in range(20):
        found = distances.kernel(features(150, seed=seed), features(150, 0.4, seed + 100))
        assert found["low"] < found["value"] < found["high"]
        hits += found["low"] <= truth <= found["high"]
    assert hits >= 16


def brute_force(first: np.ndarray, second: np.ndarray, weights: np.ndarray, others: np.ndarray) -> float:
    """The unbiased kernel distance of weighted pictures, pair by pair."""

    def mean(rows: np.ndarray, columns: np.ndarray, left: np.ndarray, right: np.ndarray, same: bool) -> float:
        pairs = [
            (left[i] * right[j], (float(rows[i] @ columns[j]) / rows.shape[1] + 1) ** 3)
            for i in range(len(rows))
            for j in range(len(columns))
            if not (same and i == j)
        ]
        return sum(weight * value for weight, value in pairs) / sum(weight for weight, _ in pairs)

    within = mean(first, first, weights, weights, True) + mean(second, second, others, others, True)
    return within - 2 * mean(first, second, weights, others, False)


def test_the_interval_of_a_ratio_is_that_of_pairs_drawn_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "RESAMPLED", 4)
    untouched, translated = features(8, 3.0), features(8, 1.5, 1)
    target, real = features(7, 0.0, 2), features(6, 0.0, 3)
    found = distances.gap_closed(translated, untouched, real, target)
    rng = np.random.default_rng(0)
    drawn, aimed, others = (rng.multinomial(n, np.full(n, 1 / n), 4) for n in (8, 7, 6))
    ratios = []
    for of_untouched, of_target, of_real in [
        (np.ones(8), np.ones(7), np.ones(6)),
        *zip(drawn, aimed, others, strict=True),
    ]:
        before, after, least = (
            brute_force(each, target, weights, of_target)
            for each, weights in ((untouched, of_untouched), (translated, of_untouched), (real, of_real))
        )
        ratios.append((before - after) / (before - least))
    low, high = np.quantile(ratios[1:], [0.025, 0.975])
    assert found == pytest.approx({"value": ratios[0], "low": low, "high": high}, rel=1e-4)


def test_a_gap_is_closed_by_as_much_as_is_closed() -> None:
    untouched, target, real = features(400, 2.0), features(400, 0.0, 1), features(400, 0.0, 2)
    assert distances.gap_closed(untouched, untouched, real, target) == {"value": 0, "low": 0, "high": 0}
    whole = distances.gap_closed(features(400, 0.0, 3), untouched, real, target)
    assert whole
    assert whole["low"] < 1 < whole["high"]
    assert whole["high"] - whole["low"] < 0.1


def test_no_share_is_told_of_a_gap_that_is_none() -> None:
    one, two, three, four = (features(200, seed=seed) for seed in range(4))
    assert distances.gap_closed(one, two, three, four) is None
    assert distances.gap_closed(one, two, two, two) is None


def test_intervals_that_overlap_show_no_difference() -> None:
    low, middle, high = ({"value": x, "low": x - 1.0, "high": x + 1.0} for x in (0.0, 1.5, 3.0))
    assert distances.differ(low, high)
    assert distances.differ(high, low)
    assert not distances.differ(low, middle)
    assert not distances.differ(middle, low)


def test_manifolds_tell_fidelity_from_coverage() -> None:
    real = np.concatenate([features(200), features(200, seed=1) + 50])
    one_half = features(200, seed=2)
    precision, recall = distances.precision_and_recall(one_half, real)
    assert precision > 0.8
    assert 0.3 < recall < 0.55
    assert distances.precision_and_recall(real + 1000, real) == (0, 0)
    assert distances.precision_and_recall(real, real) == (1, 1)


def test_copies_of_one_picture_are_not_diverse() -> None:
    assert distances.diversity(np.repeat(features(1), 50, axis=0)) == 0
    assert distances.diversity(2 * features(50)) == pytest.approx(2 * distances.diversity(features(50)))


def test_frechet_of_a_set_from_itself_is_never_below_nought() -> None:
    assert min(distances.frechet(features(9, seed=seed), features(9, seed=seed)) for seed in range(30)) >= 0


def test_one_seed_gives_one_interval() -> None:
    first, second = features(30), features(30, 0.3, 1)
    assert distances.kernel(first, second) == distances.kernel(first, second)
    assert distances.kernel(first, second)["low"] != distances.kernel(first, second, seed=1)["low"]


def test_a_manifold_reaches_to_the_third_neighbour() -> None:
    real = np.arange(4, dtype=np.float32)[:, None]
    generated = np.array([[5.5], [100], [200], [300]], np.float32)
    assert distances.precision_and_recall(generated, real) == (0.25, 1)


def test_diversity_is_the_mean_distance_of_two() -> None:
    points = np.random.default_rng(0).normal(size=(4000, 1)).astype(np.float32)
    assert distances.diversity(points) == pytest.approx(2 / np.sqrt(np.pi), abs=0.05)
