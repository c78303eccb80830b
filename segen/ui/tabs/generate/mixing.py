"""Two ways through a generator: styles mixed in a matrix, and one noise drawn as every class."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from segen import registry
from segen.registry import ModelCard
from segen.text import words
from segen.types import DecodeRequest, LatentsRequest, MixRequest, Mixture, seed_range
from segen.ui.framework.figures import figure, png
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import on_device, steps
from segen.ui.tabs.generate.seeds import class_asked, seed_of, truncated

if TYPE_CHECKING:
    from segen.engine import Engine

SIDE = 4
"""Contents, and styles."""
FROM = 2
"""The stage at first: shapes stay the contents' there, brightness and texture become the styles'."""
Steps = Generator[dict[Any, Any], None, None]


def mix_panel(engine: Engine, model: gr.Dropdown, label: gr.Dropdown, stop: gr.Button) -> Part:
    """Lay out the matrix of contents and styles; its card has the option `stages`, how many there are."""
    with gr.Row(elem_classes="beside"):
        contents = gr.Textbox("0", label=say("generate.mix_contents"), max_length=19, min_width=140)
        styles = gr.Textbox("100", label=say("generate.mix_styles"), max_length=19, min_width=140)
    with gr.Row(elem_classes="beside"):
        stage = gr.Slider(
            1,
            SIDE,
            FROM,
            step=1,
            label=say("generate.mix_stage"),
            info=say("generate.mix_stage_help"),
            buttons=[],
            min_width=220,
            elem_id="generate-stage",
        )
        run = gr.Button(
            say("generate.mix_run"), variant="primary", scale=0, min_width=160, elem_id="generate-mix"
        )
    view = gr.HTML(elem_classes=["walked", "mixed"], padding=False, elem_id="generate-mixed")

    def mix(
        name: str,
        asked: str,
        contents: str,
        styles: str,
        stage: int,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Steps:
        language = language_of(request)
        card = registry.card(name, "generate")
        rows, columns = (seed_range(seed_of(typed), SIDE) for typed in (contents, styles))
        label = class_asked(card, asked)
        work = MixRequest(rows, columns, int(stage), label)
        found = (yield from steps(engine, name, work, progress, language)).value
        yield {view: matrix(found, rows, columns, language)}

    on_device(
        [run.click, stage.release],
        mix,
        [model, label, contents, styles, stage],
        [view],
        stop=stop,
        shows=view,
    )

    def of_card(card: ModelCard, _language: str) -> Values:
        most = max(FROM, card.options.stages)
        return {stage: gr.Slider(maximum=most, value=FROM), view: ""}

    return Part([stage, view], of_card)


def matrix(found: Mixture, rows: Sequence[int], columns: Sequence[int], language: str) -> str:
    """The mixed pictures as an HTML table: contents before the rows, styles above the columns."""
    heads = "".join(
        f"<th scope='col'>{_picture(style, words(language, 'generate.seed_of', seed=seed))}</th>"
        for style, seed in zip(found.styles, columns, strict=True)
    )
    body, mixed = "", iter(found.mixed)
    for content, seed in zip(found.contents, rows, strict=True):
        name = words(language, "generate.seed_of", seed=seed)
        cells = "".join(
            f"<td>{_picture(next(mixed), words(language, 'generate.mix_of', content=seed, style=style))}</td>"
            for style in columns
        )
        body += f"<tr><th scope='row'>{_picture(content, name)}</th>{cells}</tr>"
    corner = escape(words(language, "generate.mix_corner"))
    return f"<table><thead><tr><td>{corner}</td>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _picture(pixels: np.ndarray, name: str) -> str:
    text = escape(name)
    return f"<img src='{png(pixels)}' alt='{text}' title='{text}'>"


def classes_panel(
    engine: Engine,
    model: gr.Dropdown,
    truncation: gr.Slider,
    start: gr.Textbox,
    stop: gr.Button,
) -> Part:
    """Lay out the row of classes, all of them drawn from the noise of the seed that `start` holds."""
    run = gr.Button(say("generate.classes_run"), variant="primary", elem_id="generate-classes")
    view = gr.HTML(elem_classes=["walked", "every-class"], padding=False, elem_id="generate-every-class")

    def draw(
        name: str,
        threshold: float,
        start: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Steps:
        language = language_of(request)
        card = registry.card(name, "generate")
        drawn = yield from steps(engine, name, LatentsRequest([seed_of(start)]), progress, language)
        vectors = truncated(drawn.value, threshold).repeat(len(card.classes), axis=0)
        work = DecodeRequest(vectors, tuple(known.id for known in card.classes))
        pictures = (yield from steps(engine, name, work, progress, language)).value
        row = zip(pictures, card.classes, strict=True)
        yield {view: "".join(figure(png(pixels), known.name[language]) for pixels, known in row)}

    on_device([run.click], draw, [model, truncation, start], [view], stop=stop, shows=view)
    return Part([view], lambda _card, _language: {view: ""})
