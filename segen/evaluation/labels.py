"""How well every pixel's class is predicted, and the one definition of mean IoU."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segen.registry import ClassInfo
from segen.types import Labels

BLOCK_PIXELS = 4_000_000
"""Labels are counted in blocks of about this many pixels, so that large pictures need little memory."""


class LabelMetrics:
    """Metrics of predicted against true labels, from one confusion matrix over all pictures.

    Pixels whose true label is an ignored class, or no class at all (IGNORED), count in no metric, whatever
    is predicted there. A prediction that is no class is wrong.
    """

    def __init__(self, classes: tuple[ClassInfo, ...]) -> None:
        self.names = [known.name["en"] for known in classes if not known.ignored]
        count = len(self.names)
        self.pixels = np.zeros((count, count + 1), dtype=np.int64)  # true x predicted, no class last

    def update(self, predicted: Labels, labels: Labels) -> None:
        """Add one picture: both H x W, class ids."""
        blocks = -(-labels.size // BLOCK_PIXELS)
        for maps in zip(*(np.array_split(map.ravel(), blocks) for map in (predicted, labels)), strict=True):
            self._count(*maps)

    def _count(self, predicted: Labels, labels: Labels) -> None:
        true, columns = self.pixels.shape
        counted = labels < true
        columns_hit = np.minimum(predicted[counted], true).astype(np.int64)
        pairs = labels[counted].astype(np.int64) * columns + columns_hit
        self.pixels += np.bincount(pairs, minlength=self.pixels.size).reshape(true, columns)

    def compute(self) -> dict[str, Any]:
        """mean_iou, pixel_accuracy and mean_accuracy; iou, precision, recall and f1 by class name; 0 to 1.

        A class that neither labels nor prediction have stands in none of them, and so counts in no mean. A
        share of no pixels, such as the precision of a class that is never predicted, is 0.
        """
        right = np.diagonal(self.pixels)
        labelled, predicted = self.pixels.sum(axis=1), self.pixels.sum(axis=0)[:-1]
        present = labelled + predicted > 0

        def by_class(parts: NDArray[np.int64], wholes: NDArray[np.int64]) -> dict[str, float]:
            shares = parts / np.maximum(wholes, 1)
            return {
                name: float(share)
                for name, share, there in zip(self.names, shares, present, strict=True)
                if there
            }

        iou, recall = by_class(right, labelled + predicted - right), by_class(right, labelled)
        return {
            "mean_iou": _mean(iou),
            "iou": iou,
            "pixel_accuracy": float(right.sum() / max(self.pixels.sum(), 1)),
            "mean_accuracy": _mean(recall),
            "precision": by_class(right, predicted),
            "recall": recall,
            "f1": by_class(2 * right, labelled + predicted),
        }

    def flat(self) -> dict[str, float]:
        """The means and each class's IoU under one level of names, for a training log."""
        values = self.compute()
        means = {name: value for name, value in values.items() if isinstance(value, float)}
        return {**means, **{f"iou_{name}": value for name, value in values["iou"].items()}}


def _mean(by_class: dict[str, float]) -> float:
    return float(np.mean(list(by_class.values()))) if by_class else 0.0
