"""One segmentation compared with its reference in every way that the page shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segen.evaluation.boundaries import boundary_f1
from segen.evaluation.labels import LabelMetrics
from segen.evaluation.roc import Roc
from segen.registry import ClassInfo
from segen.types import Labels


@dataclass(frozen=True)
class ClassScores:
    """How well one class is found; all from 0 to 1. `boundary_f1` is None where it has no boundary."""

    iou: float
    precision: float
    recall: float
    f1: float
    boundary_f1: float | None


@dataclass(frozen=True)
class Constant:
    """What calling every pixel by the reference's commonest class, `class_id`, would score; 0 to 1."""

    class_id: int
    mean_iou: float
    pixel_accuracy: float


@dataclass(frozen=True)
class Scores:
    """How one segmentation agrees with a reference; all from 0 to 1.

    `by_class` is in the order of the classes that count, None for one that neither has; the means leave
    these out. `auc_roc` and `roc`, its curve as (false, true positive rate), are for two classes, and
    None and empty unless the reference has both. `constant` is what any result must exceed.
    """

    mean_iou: float
    pixel_accuracy: float
    boundary_f1: float | None
    by_class: tuple[ClassScores | None, ...]
    auc_roc: float | None
    roc: list[tuple[float, float]]
    constant: Constant


def compare(
    classes: tuple[ClassInfo, ...], predicted: np.ndarray, probabilities: np.ndarray, labels: np.ndarray
) -> Scores:
    """Compare a segmentation of one picture with its reference.

    `predicted` and `labels` are H x W ids of `classes`, at least one pixel not ignored in `labels`;
    `probabilities` are C x h x w, as in Segmentation.
    """
    metrics = LabelMetrics(classes)
    metrics.update(predicted, labels)
    measured, count = metrics.compute(), len(metrics.names)
    parts = ("iou", "precision", "recall", "f1")
    by_class = tuple(
        ClassScores(boundary_f1=boundary, **{part: measured[part][name] for part in parts})
        if name in measured["iou"]
        else None
        for name, boundary in zip(metrics.names, boundary_f1(predicted, labels, count), strict=True)
    )
    boundaries = [scores.boundary_f1 for scores in by_class if scores and scores.boundary_f1 is not None]
    roc = Roc()
    if count == 2:
        roc.update(probabilities, labels)
    return Scores(
        mean_iou=measured["mean_iou"],
        pixel_accuracy=measured["pixel_accuracy"],
        boundary_f1=float(np.mean(boundaries)) if boundaries else None,
        by_class=by_class,
        auc_roc=roc.area(),
        roc=roc.curve(),
        constant=constant(classes, labels),
    )


def constant(classes: tuple[ClassInfo, ...], labels: Labels) -> Constant:
    """Score the commonest class of `labels`, H x W with at least one pixel not ignored, as a prediction."""
    metrics = LabelMetrics(classes)
    counts = np.bincount(labels.ravel(), minlength=len(metrics.names))[: len(metrics.names)]
    commonest = int(counts.argmax())
    metrics.update(np.full_like(labels, commonest), labels)
    measured = metrics.compute()
    return Constant(commonest, measured["mean_iou"], measured["pixel_accuracy"])
