"""Degrade a picture step by step, and see how long each network holds on to what it said of the clean one."""

from __future__ import annotations

import traceback
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import pandas as pd

from segen import errors, registry
from segen.errors import InputError, SegenError
from segen.evaluation.labels import LabelMetrics
from segen.imaging import export, images
from segen.imaging.corruptions import CORRUPTIONS, SEVERITIES, Corruption
from segen.registry import ModelCard, segmenters
from segen.text import words
from segen.types import Image, Labels, SegmentRequest
from segen.ui.framework.data_uri import data_uri
from segen.ui.framework.figures import figure
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Tab, Values, remember
from segen.ui.framework.queue import QUIET, on_device, picks, steps
from segen.ui.widgets.examples import OF_DATASET, STREETS
from segen.ui.widgets.gallery import gallery, gallery_input, on_choice
from segen.ui.widgets.picture import opened, picture_input

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "robustness"
SIDE = 640
"""The longer side, at most, of the picture that is degraded: networks work at no more."""
SHOWN_SIDE = 240
DEFAULT = ("fog",)
SEED = 0
"""Of every corruption, so that one picture is always degraded in the same way."""
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


def build(engine: Engine) -> Tab:
    """Lay out the tab inside the current gr.Tab."""
    names = [card.name for card in segmenters()]

    with gr.Row(elem_classes="work"):
        with gr.Column(scale=2, min_width=300):
            picture = picture_input(height=220, elem_id="robustness-picture")
            pick = gallery_input(elem_id="robustness-examples")
            kinds = gr.CheckboxGroup(
                list(CORRUPTIONS),
                value=list(DEFAULT),
                label=say("robustness.kinds"),
                elem_id="robustness-kinds",
            )
            chosen = gr.Dropdown(
                names,
                value=names[:1],
                multiselect=True,
                label=say("robustness.models"),
                elem_id="robustness-models",
            )
            with gr.Row():
                run = gr.Button(
                    say("robustness.run"), variant="primary", min_width=120, elem_id="robustness-run"
                )
                stop = gr.Button(say("page.stop"), interactive=False, min_width=80, elem_id="robustness-stop")
        with gr.Column(scale=5, min_width=300):
            told = gr.HTML(elem_classes="told", padding=False, elem_id="robustness-told")
            with gr.Row(visible=False, elem_id="robustness-plots") as row:
                plots = [gr.LinePlot(height=260, min_width=280, visible=False) for _ in CORRUPTIONS]
            strips = [
                gr.HTML(elem_classes="strip", padding=False, visible=False, elem_id=f"robustness-{kind}")
                for kind in CORRUPTIONS
            ]

    def degrade(
        file: Path | None,
        kinds: list[str],
        models: list[str],
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[dict[Any, Any], None, None]:
        language = language_of(request)
        hidden: dict[Any, Any] = {row: gr.Row(visible=False)}
        hidden |= {plot: gr.LinePlot(visible=False) for plot in plots}
        hidden |= {strip: gr.HTML("", visible=False) for strip in strips}
        picked = yield from opened(file, {picture: None, told: _empty(language), **hidden})
        if picked is None:
            return
        if not kinds or not models:
            yield {told: _empty(language), **hidden}
            raise InputError("nothing_chosen")
        corruptions = [kind for kind in CORRUPTIONS if kind in kinds]
        cards = [registry.card(name, "segment") for name in models]
        image = images.fit(picked[0], SIDE)
        total = len(cards) * (1 + len(SEVERITIES) * len(corruptions))
        count = 0
        yield {told: "", **hidden}

        def segmented(card: ModelCard, image: Image) -> Generator[dict[str, Any], None, Labels]:
            nonlocal count
            progress((count, total), desc=words(language, "page.working"))
            count += 1
            done = yield from steps(engine, card.name, SegmentRequest(image), progress, language)
            return done.value.labels

        clean: dict[str, Labels] = {}
        faults = []
        for card in cards:
            try:
                clean[card.name] = yield from segmented(card, image)
            except Exception as fault:  # the others go on
                if not isinstance(fault, SegenError):
                    traceback.print_exc()
                faults.append(f"{card.title[language]}: {errors.sentence(fault, language)}")
        cards = [card for card in cards if card.name in clean]
        yield {told: _told(faults, bool(cards), language)}
        if not cards:
            return

        # All lines start at once: a plot that is shown takes in no more of them.
        points = [Point(kind, 0, card, 1.0, 1.0) for kind in corruptions for card in cards]
        for kind in corruptions:
            strip = strips[list(CORRUPTIONS).index(kind)]
            columns = [_column(image, 0, kind, cards, clean, points, language)]
            for severity in SEVERITIES:
                degraded = Corruption(kind, severity)(image, SEED)
                found: dict[str, Labels] = {}
                for card in cards:
                    found[card.name] = yield from segmented(card, degraded)
                    likely = likeness(card, found[card.name], clean[card.name])
                    points.append(Point(kind, severity, card, *likely))
                columns.append(_column(degraded, severity, kind, cards, found, points, language))
                alone = len(cards) == 1  # then one plot shows all corruptions
                plot = plots[0 if alone else corruptions.index(kind)]
                shown = [point for point in points if alone or point.corruption == kind]
                yield {
                    row: gr.Row(visible=True),
                    plot: _plot(shown, language),
                    strip: gr.HTML(_strip(kind, columns, language), visible=True),
                }

    on_device(
        [picture.input, kinds.input, picks(chosen).change, run.click],
        degrade,
        [picture, kinds, chosen],
        [picture, told, row, *plots, *strips],
        stop=stop,
        shows=told,
    )
    on_choice(pick, picture, run)

    def describe(models: list[str], request: gr.Request) -> str:
        return _examples(models, language_of(request))

    chosen.change(describe, chosen, pick, **QUIET)
    remember(NAME, {"kinds": kinds, "models": chosen})

    def fill(link: Link, language: str) -> Values:
        picked = link.several("models", names, names[:1])
        titles = [(registry.card(name).title[language], name) for name in names]
        named = [(words(language, f"corruptions.{kind}"), kind) for kind in CORRUPTIONS]
        return {
            pick: _examples(picked, language),
            kinds: gr.CheckboxGroup(named, value=link.several("kinds", list(CORRUPTIONS), DEFAULT)),
            chosen: gr.Dropdown(titles, value=picked),
            told: _empty(language),
        }

    return Tab([pick, kinds, chosen, told], fill)


def likeness(card: ModelCard, found: Labels, clean: Labels) -> tuple[float, float]:
    """How much of the clean picture's labels is left, 0 to 1: mean IoU, and the share of pixels alike.

    Both maps are H x W. The mean goes over the classes that are in either map.
    """
    metrics = LabelMetrics(card.classes)
    metrics.update(found, clean)
    measured = metrics.compute()
    return measured["mean_iou"], measured["pixel_accuracy"]


def _examples(models: Sequence[str], language: str) -> str:
    dataset = registry.card(models[0]).dataset if models else ""
    return gallery(OF_DATASET.get(dataset, STREETS), language)


def _empty(language: str) -> str:
    return f"<p class='empty'>{escape(words(language, 'robustness.empty'))}</p>"


def _told(faults: Sequence[str], some: bool, language: str) -> str:
    """What the score is, if some network has one, and which networks have none, with the reason."""
    notices = "".join(f"<p class='notice' role='status'>{escape(fault)}</p>" for fault in faults)
    return notices + (f"<p>{escape(words(language, 'robustness.score'))}</p>" if some else "")


def _column(
    image: Image,
    severity: int,
    kind: str,
    cards: Sequence[ModelCard],
    found: dict[str, Labels],
    points: Sequence[Point],
    language: str,
) -> str:
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
        shown.append(figure(_source(export.overlay(card, image, found[card.name])), caption))
    return f"<div data-severity='{severity}'>{''.join(shown)}</div>"


def _source(image: Image) -> str:
    return data_uri(images.encode(images.fit(image, SHOWN_SIDE), "JPEG", quality=80), "image/jpeg")


def _strip(kind: str, columns: Sequence[str], language: str) -> str:
    title = escape(words(language, f"corruptions.{kind}"))
    return f"<h3>{title}</h3><div class='severities'>{''.join(columns)}</div>"


def _plot(points: Sequence[Point], language: str) -> gr.LinePlot:
    """IoU over severity: a line for each network, or of a single one for each corruption."""
    models = list(dict.fromkeys(point.card.title[language] for point in points))
    kinds = list(dict.fromkeys(words(language, f"corruptions.{point.corruption}") for point in points))
    alone = len(models) == 1
    lines = kinds if alone else models
    severity, iou, agreement = (
        words(language, f"robustness.{key}") for key in ("severities", "iou", "agreement")
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
        pd.DataFrame(rows, columns=[severity, iou, agreement, "line"]),
        x=severity,
        y=iou,
        color="line",
        color_map=dict(zip(lines, COLORS * len(lines), strict=False)),
        color_title="",
        title=models[0] if alone else kinds[0],
        x_axis_format="d",
        y_lim=[0, 1],
        tooltip=[agreement],
        visible=True,
    )
