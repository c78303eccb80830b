"""Segmentation metrics by torchmetrics, set up the way the field reports them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassJaccardIndex

from segen.registry import ClassInfo


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
