"""Photographs that a network made of a painted label map, beside what a segmentation found in them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import gradio as gr
import numpy as np

from segen import registry
from segen.imaging import images
from segen.registry import ClassInfo, ModelCard
from segen.text import words
from segen.types import Image, Labels
from segen.ui.framework.component import component
from segen.ui.framework.data_uri import data_uri
from segen.ui.framework.figures import figure, png
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
    return component("street_results", elem_classes="shots", min_height=64, **options)


def agreement(known: Sequence[ClassInfo], found: Labels, labels: Labels) -> Agreement:
    """How a segmentation agrees with a map of the same size that has a class in at least one pixel."""
    from segen.evaluation.metrics import LabelMetrics  # imports torch, which the page need not wait for

    metrics = LabelMetrics(tuple(known))
    metrics.update(found, labels)
    values = metrics.compute()
    iou = tuple(
        value if present else None
        for value, present in zip(values["iou"].values(), metrics.present(), strict=True)
    )
    mean = float(np.mean([value for value in iou if value is not None]))
    return Agreement(mean, values["pixel_accuracy"], iou)


def report(
    card: ModelCard, segmenter: ModelCard, labels: Labels, results: Sequence[StreetResult], language: str
) -> str:
    """The photographs of a painted map of any size as HTML, the first one chosen.

    Photograph and maps, palette PNGs of class ids, are shown as the very files that are saved, all of one
    size.
    """
    large = images.resize_labels(labels, *results[0].found.shape)
    groups = "".join(
        _group(card, segmenter, large, result, number, language) for number, result in enumerate(results)
    )
    painted = figure(_ids(card, large), words(language, "street.painted"), "painted")
    saves = "".join(
        f"<button type='button' data-save='{kind}'>{escape(words(language, f'street.save_{kind}'))}</button>"
        for kind in SAVED
    )
    return (
        f"{_choices(results, language)}<div class='pictures'>{painted}{groups}</div>"
        f"<div class='actions'>{saves}</div>{_table(card, results, language)}"
    )


def colors(card: ModelCard) -> Image:
    """The colour of each class id of a card's data set, n x 3."""
    known = registry.dataset_classes(card.dataset)
    return np.array(replace(card, classes=known).palette(), dtype=np.uint8)


def title(known: ClassInfo, language: str) -> str:
    """A class's name for people."""
    return known.name[language].replace("_", " ")


def _ids(card: ModelCard, labels: Labels) -> str:
    palette = tuple((red, green, blue) for red, green, blue in colors(card).tolist())
    return data_uri(images.encode_labels(labels, palette), "image/png")


def _choices(results: Sequence[StreetResult], language: str) -> str:
    """The photographs to choose from, if there are several."""
    if len(results) == 1:
        return ""
    buttons = ""
    for number, result in enumerate(results):
        small = data_uri(
            images.encode(images.fit(result.photo, CHOICE_SIDE), "JPEG", quality=85), "image/jpeg"
        )
        name = escape(words(language, "street.shot", number=number + 1, seed=result.seed))
        iou = escape(words(language, "street.iou", value=f"{result.agreement.mean_iou:.3f}"))
        buttons += (
            f"<button type='button' data-photo='{number}' aria-pressed='{'false' if number else 'true'}'>"
            f"<img alt='' src='{small}'><span>{name}</span><small>{iou}</small></button>"
        )
    label = escape(words(language, "street.choose"))
    return f"<div class='choices' role='group' aria-label='{label}'>{buttons}</div>"


def _group(
    card: ModelCard, segmenter: ModelCard, labels: Labels, result: StreetResult, number: int, language: str
) -> str:
    """What belongs to one photograph."""
    apart = images.encode(difference(result.photo, result.found, labels, card), "JPEG", quality=88)
    sources = {
        "photo": png(result.photo),
        "found": _ids(card, result.found),
        "apart": data_uri(apart, "image/jpeg"),
    }
    told = {"number": number + 1, "seed": result.seed, "model": segmenter.title[language]}
    figures = "".join(
        figure(source, words(language, f"street.{kind}", **told), kind) for kind, source in sources.items()
    )
    hidden = " hidden" if number else ""
    return f"<div class='result' data-of='{number}' data-seed='{result.seed}'{hidden}>{figures}</div>"


def _table(card: ModelCard, results: Sequence[StreetResult], language: str) -> str:
    """A column for each photograph: its means, and the IoU of each class that any of the maps has."""
    agreements = [result.agreement for result in results]
    corner = escape(words(language, "street.column"))
    heads = "".join(
        f"<th scope='col' {_column(number)}>{number + 1}</th>" for number in range(len(agreements))
    )
    rows = ""
    for metric in ("mean_iou", "pixel_accuracy"):
        name = escape(words(language, f"measure.{metric}"))
        rows += _row(f"<b>{name}</b>", [getattr(each, metric) for each in agreements])
    for place, known in enumerate(card.classes):
        values = [each.iou[place] for each in agreements]
        if any(value is not None for value in values):
            color = "rgb({}, {}, {})".format(*known.color)
            rows += _row(f"<i style='background: {color}'></i>{escape(title(known, language))}", values)
    return (
        f"<table><thead><tr><td>{corner}</td>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p>{escape(words(language, 'street.absent'))}</p>"
    )


def _row(head: str, values: Sequence[float | None]) -> str:
    cells = "".join(
        f"<td {_column(number)}>{'–' if value is None else f'{value:.3f}'}</td>"
        for number, value in enumerate(values)
    )
    return f"<tr><th scope='row'>{head}</th>{cells}</tr>"


def _column(number: int) -> str:
    return f"data-column='{number}' class='{'' if number else 'chosen'}'"
