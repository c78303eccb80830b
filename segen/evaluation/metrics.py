"""Segmentation metrics by torchmetrics, set up the way the field reports them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from scipy.spatial import KDTree
from torchmetrics import MetricCollection
from torchmetrics.classification import (
    BinaryROC,
    MulticlassAccuracy,
    MulticlassF1Score,
    MulticlassJaccardIndex,
    MulticlassPrecision,
    MulticlassRecall,
)
from torchmetrics.detection import MeanAveragePrecision
from torchmetrics.utilities.compute import auc

from segen.imaging.images import IGNORED
from segen.registry import ClassInfo
from segen.types import Instance

MAX_INSTANCES = 500
"""So many instances of a picture count, the surest."""
BLOCK_PIXELS = 4_000_000
"""Labels are counted in blocks of about this many pixels, so that large pictures need little memory."""
SAMPLED_SIDE = 1280
"""ROC curves and boundaries take every second, third … pixel of a picture with a longer side than this."""
TOLERANCE = 0.0075
"""How far apart boundaries may lie and still agree, as a share of the picture's diagonal."""


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
        nearest = _nearest(probabilities.shape[1:], labels.shape)
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
        ignored = next((known.id for known in classes if known.ignored), IGNORED)
        self.names = [known.name["en"] for known in counted]
        shared: dict[str, Any] = {
            "num_classes": len(counted), "ignore_index": ignored, "validate_args": False,
        }  # fmt: skip
        self.collection = MetricCollection(
            {
                "iou": MulticlassJaccardIndex(average="none", **shared),
                "pixel_accuracy": MulticlassAccuracy(average="micro", **shared),
                "mean_accuracy": MulticlassAccuracy(average="macro", **shared),
                "precision": MulticlassPrecision(average="none", **shared),
                "recall": MulticlassRecall(average="none", **shared),
                "f1": MulticlassF1Score(average="none", **shared),
            }
        )

    def update(self, predicted: np.ndarray, labels: np.ndarray) -> None:
        """Add one picture: both H x W, class ids."""
        blocks = -(-labels.size // BLOCK_PIXELS)
        for maps in zip(*(np.array_split(map.ravel(), blocks) for map in (predicted, labels)), strict=True):
            self.collection.update(*(torch.from_numpy(map.astype(np.int64)) for map in maps))

    def compute(self) -> dict[str, Any]:
        """mean_iou, pixel_accuracy and mean_accuracy; iou, precision, recall and f1 by class name.

        All are from 0 to 1; a class that neither labels nor prediction have stands at 0.
        """
        values = {name: value.double() for name, value in self.collection.compute().items()}

        def by_class(name: str) -> dict[str, float]:
            return dict(zip(self.names, values[name].tolist(), strict=True))

        return {
            "mean_iou": float(values["iou"].mean()),
            "iou": by_class("iou"),
            "pixel_accuracy": float(values["pixel_accuracy"]),
            "mean_accuracy": float(values["mean_accuracy"]),
            "precision": by_class("precision"),
            "recall": by_class("recall"),
            "f1": by_class("f1"),
        }

    def present(self) -> list[bool]:
        """Whether labels or prediction have each class, in order."""
        counts: Any = self.collection["f1"]
        present: list[bool] = (counts.tp + counts.fp + counts.fn > 0).tolist()
        return present

    def flat(self) -> dict[str, float]:
        """The means and each class's IoU under one level of names, for a training log."""
        values = self.compute()
        means = {name: value for name, value in values.items() if isinstance(value, float)}
        return {**means, **{f"iou_{name}": value for name, value in values["iou"].items()}}


class InstanceMetrics:
    """Average precision of the masks of instances by COCO's evaluation, up to MAX_INSTANCES a picture."""

    def __init__(self) -> None:
        self.precision = MeanAveragePrecision(
            iou_type="segm", max_detection_thresholds=[1, 100, MAX_INSTANCES], extended_summary=True
        )

    def update(self, found: tuple[Instance, ...], numbers: np.ndarray) -> None:
        """Add one picture: what was found, and the H x W numbers of the true instances, 0 being none.

        The true instances are of class 1.
        """
        true = np.unique(numbers[numbers > 0])
        masks = np.zeros((len(found), *numbers.shape), np.bool_)
        for mask, instance in zip(masks, found, strict=True):
            x, y, across, down = instance.box
            mask[y : y + down, x : x + across] = instance.mask
        predicted = {
            "masks": torch.from_numpy(masks),
            "scores": torch.tensor([instance.score for instance in found]),
            "labels": torch.tensor([instance.class_id for instance in found], dtype=torch.int64),
        }
        labelled = {
            "masks": torch.from_numpy(numbers == true[:, None, None]),
            "labels": torch.ones(len(true), dtype=torch.int64),
        }
        self.precision.update([predicted], [labelled])

    def compute(self) -> dict[str, float]:
        """mask_ap_50, at an IoU of 0.5, and mask_ap, over 0.5 to 0.95; 0 to 1, -1 with no true instance."""
        # Precision by IoU, recall, class, area (the first being all) and number of detections.
        by_iou = self.precision.compute()["precision"][:, :, :, 0, -1].double()
        known = by_iou > -1
        return {
            "mask_ap_50": float(by_iou[0][known[0]].mean()) if known[0].any() else -1.0,
            "mask_ap": float(by_iou[known].mean()) if known.any() else -1.0,
        }


class Roc:
    """How well the probability of the second of two classes tells the two apart, at any threshold.

    Counts are kept at fixed thresholds, whatever the number of pixels. They lie close together near 0 and
    1, where the probabilities of a sure network lie; the first lets all pixels through, the last none.
    """

    LOGITS = torch.linspace(-12, 12, 201)

    def __init__(self, classes: tuple[ClassInfo, ...]) -> None:
        ignored = next((known.id for known in classes if known.ignored), IGNORED)
        thresholds = torch.cat([torch.tensor([0.0]), self.LOGITS.sigmoid(), torch.tensor([1.1])])
        self.roc = BinaryROC(thresholds=thresholds, ignore_index=ignored, validate_args=False)

    def update(self, probabilities: np.ndarray, labels: np.ndarray) -> None:
        """Add one picture: 2 x h x w, summing to 1 over both, and H x W true class ids.

        Where the two differ in size, a pixel takes the probability nearest to it; of a picture whose
        sides exceed SAMPLED_SIDE, every second, third … pixel counts.
        """
        step = _step(labels.shape)
        likely = probabilities[1][_nearest(probabilities.shape[1:], labels.shape, step)]
        truth = labels[::step, ::step].astype(np.int64)
        self.roc.update(torch.from_numpy(likely.clip(0, 1).ravel()), torch.from_numpy(truth.ravel()))

    def curve(self) -> list[tuple[float, float]]:
        """False and true positive rate, 0 to 1, rising; empty unless the labels have both classes."""
        points = np.stack([rate.numpy() for rate in self._rates()], axis=1)
        return [(x, y) for x, y in np.unique(points, axis=0).tolist()]

    def area(self) -> float | None:
        """The area under the curve, 0.5 for chance and 1 for apart; None without both classes."""
        false, true = self._rates()
        return float(auc(false, true)) if len(false) else None

    def _rates(self) -> tuple[torch.Tensor, torch.Tensor]:
        positives = self.roc.confmat[0].sum(dim=1)
        if not positives.all():
            return torch.zeros(0), torch.zeros(0)
        false, true, _ = self.roc.compute()
        return false, true


def boundary_f1(predicted: np.ndarray, labels: np.ndarray, count: int) -> list[float | None]:
    """How well the boundary of each class, 0 to `count` - 1, is met: its F1, 0 to 1 (Csurka et al. 2013).

    `predicted` and `labels` are H x W, class ids; pixels labelled `count` or more are ignored, and so are
    the picture's edges. A pixel of one boundary is right if the other has one within TOLERANCE. None for
    a class with no boundary in either. Sides beyond SAMPLED_SIDE are sampled.
    """
    step = _step(labels.shape)
    predicted, labels = predicted[::step, ::step], labels[::step, ::step]
    tolerance = TOLERANCE * math.hypot(*labels.shape)
    counted = labels < count
    scores: list[float | None] = []
    for id in range(count):
        found, true = (_boundary(map == id, counted) for map in (predicted, labels))
        if not len(found) or not len(true):
            scores.append(0.0 if len(found) or len(true) else None)
            continue
        precision, recall = (
            float((KDTree(others).query(points)[0] <= tolerance).mean())
            for points, others in ((found, true), (true, found))
        )
        scores.append(2 * precision * recall / max(precision + recall, 1e-12))
    return scores


def _boundary(inside: NDArray[np.bool_], counted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """n x 2 places of the pixels inside that have a direct neighbour outside, where both are counted."""
    return np.argwhere(binary_dilation(counted & ~inside) & counted & inside)


def _step(shape: tuple[int, ...]) -> int:
    return -(-max(shape) // SAMPLED_SIDE)


def _nearest(
    working: tuple[int, ...], shape: tuple[int, ...], step: int = 1
) -> tuple[NDArray[np.int64], ...]:
    """Index a `working` map by the pixels of a map of `shape`, or every `step`-th of them each way."""
    rows, columns = (
        (np.arange(0, side, step) * 2 + 1) * small // (2 * side)
        for small, side in zip(working, shape, strict=True)
    )
    return np.ix_(rows, columns)


@dataclass(frozen=True)
class ClassScores:
    """How well one class is found; all from 0 to 1. `boundary_f1` is None where it has no boundary."""

    iou: float
    precision: float
    recall: float
    f1: float
    boundary_f1: float | None


@dataclass(frozen=True)
class Scores:
    """How one segmentation agrees with a reference; all from 0 to 1.

    `by_class` is in the order of the classes that count, None for one that neither has; the means leave
    these out. `auc_roc` and `roc`, its curve as (false, true positive rate), are for two classes, and
    None and empty unless the reference has both.
    """

    mean_iou: float
    pixel_accuracy: float
    boundary_f1: float | None
    by_class: tuple[ClassScores | None, ...]
    auc_roc: float | None
    roc: list[tuple[float, float]]


def measure(
    classes: tuple[ClassInfo, ...], predicted: np.ndarray, probabilities: np.ndarray, labels: np.ndarray
) -> Scores:
    """Compare a segmentation of one picture with its reference.

    `predicted` and `labels` are H x W ids of `classes`, at least one pixel not ignored in `labels`;
    `probabilities` are C x h x w, as in Segmentation.
    """
    metrics = LabelMetrics(classes)
    metrics.update(predicted, labels)
    measured, count = metrics.compute(), len(metrics.names)
    parts = (measured[name].values() for name in ("iou", "precision", "recall", "f1"))
    rows = zip(metrics.present(), *parts, boundary_f1(predicted, labels, count), strict=True)
    by_class = tuple(ClassScores(*values) if present else None for present, *values in rows)
    found = [scores for scores in by_class if scores]
    boundaries = [scores.boundary_f1 for scores in found if scores.boundary_f1 is not None]
    roc = Roc(classes)
    if count == 2:
        roc.update(probabilities, labels)
    return Scores(
        mean_iou=float(np.mean([scores.iou for scores in found])),
        pixel_accuracy=measured["pixel_accuracy"],
        boundary_f1=float(np.mean(boundaries)) if boundaries else None,
        by_class=by_class,
        auc_roc=roc.area(),
        roc=roc.curve(),
    )
