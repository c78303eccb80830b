"""The AP that StarDist and Cellpose report, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from segen.evaluation.matching import OVERLAPS, Matching
from segen.types import Instance


def square(x: int, y: int, width: int = 8, score: float = 0.9) -> Instance:
    return Instance(1, score, (x, y, width, 8), np.ones((8, width), np.bool_))


def numbered(count: int) -> np.ndarray:
    """Squares of 8 x 8, one below the other, with numbers that leave some out."""
    numbers = np.zeros((10 * count, 40), np.int32)
    for place in range(count):
        numbers[10 * place : 10 * place + 8, :8] = 3 * place + 2
    return numbers


def test_right_false_and_missed_are_counted_at_each_overlap() -> None:
    matching = Matching()
    # Of four: one met, one by 6 of 8 columns (an IoU of 0.75), two missed; and one is false.
    matching.update((square(0, 0), square(0, 10, 6), square(20, 20)), numbered(4))
    assert matching.compute() == pytest.approx({
        "0.5": 2 / (2 + 1 + 2), "0.6": 2 / 5, "0.7": 2 / 5, "0.8": 1 / (1 + 2 + 3), "0.9": 1 / 6,
    })  # fmt: skip
    # Sums go over all pictures: one more of one is found, and in the last nothing is to be found, nor is it.
    matching.update((square(0, 0),), numbered(1))
    matching.update((), np.zeros((5, 5), np.int32))
    assert matching.compute()["0.5"] == pytest.approx(3 / (3 + 1 + 2))


def test_an_instance_is_matched_once() -> None:
    matching = Matching()
    matching.update((square(0, 0), square(0, 0, score=0.5)), numbered(1))
    assert matching.compute() == pytest.approx({f"{least:g}": 1 / 2 for least in OVERLAPS})


def test_an_overlap_of_exactly_the_bound_is_enough() -> None:
    matching = Matching()
    matching.update((square(0, 0, 4),), numbered(1))
    assert matching.compute() == {"0.5": 1, "0.6": 0, "0.7": 0, "0.8": 0, "0.9": 0}
    crosswise = Matching()
    crosswise.update((square(0, 10, 4), square(30, 0)), numbered(2))
    assert crosswise.compute()["0.5"] == 1 / 3


def test_without_instances_nothing_is_measured() -> None:
    matching = Matching()
    matching.update((), np.zeros((5, 5), np.int32))
    assert set(matching.compute().values()) == {-1}
    matching.update((square(0, 0),), np.zeros((20, 20), np.int32))
    assert set(matching.compute().values()) == {0}
