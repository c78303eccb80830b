"""Photographs that a network made of a painted label map, beside what a segmentation found in them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
import numpy as np
from markupsafe import Markup

from segen import registry
from segen.evaluation.labels import LabelMetrics
from segen.imaging import images, png_text
from segen.imaging.labels import encode_labels, resize_labels
from segen.registry import ClassInfo, ModelCard
from segen.text import words
from segen.types import Image, Labels
from segen.ui.framework.component import component
from segen.ui.framework.data_uri import data_uri
from segen.ui.framework.figures import figure
from segen.ui.framework.templates import render
from segen.ui.tabs.segment.measure import difference

CHOICE_SIDE = 240
"""The longer side of the pictures to choose from."""
SAVED = ("photo", "painted", "found")
"""The pictures that can be saved, by their class in the page."""


@dataclass(frozen=True)
class Agreement:
    """How the segmentation of a photograph agrees with the map that it was made of; all from 0 to 1.

    `iou` is in the order of the classes that count, None for one that neither map has; the mean leaves these
    out, and unlabelled pixels count in nothing.
    """

    mean_iou: float
    pixel_accuracy: float
    iou: tuple[float | None, ...]


@dataclass(frozen=True)
class StreetResult:
    """A photograph of a painted map, H x W x 3, with its seed, and what was found again in it, H x W."""

    seed: int
    photo: Image
    found: Labels
    agreement: Agreement


def street_results_viewer(**options: Any) -> gr.HTML:
    """Photographs to choose from; its value is what `report` returns."""
    return component("street_results", elem_classes="street-results", min_height=64, **options)


def agreement(known: Sequence[ClassInfo], found: Labels, labels: Labels) -> Agreement:
    """How a segmentation agrees with a map of the same size that has a class in at least one pixel."""
    metrics = LabelMetrics(tuple(known))
    metrics.update(found, labels)
    values = metrics.compute()
    iou = tuple(values["iou"].get(name) for name in metrics.names)
    return Agreement(values["mean_iou"], values["pixel_accuracy"], iou)


def report(
    card: ModelCard, segmenter: ModelCard, labels: Labels, results: Sequence[StreetResult], language: str
) -> Markup:
    """The photographs of a painted map of any size as HTML, the first one chosen.

    Photograph and maps, palette PNGs of class ids, are shown as the very files that are saved, all of one
    size.
    """
    large = resize_labels(labels, *results[0].found.shape)
    return render(
        "tabs/translate/street_results.html",
        language=language,
        saved=SAVED,
        choices=[_choice(result) for result in results] if len(results) > 1 else [],
        painted=figure(_ids(card, large), words(language, "street.painted"), "painted"),
        results=[
            (result.seed, _figures(card, segmenter, large, result, number, language))
            for number, result in enumerate(results, 1)
        ],
        rows=_rows(card, results, language),
    )


def colors(card: ModelCard) -> Image:
    """The colour of each class id of a card's data set, n x 3."""
    known = registry.dataset_classes(card.dataset)
    return np.array(replace(card, classes=known).palette(), dtype=np.uint8)


def _ids(card: ModelCard, labels: Labels) -> str:
    palette = tuple((red, green, blue) for red, green, blue in colors(card).tolist())
    return data_uri(encode_labels(labels, palette), "image/png")


def _choice(result: StreetResult) -> dict[str, Any]:
    """What a photograph is chosen by: its seed, a small copy, and how well its map was found again."""
    small = images.encode(images.fit(result.photo, CHOICE_SIDE), "JPEG", quality=85)
    iou = f"{result.agreement.mean_iou:.3f}"
    return {"seed": result.seed, "source": data_uri(small, "image/jpeg"), "iou": iou}


def _figures(
    card: ModelCard, segmenter: ModelCard, labels: Labels, result: StreetResult, number: int, language: str
) -> list[Markup]:
    """What belongs to one photograph: itself, what was found in it, and where that differs from the map."""
    apart = images.encode(difference(result.photo, result.found, labels, card), "JPEG", quality=88)
    sources = {
        "photo": data_uri(png_text.marked(result.photo, "compositeWithTrainedAlgorithmicMedia"), "image/png"),
        "found": _ids(card, result.found),
        "apart": data_uri(apart, "image/jpeg"),
    }
    told = {"number": number, "seed": result.seed, "model": segmenter.title[language]}
    return [
        figure(source, words(language, f"street.{kind}", **told), kind) for kind, source in sources.items()
    ]


@dataclass(frozen=True)
class _Row:
    """A line of the table, a value for each photograph; a class has its colour, a mean has none."""

    name: str
    color: tuple[int, int, int] | None
    values: Sequence[float | None]


def _rows(card: ModelCard, results: Sequence[StreetResult], language: str) -> list[_Row]:
    """The means of each photograph, and the IoU of each class that any of the maps has."""
    agreements = [result.agreement for result in results]
    rows = [
        _Row(words(language, f"measure.{metric}"), None, [getattr(each, metric) for each in agreements])
        for metric in ("mean_iou", "pixel_accuracy")
    ]
    for place, known in enumerate(card.classes):
        values = [each.iou[place] for each in agreements]
        if any(value is not None for value in values):
            rows.append(_Row(known.title(language), known.color, values))
    return rows
