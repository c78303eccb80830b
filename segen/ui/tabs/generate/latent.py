"""The view of latent space: one way at a time through the space that pictures are drawn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from segen.registry import ModelCard
from segen.registry.options import GenerateOptions
from segen.text import words
from segen.ui.framework.language import say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import QUIET
from segen.ui.tabs.generate.chosen import Chosen
from segen.ui.tabs.generate.encoding import encoding_panel
from segen.ui.tabs.generate.judging import judge_panel
from segen.ui.tabs.generate.latent_map import map_panel
from segen.ui.tabs.generate.mixing import classes_panel, mix_panel
from segen.ui.tabs.generate.neighbours import neighbours_panel
from segen.ui.tabs.generate.opening import SEED
from segen.ui.tabs.generate.priors import priors_panel
from segen.ui.tabs.generate.seeds import Ends, seed_of
from segen.ui.tabs.generate.walking import along_panel, between_panel
from segen.ui.widgets.sliders import contents, sliders

if TYPE_CHECKING:
    from segen.engine import Engine


def sliders_panel(_engine: Engine, _chosen: Chosen, _ends: Ends) -> Part:
    """Lay out the sliders, which the visitor's own browser draws with."""
    view = sliders(elem_id="generate-sliders")

    def of_card(card: ModelCard, language: str) -> Values:
        return {view: contents([] if card.options.diffusion else [card], language)}

    return Part([view], of_card)


WAYS: dict[str, Callable[[Engine, Chosen, Ends], Part]] = {
    "between": between_panel,
    "sliders": sliders_panel,
    "along": along_panel,
    "neighbours": neighbours_panel,
    "map": map_panel,
    "mix": mix_panel,
    "classes": classes_panel,
    "encoding": encoding_panel,
    "priors": priors_panel,
    "judge": judge_panel,
}
"""What can be done in latent space, and what lays it out."""
FIRST = "between"
FROM_ANYWHERE = ("sliders", "mix", "encoding", "judge")
"""The ways that do not begin at the start seed."""
END = 76
"""The seed that the first walk ends at, chosen by eye as `opening.SEED` was: a valley that turns to dusk."""


@dataclass(frozen=True)
class LatentPart(Part):
    """The view; `choose` puts the seed of an event into one of `ends`, `refine` opens its neighbours."""

    ends: Ends
    choose: Callable[[gr.EventData], Values]
    refine: Callable[[gr.EventData], Values]


def latent_view(engine: Engine, chosen: Chosen) -> LatentPart:
    """Lay out the view inside the current tab."""
    gr.Markdown(say("generate.latent_help"), elem_classes="help")
    way = gr.Radio(list(WAYS), value=FIRST, show_label=False, container=False, elem_id="generate-way")
    with gr.Row() as row:
        ends = Ends(
            gr.Textbox(str(SEED), label=say("generate.start"), max_length=19, min_width=140),
            gr.Textbox(str(END), label=say("generate.end"), max_length=19, min_width=140),
        )
    columns, parts = {}, {}
    for each, lay_out in WAYS.items():
        with gr.Column(visible=each == FIRST) as columns[each]:
            gr.Markdown(say(f"generate.{each}_help"), elem_classes="help")
            parts[each] = lay_out(engine, chosen, ends)

    def show(opened: str) -> Values:
        return {
            row: gr.Row(visible=opened not in FROM_ANYWHERE),
            ends.end: gr.Textbox(visible=opened == "between"),
            **{column: gr.Column(visible=each == opened) for each, column in columns.items()},
        }

    def of_card(card: ModelCard, language: str) -> Values:
        named = [(words(language, f"generate.{each}"), each) for each in offered(card.options)]
        values: Values = {way: gr.Radio(named, value=FIRST), **show(FIRST)}
        for part in parts.values():
            values |= part.of_card(card, language)
        return values

    def choose(event: gr.EventData) -> Values:
        return {ends.end if event.end == "end" else ends.start: str(seed_of(str(event.seed)))}

    def refine(event: gr.EventData) -> Values:
        return {ends.start: str(seed_of(str(event.seed))), way: "neighbours", **show("neighbours")}

    shown = [row, ends.end, *columns.values()]
    way.input(show, way, shown, **QUIET)
    outputs = [way, ends.start, *shown, *(each for part in parts.values() for each in part.outputs)]
    return LatentPart(outputs, of_card, ends, choose, refine)


def offered(options: GenerateOptions) -> list[str]:
    """The ways that a card with these options has."""
    needed = {
        "mix": options.stages,
        "classes": options.conditional,
        "encoding": options.encodes,
        "priors": options.encodes,
        "judge": options.judges,
    }
    return [each for each in WAYS if needed.get(each, True)]
