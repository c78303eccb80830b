"""What is left of a network's answer as a picture is degraded: its likeness, a plot, a strip of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import gradio as gr
import pandas as pd
from markupsafe import Markup

from segen.evaluation.labels import LabelMetrics
from segen.imaging import images
from segen.registry import ModelCard
from segen.text import words
from segen.types import Image, Labels
from segen.ui.framework.data_uri import data_uri
from segen.ui.framework.figures import figure
from segen.ui.framework.templates import render
from segen.ui.tabs.segment.overlays import outlined

SHOWN_SIDE = 240
COLORS = ("#0d9488", "#d97706", "#7c6ee6", "#dc2658", "#3b82c4", "#6f9a1f", "#b45fc9", "#8a6d4b", "#64748b")
"""Of the lines, told apart on light and on dark."""


@dataclass(frozen=True)
class Point:
    """What a degraded picture left of a network's answer (`likeness`); `severity` 0 is the clean picture."""

    corruption: str
    severity: int
    card: ModelCard
    iou: float
    agreement: float


def likeness(card: ModelCard, found: Labels, clean: Labels) -> tuple[float, float]:
    """How much of the clean picture's labels is left, 0 to 1: mean IoU, and the share of pixels alike.

    Both maps are H x W. The mean goes over the classes that are in either map.
    """
    metrics = LabelMetrics(card.classes)
    metrics.update(found, clean)
    measured = metrics.compute()
    return measured["mean_iou"], measured["pixel_accuracy"]


def told(faults: Sequence[str], some: bool, language: str) -> Markup:
    """What the score is, if some network has one, and which networks have none, with the reason."""
    return render("tabs/segment/degraded.html", faults=faults, some=some, language=language)


def column(
    image: Image,
    severity: int,
    kind: str,
    cards: Sequence[ModelCard],
    found: dict[str, Labels],
    points: Sequence[Point],
    language: str,
) -> Markup:
    """The picture at one severity over what each of the networks made of it, with their scores."""
    scores = {
        point.card.name: point for point in points if (point.corruption, point.severity) == (kind, severity)
    }
    key = "severity" if severity else "clean"
    shown = [figure(_source(image), words(language, f"robustness.{key}", severity=severity), "degraded")]
    for card in cards:
        point = scores[card.name]
        caption = words(
            language,
            "robustness.point",
            model=card.title[language],
            iou=f"{point.iou:.2f}",
            agreement=f"{point.agreement:.0%}",
        )
        shown.append(figure(_source(outlined(card, image, found[card.name])), caption))
    return Markup("<div data-severity='{}'>{}</div>").format(severity, Markup().join(shown))


def _source(image: Image) -> str:
    return data_uri(images.encode(images.fit(image, SHOWN_SIDE), "JPEG", quality=80), "image/jpeg")


def strip(kind: str, columns: Sequence[Markup], language: str) -> Markup:
    """The columns of a corruption side by side, from the clean picture on."""
    title = words(language, f"corruptions.{kind}")
    return Markup("<h3>{}</h3><div class='severities'>{}</div>").format(title, Markup().join(columns))


def plot(points: Sequence[Point], language: str) -> gr.LinePlot:
    """IoU over severity: a line for each network, or of a single one for each corruption."""
    models = list(dict.fromkeys(point.card.title[language] for point in points))
    kinds = list(dict.fromkeys(words(language, f"corruptions.{point.corruption}") for point in points))
    alone = len(models) == 1
    lines = kinds if alone else models
    severity, iou, agreement, line = (
        words(language, f"robustness.{key}")
        for key in ("severities", "iou", "agreement", "kinds" if alone else "models")
    )
    rows = [
        (
            point.severity,
            round(point.iou, 3),
            f"{point.agreement:.1%}",
            words(language, f"corruptions.{point.corruption}") if alone else point.card.title[language],
        )
        for point in points
    ]
    return gr.LinePlot(
        pd.DataFrame(rows, columns=[severity, iou, agreement, line]),
        x=severity,
        y=iou,
        color=line,
        color_map=dict(zip(lines, COLORS * len(lines), strict=False)),
        color_title="",
        title=models[0] if alone else kinds[0],
        x_axis_format="d",
        y_lim=[0, 1],
        tooltip=[agreement],
        visible=True,
    )
