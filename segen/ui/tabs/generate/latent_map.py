"""A map of latent space that one moves through: pictures over a plane, drawn by the server for each move."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from segen.imaging import images
from segen.models import latents
from segen.registry import ModelCard
from segen.text import words
from segen.types import DecodeRequest, DirectionsRequest, LatentsRequest, Pictures
from segen.ui.framework.component import component
from segen.ui.framework.figures import png
from segen.ui.framework.language import say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import CLICKED, on_device, press, press_when_moved, steps
from segen.ui.tabs.generate.chosen import Asked, Chosen, Given
from segen.ui.tabs.generate.seeds import DIRECTIONS, Ends, seed_of

if TYPE_CHECKING:
    from segen.engine import Engine

ORIGINS = ("seed", "middle")
SIDE = 11
"""Cells in a row and in a column: odd, so that there is one at the centre."""
FARTHEST = 20.0
"""The map goes so far from its origin, in standard deviations."""


@dataclass(frozen=True)
class Place:
    """Where the map lies: `span` standard deviations wide around x, y of two directions, 1 to DIRECTIONS."""

    across: int
    up: int
    span: float
    x: float
    y: float


def map_panel(engine: Engine, chosen: Chosen, ends: Ends) -> Part:
    """Lay out the map and what chooses its plane; it may pass through the seed that `ends.start` holds."""
    with gr.Row():
        origin = gr.Radio(
            ORIGINS, value=ORIGINS[0], label=say("generate.origin"), min_width=200, elem_id="generate-origin"
        )
        across, up = (
            gr.Slider(1, DIRECTIONS, number, step=1, label=say(f"generate.{axis}"), buttons=[], min_width=160)
            for number, axis in enumerate(("across", "up"), start=1)
        )
        span = gr.Slider(2, 20, 8, step=1, label=say("generate.span"), buttons=[], min_width=160)
    run = gr.Button(say("generate.draw"), variant="primary", elem_id="generate-draw")
    view = component("latent_map", elem_classes="latent-map", elem_id="generate-map")
    x, y = gr.Number(0, visible=False), gr.Number(0, visible=False)

    def draw(
        given: Given,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[dict[Any, Any], None, None]:
        asked, seed = chosen.read(given, request), seed_of(given[ends.start])
        place = Place(int(given[across]), int(given[up]), given[span], given[x], given[y])
        through_seed = given[origin] == "seed"
        pictures = yield from _drawn(engine, asked, seed, through_seed, place, progress)
        yield {view: contents(pictures, place, asked.language)}

    def move(event: gr.EventData) -> Values:
        return {x: _bounded(event.x), y: _bounded(event.y)}

    view.move(move, None, [x, y], **CLICKED).then(**press(run))
    press_when_moved(run, across, up, span)
    on_device(
        [run.click, origin.input],
        draw,
        {*chosen.inputs, ends.start, origin, across, up, span, x, y},
        [view],
        stop=chosen.stop,
        shows=view,
    )

    def of_card(_card: ModelCard, language: str) -> Values:
        named = [(words(language, f"generate.origin_{each}"), each) for each in ORIGINS]
        return {origin: gr.Radio(named, value=ORIGINS[0]), view: None, x: 0, y: 0}

    return Part([origin, view, x, y], of_card)


def _drawn(
    engine: Engine, asked: Asked, seed: int, through_seed: bool, place: Place, progress: gr.Progress
) -> Generator[dict[Any, Any], None, Pictures]:
    """SIDE x SIDE pictures over the plane, from its upper left; it passes through the seed or zero."""
    name, ask = asked.card.name, (progress, asked.language)
    middle = (yield from steps(engine, name, LatentsRequest([seed]), *ask)).value
    if not through_seed:
        middle = np.zeros_like(middle)
    known = (yield from steps(engine, name, DirectionsRequest(DIRECTIONS), *ask)).value.directions
    places = np.linspace(-place.span / 2, place.span / 2, SIDE, dtype=np.float32)
    right, top = (each.reshape(-1, 1) for each in np.meshgrid(place.x + places, place.y - places))
    points = middle + right * known[place.across - 1] + top * known[place.up - 1]
    labels = latents.labels_of(asked.card, [seed], asked.label)
    work = DecodeRequest(points.astype(np.float32), labels and labels * len(points))
    return (yield from steps(engine, name, work, *ask)).value


def contents(pictures: Pictures, place: Place, language: str) -> dict[str, Any]:
    """What the map shows, as JSON values."""
    told = {name: f"{at:+.1f}".replace("-", "−") for name, at in (("x", place.x), ("y", place.y))}
    return {
        "map": png(images.grid(pictures, SIDE)),
        "centre": png(pictures[len(pictures) // 2]),
        "side": SIDE,
        "step": place.span / (SIDE - 1),
        "x": place.x,
        "y": place.y,
        "said": words(language, "generate.centre", **told),
    }


def _bounded(place: object) -> float:
    """A coordinate that the page sent, if it is a number, within the map."""
    if isinstance(place, int | float) and math.isfinite(place):
        return min(max(float(place), -FARTHEST), FARTHEST)
    return 0.0
