"""How good a result is: the panel that measures it against a reference mask."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from segen import registry
from segen.errors import InputError
from segen.evaluation.scores import Scores, compare
from segen.imaging import images
from segen.imaging.labels import read_labels
from segen.registry import ClassInfo, ModelCard
from segen.text import words
from segen.types import Image, Labels, SegmentRequest
from segen.ui.framework.data_uri import data_uri
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Values
from segen.ui.framework.queue import QUIET, READING, on_device, press, steps
from segen.ui.framework.templates import render
from segen.ui.tabs.segment.formulas import formulas
from segen.ui.tabs.segment.shared import Shared, card_and_picture
from segen.ui.widgets.examples import drawn_labels
from segen.ui.widgets.picture import Picture

if TYPE_CHECKING:
    from segen.engine import Engine

COLUMNS = ("iou", "precision", "recall", "f1", "boundary_f1")
"""What the table shows of each class: fields of ClassScores."""
DIFFERENCE_SIDE = 960
"""The longer side of the picture of differences, at most."""
WRONG, IGNORED = (224, 36, 36), (24, 24, 28)
"""The colours of pixels that differ, and of those that count in no metric."""


class MeasurePanel:
    """The panel, closed at first, for what `model` makes of the shared picture.

    `drawn` takes a drawing's true labels for the reference: it is for the caller to make it usable where
    `drawn_labels` knows some.
    """

    def __init__(self, engine: Engine, shared: Shared, model: gr.Dropdown, stop: gr.Button) -> None:
        self.engine = engine
        with gr.Accordion(say("measure.title"), open=False, elem_id="segment-measure"):
            gr.Markdown(say("measure.help"), elem_classes="help")
            with gr.Row():
                self.reference = Picture(
                    label=say("measure.reference"),
                    sources=["upload"],
                    format="png",
                    buttons=[],
                    height=180,
                    min_width=220,
                    elem_id="measure-reference",
                )
                with gr.Column(min_width=220):
                    self.drawn = gr.Button(say("measure.drawn"), interactive=False, elem_id="measure-drawn")
                    run = gr.Button(say("measure.run"), variant="primary", elem_id="measure-run")
            self.scores = gr.HTML(elem_classes="scores", padding=False, elem_id="measure-scores")
            with gr.Column(visible=False, elem_id="measure-roc") as self.curve:
                self.line = gr.LinePlot(height=320)
            formulas(("iou", "f1", "auc_roc"))

        shown = [self.scores, self.curve, self.line]
        picture = shared.picture
        inputs = [picture, self.reference, model]
        on_device(
            [self.reference.upload, run.click], self.measure, inputs, shown, stop=stop, shows=self.scores
        )
        self.drawn.click(_take, [picture, model], self.reference, **READING).success(**press(run))
        gr.on([model.change, self.reference.clear], self._nothing, None, shown, **QUIET)
        shared.replaced.change(
            lambda: {self.reference: None, **self._nothing()}, None, [self.reference, *shown], **QUIET
        )

    def measure(
        self,
        file: Path | None,
        mask: Path | None,
        name: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        """Compare what the network makes of the picture with the reference.

        Raises InputError without a picture or a reference, and as `read_reference` does.
        """
        yield self._nothing()
        card, image = card_and_picture(file, name)
        if mask is None:
            raise InputError("no_reference")
        language = language_of(request)
        labels = read_reference(mask, card, image)
        done = yield from steps(self.engine, name, SegmentRequest(image), progress, language)
        found = done.value
        measured = compare(reference_classes(card), found.labels, found.probabilities, labels)
        yield {
            self.scores: report(card, measured, difference(image, found.labels, labels, card), language),
            self.curve: gr.Column(visible=bool(measured.roc)),
            self.line: _curve(measured, language),
        }

    def _nothing(self) -> Values:
        return {self.scores: "", self.curve: gr.Column(visible=False)}


def _take(file: Path | None, name: str) -> Image:
    """The true labels of the drawing in the picture, in the colours of their classes."""
    card = registry.card(name, "segment")
    labels = drawn_labels(images.read(file), card.dataset) if file else None
    if labels is None:
        raise InputError("not_drawn")
    return np.array(replace(card, classes=reference_classes(card)).palette(), dtype=np.uint8)[labels]


def reference_classes(card: ModelCard) -> tuple[ClassInfo, ...]:
    """The classes that a mask may hold: the card's, and the one that its data set ignores."""
    return card.classes + tuple(known for known in registry.dataset_classes(card.dataset) if known.ignored)


def read_reference(mask: Path, card: ModelCard, image: Image) -> Labels:
    """Read a mask as `labels.read_labels` does, H x W of the picture's size.

    Raises InputError, too, for another size, and where no pixel is labelled.
    """
    labels = read_labels(mask, reference_classes(card))
    if labels.shape != image.shape[:2]:
        (height, width), (picture_height, picture_width) = labels.shape, image.shape[:2]
        raise InputError(
            "reference_size",
            width=width,
            height=height,
            picture_width=picture_width,
            picture_height=picture_height,
        )
    if not _counted(labels, card).any():
        raise InputError("reference_unlabelled")
    return labels


def _counted(labels: Labels, card: ModelCard) -> NDArray[np.bool_]:
    return labels < len(card.classes)


def difference(image: Image, predicted: Labels, labels: Labels, card: ModelCard) -> Image:
    """The picture in pale grey, with WRONG where prediction and reference differ, and IGNORED pixels."""
    step = -(-max(labels.shape) // DIFFERENCE_SIDE)
    image, predicted, labels = (map[::step, ::step] for map in (image, predicted, labels))
    grey = 100 + 0.6 * image.mean(axis=2, keepdims=True)
    shown = np.repeat(grey.astype(np.uint8), 3, axis=2)
    shown[predicted != labels] = WRONG
    shown[~_counted(labels, card)] = IGNORED
    return shown


def report(card: ModelCard, scores: Scores, difference: Image, language: str) -> Markup:
    """The scores as HTML, each with what it means: the means, a table by class, and where the maps differ."""
    means = {
        "mean_iou": scores.mean_iou,
        "pixel_accuracy": scores.pixel_accuracy,
        "boundary_f1": scores.boundary_f1,
    }
    if len(card.classes) == 2:
        means["auc_roc"] = scores.auc_roc
    rows = [
        (known, [_number(getattr(found, metric, None)) for metric in COLUMNS])
        for known, found in zip(card.classes, scores.by_class, strict=True)
    ]
    return render(
        "tabs/segment/scores.html",
        means={metric: _number(value) for metric, value in means.items()},
        constant={
            metric: _number(getattr(scores.constant, metric)) for metric in ("mean_iou", "pixel_accuracy")
        },
        commonest=card.classes[scores.constant.class_id].title(language),
        columns=COLUMNS,
        rows=rows,
        difference=data_uri(images.encode(difference, "JPEG", quality=88), "image/jpeg"),
        language=language,
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _curve(scores: Scores, language: str) -> gr.LinePlot:
    """The ROC curve beside the diagonal of chance; an empty plot where there is none."""
    if not scores.roc:
        return gr.LinePlot(None)
    name, chance = (words(language, f"measure.{key}") for key in ("roc", "chance"))
    points = [(*point, name) for point in scores.roc] + [(0.0, 0.0, chance), (1.0, 1.0, chance)]
    return gr.LinePlot(
        pd.DataFrame(points, columns=["false", "true", "line"]),
        x="false",
        y="true",
        color="line",
        color_map={name: "#0d9488", chance: "#d97706"},
        x_title=words(language, "measure.false"),
        y_title=words(language, "measure.true"),
        color_title="",
    )
