"""Segmentation metrics by torchmetrics, set up the way the field reports them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassJaccardIndex

from segen.registry import ClassInfo


class Calibration:
    """Whether the network is as sure as it is right: expected calibration error, and the bins behind it.

    Pixels are binned by confidence, the probability of their predicted class, in bins of equal width; the
    error is the mean over the pixels of how far their bin's confidence is from its share of right pixels
    (Guo et al. 2017). Sums are kept by bin, whatever the number of pictures: torchmetrics'
    MulticlassCalibrationError keeps every pixel and counts in float32, which ends at 2^24, fewer than
    CamVid's val has. A test compares the two on what fits.
    """

    BINS = 15

    def __init__(self, classes: tuple[ClassInfo, ...]) -> None:
        self.learned = sum(not known.ignored for known in classes)
        self.pixels, self.confidence, self.right = np.zeros((3, self.BINS))

    def update(self, probabilities: np.ndarray, labels: np.ndarray) -> None:
        """Add one picture: C x h x w, summing to 1 over C, and H x W true class ids.

        Where the two differ in size, a pixel takes the probabilities nearest to it. Pixels of an ignored
        class do not count.
        """
        rows, columns = (
            (np.arange(side) * 2 + 1) * working // (2 * side)
            for side, working in zip(labels.shape, probabilities.shape[1:], strict=True)
        )
        nearest = np.ix_(rows, columns)
        counted = labels < self.learned
        confidence = probabilities.max(axis=0)[nearest][counted]
        right = probabilities.argmax(axis=0)[nearest][counted] == labels[counted]
        bins = np.minimum((confidence * self.BINS).astype(np.int64), self.BINS - 1)
        self.pixels += np.bincount(bins, minlength=self.BINS)
        self.confidence += np.bincount(bins, confidence, self.BINS)
        self.right += np.bincount(bins, right, self.BINS)

    def error(self) -> float:
        """The expected calibration error, 0 (as sure as right) to 1."""
        return float(np.abs(self.confidence - self.right).sum() / max(self.pixels.sum(), 1))

    def bins(self) -> list[dict[str, float]]:
        """The reliability diagram: {confidence, accuracy, share}, 0 to 1, of each bin that has pixels."""
        filled = self.pixels > 0
        pixels = self.pixels[filled]
        parts = self.confidence[filled] / pixels, self.right[filled] / pixels, pixels / pixels.sum()
        names = ("confidence", "accuracy", "share")
        return [dict(zip(names, part, strict=True)) for part in np.stack(parts, axis=1).tolist()]


class LabelMetrics:
    """Metrics of predicted against true labels, from one confusion matrix over all pictures.

    Pixels whose true label is an ignored class count in no metric, whatever is predicted there.
    """

    def __init__(self, classes: tuple[ClassInfo, ...]) -> None:
        counted = [known for known in classes if not known.ignored]
        ignored = next((known.id for known in classes if known.ignored), None)
        self.names = [known.name["en"] for known in counted]
        shared: dict[str, Any] = {
            "num_classes": len(counted), "ignore_index": ignored, "validate_args": False,
        }  # fmt: skip
        self.collection = MetricCollection(
            {
                "iou": MulticlassJaccardIndex(average="none", **shared),
                "pixel_accuracy": MulticlassAccuracy(average="micro", **shared),
                "mean_accuracy": MulticlassAccuracy(average="macro", **shared),
            }
        )

    def update(self, predicted: np.ndarray, labels: np.ndarray) -> None:
        """Add one picture: both H x W, class ids."""
        self.collection.update(
            torch.from_numpy(predicted.astype(np.int64)), torch.from_numpy(labels.astype(np.int64))
        )

    def compute(self) -> dict[str, Any]:
        """mean_iou, iou by class name, pixel_accuracy and mean_accuracy, all from 0 to 1."""
        values = self.collection.compute()
        iou = values["iou"].double()
        return {
            "mean_iou": float(iou.mean()),
            "iou": dict(zip(self.names, iou.tolist(), strict=True)),
            "pixel_accuracy": float(values["pixel_accuracy"]),
            "mean_accuracy": float(values["mean_accuracy"]),
        }

    def flat(self) -> dict[str, float]:
        """The same numbers under one level of names, for a training log."""
        values = self.compute()
        by_class = values.pop("iou")
        return {**values, **{f"iou_{name}": value for name, value in by_class.items()}}
