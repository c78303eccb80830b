"""A mask to paint by hand: how accuracy, IoU and F1 answer to each stroke."""

from __future__ import annotations

from functools import cache
from typing import Any

import gradio as gr
import numpy as np
from markupsafe import Markup

from segen import registry
from segen.data.synthetic import scenes
from segen.evaluation.labels import LabelMetrics
from segen.text import words
from segen.types import Image, Labels
from segen.ui.framework.figures import figure, png
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Values
from segen.ui.framework.queue import QUIET
from segen.ui.framework.templates import render
from segen.ui.widgets import paint

SEED, SIDE = 2, 128
"""Of the drawn field of nuclei, and its width and height in pixels."""
BRUSH = 9
SHIFT = 3
"""So many pixels the shifted mask lies beside the true one."""
STARTS = ("empty", "true", "shifted", "all")
"""Masks to begin with."""
NUCLEUS = 1


class MaskPanel:
    """The panel, closed at first; the picture is always the same drawing, whose true mask is known."""

    def __init__(self) -> None:
        with gr.Accordion(say("mask.title"), open=False, elem_id="segment-mask"):
            gr.Markdown(say("mask.help"), elem_classes="help")
            self.start = gr.Radio(STARTS, label=say("mask.start"), elem_id="mask-start")
            with gr.Row():
                with gr.Column(min_width=220):
                    self.picture = gr.HTML(padding=False, elem_id="mask-picture")
                with gr.Column(min_width=220):
                    self.board = paint.board(elem_id="mask-board")
            self.scores = gr.HTML(elem_classes="scores", padding=False, elem_id="mask-scores")
        self.start.input(self._begin, self.start, [self.board, self.scores], **QUIET)
        self.board.paint(_painted, self.board, self.scores, **QUIET)

    @property
    def outputs(self) -> list[Any]:
        """What `fill` gives values for."""
        return [self.start, self.picture, self.board, self.scores]

    def fill(self, language: str) -> Values:
        """The picture, and an empty mask to paint on."""
        named = [(words(language, f"mask.start_{each}"), each) for each in STARTS]
        image, _ = drawing()
        return {
            self.start: gr.Radio(named, value=STARTS[0]),
            self.picture: figure(png(image), words(language, "mask.picture"), "painted"),
            **self._shown(STARTS[0], language),
        }

    def _begin(self, start: str, request: gr.Request) -> Values:
        return self._shown(start, language_of(request))

    def _shown(self, start: str, language: str) -> Values:
        mask = started(start)
        pens = [
            paint.Pen(known.id, known.name[language], known.shown)
            for known in registry.dataset_classes("nuclei")
        ]
        return {
            self.board: paint.contents(pens, SIDE, SIDE, BRUSH, mask, NUCLEUS),
            self.scores: told(mask, language),
        }


@cache
def drawing() -> tuple[Image, Labels]:
    """The picture, H x W x 3, and its true mask, H x W of 0 and 1."""
    return scenes.nuclei(SEED, SIDE, SIDE)


def started(start: str) -> Labels:
    """The H x W mask, 0 and 1, that is called `start`, one of STARTS. Raises ValueError for another name."""
    truth = drawing()[1]
    masks = (np.zeros_like(truth), truth, np.roll(truth, SHIFT, axis=1), np.ones_like(truth))
    return masks[STARTS.index(start)]


def scored(mask: Labels) -> dict[str, float]:
    """How a mask agrees with the true one, each 0 to 1, by the metric's name in the catalogue."""
    metrics = LabelMetrics(registry.dataset_classes("nuclei"))
    metrics.update(mask, drawing()[1])
    found = metrics.compute()
    name = metrics.names[NUCLEUS]
    return {
        "pixel_accuracy": found["pixel_accuracy"],
        "mean_iou": found["mean_iou"],
        "iou": found["iou"][name],
        "f1": found["f1"][name],
    }


def told(mask: Labels, language: str) -> Markup:
    """The scores of a mask beside those of the empty one, as HTML."""
    yours, empty = scored(mask), scored(started("empty"))
    rows = [(metric, f"{yours[metric]:.3f}", f"{empty[metric]:.3f}") for metric in yours]
    return render("tabs/segment/mask.html", rows=rows, language=language)


def _painted(value: object, request: gr.Request) -> Markup:
    classes = registry.dataset_classes("nuclei")
    return told(paint.painted(value, [known.id for known in classes], SIDE, SIDE), language_of(request))
