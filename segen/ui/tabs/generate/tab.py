"""The tab Generate: one idea at a time about how pictures are drawn from random numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from segen import registry
from segen.registry import ModelCard
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Part, Tab, Values, remember
from segen.ui.framework.queue import CLICKED, QUIET, end_at, picks, press
from segen.ui.tabs.generate import neighbours, noising, objectives, quality, walking
from segen.ui.tabs.generate.blind import blind_view, known_sources
from segen.ui.tabs.generate.chosen import ANY, Chosen, Given, choices, labels
from segen.ui.tabs.generate.condition import condition_view, pair_of
from segen.ui.tabs.generate.diffusion import DiffusionPart, diffusion_view
from segen.ui.tabs.generate.drawing import COUNTS, Drawing, drawing_view
from segen.ui.tabs.generate.estimate import Pace
from segen.ui.tabs.generate.latent import LatentPart, latent_view
from segen.ui.tabs.generate.objectives import diffuses
from segen.ui.tabs.generate.opening import COUNT
from segen.ui.tabs.generate.snapshots import snapshots_view
from segen.ui.widgets import cards

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "generate"
OPENS_WITH = "dcgan-yosemite"
"""The model that is chosen at first: its pictures are the most pleasant to look at."""
DRAW = "draw"
VIEWS = {
    DRAW: "generate.draw_view",
    "condition": "generate.condition_view",
    "latent": "generate.latent",
    "diffusion": "generate.diffusion_view",
    "training": "generate.snapshots",
    "quality": "generate.quality_view",
    "blind": "generate.blind",
}
"""The views by their names in a link, and the keys of their titles."""


@dataclass(frozen=True)
class Views:
    """The views as they were built: `opened` holds the name of the one that is shown."""

    tabs: gr.Tabs
    opened: gr.Textbox
    parts: tuple[Part, ...]
    latent: LatentPart
    diffusion: DiffusionPart
    drawing: Drawing

    @property
    def outputs(self) -> list[Any]:
        """What `of_card` and `open` set."""
        parts = [output for part in self.parts for output in part.outputs]
        return [self.tabs, self.opened, *parts]

    def open(self, view: str) -> Values:
        """With this view shown."""
        return {self.tabs: gr.Tabs(selected=view), self.opened: view}

    def of_card(self, card: ModelCard, view: str, language: str) -> Values:
        """The views that the card has, `view` shown if it is one of them."""
        values: Values = {}
        for part in self.parts:
            values |= part.of_card(card, language)
        has = offered(card)
        opened = view if view in has else DRAW
        # Gradio hides no tab that was never opened: generate.css does
        lacks = [f"lacks-{name}" for name in VIEWS if name not in has]
        return values | {self.tabs: gr.Tabs(selected=opened, elem_classes=lacks), self.opened: opened}


def build(engine: Engine) -> Tab:
    """Lay out the tab inside the current gr.Tab."""
    names = [card.name for card in registry.cards("generate")]
    names.sort(key=lambda name: name != OPENS_WITH)
    with gr.Row(elem_classes=["work", "pictures-first"]):
        with gr.Column(scale=2, min_width=300):
            chosen = choices(names)
            about = gr.HTML(elem_classes="about", padding=False)
            with gr.Accordion(say("generate.objective"), open=False, elem_id="generate-trained"):
                objective = gr.Markdown(elem_classes="objective", elem_id="generate-objective")
        with gr.Column(scale=5, min_width=300):
            views = _views(engine, chosen)
    drawing = views.drawing
    _connect(views)

    def of_card(card: ModelCard, view: str, language: str) -> Values:
        told = {about: cards.beside(card, language), objective: objectives.objective(card, language)}
        return told | views.of_card(card, view, language)

    def describe(given: Given, request: gr.Request) -> Values:
        language = language_of(request)
        card = registry.card(given[chosen.model], "generate")
        label = given[chosen.label] if given[chosen.label] in labels(card) else ANY
        asked = chosen.read({**given, chosen.label: label}, request)
        count = given[drawing.count]
        return {
            **of_card(card, given[views.opened], language),
            **chosen.of_card(card, label, language),
            **drawing.first(asked, count),
            **drawing.estimated(asked, count),
        }

    picked = picks(chosen.model)
    end_at(picked.change, chosen.stop)
    described = [about, objective, *chosen.outputs, *views.outputs]
    inputs = {*chosen.inputs, views.opened, drawing.count}
    brought = picked.change(describe, inputs, [*described, *drawing.outputs], js=walking.LATER, **QUIET)
    brought.then(**walking.first())
    remember(NAME, {**chosen.options, "count": drawing.count, "view": views.opened})

    def fill(link: Link, language: str) -> Values:
        card = registry.card(link.choice("model", names))
        view = link.choice("view", [each for each in VIEWS if each in offered(card)])
        counts = sorted(COUNTS, key=lambda count: count != COUNT)
        return {
            **of_card(card, view, language),
            **chosen.restored(card, link, names, language),
            drawing.count: int(link.choice("count", [str(each) for each in counts])),
            drawing.grid: None,  # it asks for pictures once it is seen
            drawing.row: gr.Row(visible=False),
        }

    return Tab([*described, drawing.count, drawing.grid, drawing.row], fill)


def _views(engine: Engine, chosen: Chosen) -> Views:
    """Lay out the views inside the current column."""
    pace, pages = Pace(), {}
    opened = gr.Textbox(DRAW, visible="hidden")
    with gr.Tabs(selected=DRAW, overflow_behavior="wrap", elem_id="generate-views") as tabs:
        for name, title in VIEWS.items():
            pages[name] = gr.Tab(say(title), id=name)
    with pages[DRAW]:
        drawing = drawing_view(engine, chosen, pace)
    with pages["condition"]:
        condition = condition_view(engine, chosen, pace)
    with pages["latent"]:
        latent = latent_view(engine, chosen)
    with pages["diffusion"]:
        diffusion = diffusion_view(engine, chosen, pace)
    with pages["training"]:
        snapshots = snapshots_view(chosen)
    with pages["quality"]:
        measured = gr.HTML(elem_classes="scores", padding=False, elem_id="generate-measured")
    with pages["blind"]:
        blind = blind_view(engine, chosen)
    for name, page in pages.items():
        page.select(None, None, opened, js=f"() => '{name}'", **QUIET)
    pages["latent"].select(**walking.first())
    numbers = Part([measured], lambda card, language: {measured: quality.measured(card, language)})
    parts = (condition, latent, diffusion, snapshots, numbers, blind)
    return Views(tabs, opened, parts, latent, diffusion, drawing)


def offered(card: ModelCard) -> set[str]:
    """The views that a card has."""
    has = {
        "condition": pair_of(card) is not None,
        "latent": not diffuses(card),
        "diffusion": diffuses(card),
        "training": bool(card.snapshots()),
        "quality": "frechet_distance" in card.report().get("metrics", {}),
        "blind": len(known_sources(card)) > 1,
    }
    return {DRAW} | {view for view, there in has.items() if there}


def _connect(views: Views) -> None:
    """Let a picture of the grid go on in another view."""
    grid, latent, diffusion = views.drawing.grid, views.latent, views.diffusion

    def refine(event: gr.EventData) -> Values:
        return latent.refine(event) | views.open("latent")

    def vary(event: gr.EventData, request: gr.Request) -> Values:
        return diffusion.vary(event, language_of(request)) | views.open("diffusion")

    opening = [views.tabs, views.opened]
    grid.choose(latent.choose, None, [latent.ends.start, latent.ends.end], **CLICKED)
    grid.refine(refine, None, [*latent.outputs, *opening], **CLICKED).then(**press(neighbours.RUN))
    grid.vary(vary, None, [*diffusion.varied, *opening], **CLICKED).then(**press(noising.VARY))
