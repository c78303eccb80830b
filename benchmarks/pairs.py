"""Two pieces of work timed in turn, so that a machine that slows down slows both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True)
class Ratio:
    """The median of the ratios first/second, and the median seconds of each."""

    ratio: float
    first: float
    second: float


def compare(first: Callable[[], object], second: Callable[[], object], rounds: int = 15) -> Ratio:
    """Run both once to warm up, then in turn `rounds` times."""
    times: tuple[list[float], list[float]] = ([], [])
    for counted in range(rounds + 1):
        for work, kept in zip((first, second), times, strict=True):
            began = perf_counter()
            work()
            if counted:
                kept.append(perf_counter() - began)
    ratios = [one / other for one, other in zip(*times, strict=True)]
    return Ratio(median(ratios), median(times[0]), median(times[1]))
