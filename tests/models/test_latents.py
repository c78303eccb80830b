"""Latent vectors: seeds, great circles, truncation and principal directions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, truncnorm

from segen.models import latents


def test_a_seed_stands_for_its_own_numbers() -> None:
    together = latents.noise(range(40, 50), (7,))
    assert np.array_equal(latents.noise([45], (7,))[0], together[5])
    assert np.array_equal(latents.noise([49, 40], (7,)), together[[9, 0]])
    assert together.dtype == np.float32


def test_seeds_that_agree_in_their_low_bits_differ() -> None:
    seeds = [40, 40 + 2**32, 40 + 2**62, 2**63 - 1]
    assert len({vector.tobytes() for vector in latents.noise(seeds, (4,))}) == len(seeds)


def test_classes_are_drawn_alike_and_alone() -> None:
    drawn = latents.drawn_labels(range(5000), 10)
    assert latents.drawn_labels([77], 10) == drawn[77:78]
    assert np.bincount(drawn).min() > 400


def test_the_way_on_a_great_circle_keeps_its_length_and_pace() -> None:
    first = np.array([[2.0, 0.0], [1.0, 1.0]], np.float32)
    second = np.array([[0.0, 2.0], [1.0, 1.0]], np.float32)
    half = latents.spherical(first, second, 0.5)
    assert half[0] == pytest.approx([2**0.5, 2**0.5])
    assert half[1] == pytest.approx([1, 1]), "no way to go"
    third = latents.spherical(first, second, 1 / 3)[0]
    assert np.degrees(np.arctan2(third[1], third[0])) == pytest.approx(30, abs=1e-3)
    assert np.array_equal(latents.spherical(first, second, 0), first)
    assert latents.spherical(first, second, 1) == pytest.approx(second, abs=1e-6)


def test_the_way_between_opposites_is_no_accident() -> None:
    first = np.array([[1.0, 0.0]], np.float32)
    assert latents.spherical(first, -first, 0.25) == pytest.approx(np.array([[0.5, 0.0]]))


@pytest.mark.parametrize("threshold", [0.3, 1.0, 2.0])
def test_truncated_numbers_have_the_truncated_distribution(threshold: float) -> None:
    normal = latents.noise(range(50), (100,))
    found = latents.truncated(normal, threshold)
    assert np.abs(found).max() <= threshold
    assert kstest(found.ravel(), truncnorm(-threshold, threshold).cdf).pvalue > 0.001
    assert (np.diff(found.ravel()[np.argsort(normal.ravel())]) >= 0).all(), "ranks stay"


def test_a_wide_threshold_changes_nothing() -> None:
    normal = latents.noise(range(3), (100,))
    assert latents.truncated(normal, 8.0) == pytest.approx(normal, abs=1e-5)


def test_principal_directions_move_a_layer_most() -> None:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(30, 6)).astype(np.float32)
    directions, strengths = latents.principal(weights, 4)
    assert directions @ directions.T == pytest.approx(np.eye(4), abs=1e-5)
    assert np.linalg.norm(weights @ directions.T, axis=0) == pytest.approx(strengths, rel=1e-4)
    others = rng.normal(size=(6, 1000))
    assert np.linalg.norm(weights @ (others / np.linalg.norm(others, axis=0)), axis=0).max() <= strengths[0]
    assert (np.diff(strengths) <= 0).all()
