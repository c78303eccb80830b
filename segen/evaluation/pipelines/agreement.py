"""Generate, then segment: how well a segmentation agrees with the map that its picture was made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segen import registry
from segen.evaluation.labels import LabelMetrics
from segen.evaluation.pipelines.recipe import IMAGE, Recipe
from segen.evaluation.pipelines.runner import Outcome
from segen.imaging.labels import THRESHOLD, resize_labels
from segen.imaging.palettes import nearest_classes
from segen.registry import ClassInfo
from segen.text import words
from segen.types import SURE, Image, Labels, Segmentation, TranslateRequest


@dataclass(frozen=True)
class Agreement:
    """A segmentation against the map that was asked for; shares are 0 to 1, unlabelled pixels left out.

    Where there are two classes, `asked` and `found` count things: connected parts, or the instances that the
    model is sure of. They are None otherwise.
    """

    pixel_accuracy: float
    mean_iou: float
    asked: int | None = None
    found: int | None = None

    def sentence(self, language: str) -> str:
        """The agreement in words."""
        values = {"share": f"{self.pixel_accuracy:.1%}", "iou": f"{self.mean_iou:.3f}"}
        said = words(language, "pipelines.agreement", **values)
        if self.asked is None:
            return said
        return said + " " + words(language, "pipelines.counts", asked=self.asked, found=self.found)


def agreement(recipe: Recipe, outcomes: Sequence[Outcome], index: int) -> Agreement | None:
    """How step `index` agrees with the map from which its picture was translated; None for any other step.

    A step that segments does, if its input is a translation that reads a label map of the same data set, or
    a black and white mask.
    """
    outcome, step = outcomes[index], recipe.steps[index]
    if not isinstance(outcome.value, Segmentation) or step.input == IMAGE:
        return None
    made = recipe.steps[step.input]
    given = outcomes[step.input].given
    if made.task != "translate" or made.card.dataset != step.card.dataset or given is None:
        return None
    known = registry.dataset_classes(step.card.dataset)
    reads = made.card.options.given[made.options.get("direction", TranslateRequest.direction)]
    asked = _asked(given, reads, known)
    if asked is None:
        return None
    metrics = LabelMetrics(known)
    metrics.update(outcome.value.labels, resize_labels(asked, *outcome.value.labels.shape))
    values: dict[str, Any] = metrics.compute()
    counts = (_parts(asked), _things(outcome.value)) if len(known) == 2 else (None, None)
    return Agreement(values["pixel_accuracy"], values["mean_iou"], *counts)


def _asked(given: Image, reads: str, known: tuple[ClassInfo, ...]) -> Labels | None:
    """The classes that a picture asks for, H x W; None where it is no map."""
    if reads == "labels":
        return nearest_classes(given, known)[0]
    return (given.mean(axis=2) >= THRESHOLD).astype(np.uint8) if reads == "grey" else None


def _parts(labels: Labels) -> int:
    from skimage import measure

    return int(measure.label(labels > 0, connectivity=2).max())  # type: ignore[no-untyped-call]


def _things(value: Segmentation) -> int:
    if value.instances is None:
        return _parts(value.labels)
    return sum(instance.score >= SURE for instance in value.instances)
