"""Engines that stand in for the real one: slow ones that count their steps, and one whose answer is known."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from segen.evaluation.unfamiliar import kind_classifier
from segen.types import (
    Attention,
    Instance,
    PooledFeatures,
    PooledFeaturesRequest,
    Run,
    Segmentation,
    SegmentRequest,
    Step,
    Translation,
)


class SlowEngine:
    """Stands in for the engine with a thousand steps of a third of a second, and counts them."""

    def __init__(self) -> None:
        self.steps = self.requests = 0
        self.closed = False

    def loaded(self) -> list[str]:
        return []

    def stream(self, name: str, request: SegmentRequest) -> Iterator[Step | Run[Segmentation]]:
        self.requests += 1
        try:
            for self.steps in range(1, 1001):
                time.sleep(0.3)
                yield Step(self.steps, 1000)
        finally:
            self.closed = True


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until it holds; two minutes at most, which is before a SlowEngine's work would be done."""
    for _ in range(1200):
        if holds():
            return
        time.sleep(0.1)
    pytest.fail("it did not come to hold within two minutes")


def assert_closed(engine: SlowEngine) -> None:
    """The engine is closed before its work is done."""
    wait_until(lambda: engine.closed)


class DrawingEngine(SlowEngine):
    """A slow engine whose every step has a picture of what there is so far; ten minutes in all."""

    def stream(self, name: str, request: Any) -> Iterator[Any]:
        self.requests += 1
        try:
            for self.steps in range(1, 1201):
                time.sleep(0.6)  # longer than a preview stays
                yield Step(self.steps, 1200, np.full((112, 112, 3), self.steps % 256, np.uint8))
        finally:
            self.closed = True


class KnownEngine:
    """Stands in for the engine with a result of everything that a card can give, the same for any picture.

    The left half is of class 1, the right one of class 0. Each position attends to the one opposite through
    the middle; the discriminator score rises from left to right; one instance is sure, and a second, half
    under it, is not.
    """

    rows, columns, stride = 16, 22, 16

    def __init__(self, *lacks: str) -> None:
        """Without what it `lacks`; from the answer of the number `holds_at` on it goes on for ever."""
        self.lacks, self.asked = lacks, 0
        self.holds_at: int | None = None

    def stream(self, name: str, request: SegmentRequest | PooledFeaturesRequest) -> Iterator[Any]:
        if isinstance(request, PooledFeaturesRequest):  # what kind of picture it is, which is not counted
            yield Run(PooledFeatures(kind_classifier().weights[0]), name, "cpu", 0.0, 0.0)
            return
        self.asked += 1
        while self.holds_at is not None and self.asked >= self.holds_at:
            time.sleep(0.1)
            yield Step(0, 1)
        height, width = request.image.shape[:2]
        probabilities = np.full((11, height, width), 0.02, np.float32)
        probabilities[0], probabilities[1, :, : width // 2] = 0.8, 0.9
        probabilities /= probabilities.sum(axis=0)
        opposite = np.eye(self.rows * self.columns, dtype=np.float32)[::-1]
        extras: dict[str, Any] = {
            "instances": (
                Instance(1, 0.9, (40, 40, 40, 20), np.ones((20, 40), bool)),
                Instance(1, 0.3, (60, 40, 40, 20), np.ones((20, 40), bool)),
            ),
            "attention": Attention(self.rows, self.columns, self.stride, np.ascontiguousarray(opposite)),
            "discriminator_score": np.tile(np.linspace(0, 1, width, dtype=np.float32), (height, 1)),
        }
        for each in self.lacks:
            del extras[each]
        yield Step(1, 1)
        value = Segmentation(probabilities.argmax(axis=0).astype(np.uint8), probabilities, **extras)
        yield Run(value, name, "cpu", 0.01, 0.0)


class QuickEngine:
    """Stands in for the engine: segments everything as class 0, and translates to the negative."""

    def stream(self, name: str, request: Any) -> Iterator[Any]:
        yield Step(1, 2)
        if isinstance(request, SegmentRequest):
            labels = np.zeros(request.image.shape[:2], np.uint8)
            yield Run(Segmentation(labels, np.ones((11, 1, 1), np.float32)), name, "cpu", 0.5, 0.0)
        else:
            yield Run(Translation(255 - request.image), name, "cpu", 0.25, 0.0)
