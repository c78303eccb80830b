"""Two ways through a generator: styles mixed in a matrix, and one noise drawn as every class."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr
from markupsafe import Markup

from segen.registry import ModelCard
from segen.types import DecodeRequest, LatentsRequest, MixRequest, Mixture, seed_range
from segen.ui.framework.figures import figure, png
from segen.ui.framework.language import say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import on_device, press_when_moved, steps
from segen.ui.framework.templates import render
from segen.ui.tabs.generate.chosen import Chosen, Given
from segen.ui.tabs.generate.seeds import Ends, seed_of, truncated

if TYPE_CHECKING:
    from segen.engine import Engine

SIDE = 4
"""Contents, and styles."""
FROM = 2
"""The stage at first: shapes stay the contents' there, brightness and texture become the styles'."""
Steps = Generator[dict[Any, Any], None, None]


def mix_panel(engine: Engine, chosen: Chosen, _ends: Ends) -> Part:
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
        given: Given,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Steps:
        asked = chosen.read(given, request)
        rows, columns = (seed_range(seed_of(given[typed]), SIDE) for typed in (contents, styles))
        work = MixRequest(rows, columns, int(given[stage]), asked.label)
        found = (yield from steps(engine, asked.card.name, work, progress, asked.language)).value
        yield {view: matrix(found, rows, columns, asked.language)}

    inputs = {*chosen.inputs, contents, styles, stage}
    press_when_moved(run, stage)
    on_device([run.click], mix, inputs, [view], stop=chosen.stop, shows=view)

    def of_card(card: ModelCard, _language: str) -> Values:
        return {stage: gr.Slider(maximum=max(FROM, card.options.stages), value=FROM), view: ""}

    return Part([stage, view], of_card)


def matrix(found: Mixture, rows: Sequence[int], columns: Sequence[int], language: str) -> Markup:
    """The mixed pictures as an HTML table: contents before the rows, styles above the columns."""
    mixed = iter(map(png, found.mixed))
    return render(
        "tabs/generate/matrix.html",
        language=language,
        styles=list(zip(columns, map(png, found.styles), strict=True)),
        rows=[
            (seed, png(content), [(style, next(mixed)) for style in columns])
            for content, seed in zip(found.contents, rows, strict=True)
        ],
    )


def classes_panel(engine: Engine, chosen: Chosen, ends: Ends) -> Part:
    """Lay out the row of classes, all of them drawn from the noise of the seed that `ends.start` holds."""
    run = gr.Button(say("generate.classes_run"), variant="primary", elem_id="generate-classes")
    view = gr.HTML(elem_classes=["walked", "every-class"], padding=False, elem_id="generate-every-class")

    def draw(
        given: Given,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Steps:
        asked = chosen.read(given, request)
        card, ask = asked.card, (progress, asked.language)
        drawn = yield from steps(engine, card.name, LatentsRequest([seed_of(given[ends.start])]), *ask)
        vectors = truncated(drawn.value, asked.threshold).repeat(len(card.classes), axis=0)
        work = DecodeRequest(vectors, tuple(known.id for known in card.classes))
        pictures = (yield from steps(engine, card.name, work, *ask)).value
        row = zip(pictures, card.classes, strict=True)
        yield {view: Markup().join(figure(png(pixels), known.name[asked.language]) for pixels, known in row)}

    on_device([run.click], draw, {*chosen.inputs, ends.start}, [view], stop=chosen.stop, shows=view)
    return Part([view], lambda _card, _language: {view: ""})
