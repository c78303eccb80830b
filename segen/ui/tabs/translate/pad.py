"""A drawing pad: lines become a picture while they are drawn."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from segen import registry
from segen.imaging import images, png_text
from segen.registry import ModelCard
from segen.text import words
from segen.types import Image, Labels, TranslateRequest
from segen.ui.framework.downloads import download_button, saved
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Values
from segen.ui.framework.queue import QUIET, on_device, steps
from segen.ui.tabs.translate.panel import Panel
from segen.ui.widgets import coloring, paint

if TYPE_CHECKING:
    from segen.engine import Engine

SIDE = 192
"""Of the pad in pixels; the network sees the lines at its own size."""
BRUSH = 5
INK = 1
RUN = "translate-pad-run"
SCALE = 6
"""The coloured picture is shown so many times larger."""


def pad_panel(engine: Engine, model: gr.Dropdown, stop: gr.Button) -> Panel:
    """Lay out the pad of a card that colours lines."""
    with gr.Tab(say("translate.pad"), id="pad", elem_id="translate-pad", elem_classes="pad") as page:
        gr.Markdown(say("translate.pad_help"), elem_classes="help")
        with gr.Row():
            with gr.Column(min_width=260):
                board = paint.board(elem_id="translate-board")
                run = gr.Button(visible="hidden", elem_id=RUN)
            with gr.Column(min_width=260):
                live = coloring.coloring(elem_id="translate-coloring")
                view = gr.Image(
                    visible=False,
                    label=say("translate.colored"),
                    interactive=False,
                    buttons=[],
                    elem_id="translate-colored",
                )
                download = download_button(
                    "translate.download", visible=False, elem_id="translate-colored-download"
                )

    def color(
        name: str,
        drawing: object,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        language = language_of(request)
        card = registry.card(name, "translate")
        lines = _lines(paint.painted(drawing, (0, INK), SIDE, SIDE))
        small = images.resize(lines, *card.input_size)
        done = yield from steps(engine, name, TranslateRequest(small), progress, language)
        large = done.value.image.repeat(SCALE, axis=0).repeat(SCALE, axis=1)
        file = saved(f"{name}.png", png_text.marked(done.value.image, "compositeWithTrainedAlgorithmicMedia"))
        yield {view: gr.Image(large, visible=True), download: gr.DownloadButton(value=file, visible=True)}

    board.paint(None, js="() => segen.uncolored?.()", **QUIET)  # where the browser cannot; see coloring.js
    on_device([run.click], color, [model, board], [view, download], stop=stop, shows=view)

    def of_card(card: ModelCard, language: str) -> Values:
        hidden = {view: gr.Image(None, visible=False), download: gr.DownloadButton(visible=False)}
        if not card.options.pad:
            return {board: None, live: None, **hidden}
        return {board: blank(language), live: coloring.contents(card, "#translate-board", RUN), **hidden}

    return Panel(page, [board, live, view, download], of_card, lambda card: bool(card.options.pad))


def blank(language: str) -> dict[str, Any]:
    """What the board shows before a line is drawn."""
    pens = [
        paint.Pen(0, words(language, "translate.paper"), (255, 255, 255)),
        paint.Pen(INK, words(language, "translate.ink"), (0, 0, 0)),
    ]
    return paint.contents(pens, SIDE, SIDE, BRUSH)


def _lines(drawn: Labels) -> Image:
    """Ink as black lines on white, H x W x 3."""
    grey = np.where(drawn == INK, 0, 255).astype(np.uint8)
    lines: Image = np.repeat(grey[..., None], 3, axis=2)
    return lines
