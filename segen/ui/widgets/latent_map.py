"""A map of latent space that one moves through: pictures over a plane, drawn by the server for each move."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from segen import registry
from segen.imaging import images
from segen.models import latents
from segen.registry import ModelCard
from segen.text import words
from segen.types import DecodeRequest, DirectionsRequest, LatentsRequest
from segen.ui.framework.component import component
from segen.ui.framework.figures import png
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import QUIET, on_device, press, steps
from segen.ui.tabs.generate.seeds import DIRECTIONS, class_asked, seed_of

if TYPE_CHECKING:
    from segen.engine import Engine

ORIGINS = ("seed", "middle")
SIDE = 11
"""Cells in a row and in a column: odd, so that there is one at the centre."""
FARTHEST = 20.0
"""The map goes so far from its origin, in standard deviations."""


def map_panel(
    engine: Engine, model: gr.Dropdown, label: gr.Dropdown, start: gr.Textbox, stop: gr.Button
) -> Part:
    """Lay out the map and what chooses its plane; it may pass through the seed that `start` holds."""
    with gr.Row():
        origin = gr.Radio(
            ORIGINS, value=ORIGINS[0], label=say("generate.origin"), min_width=200, elem_id="generate-origin"
        )
        axes = [
            gr.Slider(1, DIRECTIONS, number, step=1, label=say(f"generate.{axis}"), buttons=[], min_width=160)
            for number, axis in enumerate(("across", "up"), start=1)
        ]
        span = gr.Slider(2, 20, 8, step=1, label=say("generate.span"), buttons=[], min_width=160)
    run = gr.Button(say("generate.draw"), variant="primary", elem_id="generate-draw")
    view = component("latent_map", elem_classes="latent-map", elem_id="generate-map")
    centre = [gr.Number(0, visible=False), gr.Number(0, visible=False)]

    def draw(
        name: str,
        label: str,
        start: str,
        origin: str,
        across: int,
        up: int,
        span: float,
        x: float,
        y: float,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[dict[Any, Any], None, None]:
        language = language_of(request)
        card = registry.card(name, "generate")
        seed = seed_of(start)
        middle = (yield from steps(engine, name, LatentsRequest([seed]), progress, language)).value
        if origin == "middle":
            middle = np.zeros_like(middle)
        asked = DirectionsRequest(DIRECTIONS)
        known = (yield from steps(engine, name, asked, progress, language)).value.directions
        places = np.linspace(-span / 2, span / 2, SIDE, dtype=np.float32)
        right, top = np.meshgrid(x + places, y - places)
        points = (
            middle + right.reshape(-1, 1) * known[int(across) - 1] + top.reshape(-1, 1) * known[int(up) - 1]
        )
        labels = latents.labels_of(card, [seed], class_asked(card, label))
        request_ = DecodeRequest(points.astype(np.float32), labels and labels * len(points))
        pictures = (yield from steps(engine, name, request_, progress, language)).value
        told = {"x": f"{x:+.1f}".replace("-", "−"), "y": f"{y:+.1f}".replace("-", "−")}
        yield {
            view: {
                "map": png(images.grid(pictures, SIDE)),
                "centre": png(pictures[len(pictures) // 2]),
                "side": SIDE,
                "step": span / (SIDE - 1),
                "x": x,
                "y": y,
                "said": words(language, "generate.centre", **told),
            }
        }

    def move(event: gr.EventData) -> list[float]:
        return [_bounded(event.x), _bounded(event.y)]

    view.move(move, None, centre, **QUIET).then(**press(run))
    on_device(
        [run.click, origin.input, *(each.release for each in (*axes, span))],
        draw,
        [model, label, start, origin, *axes, span, *centre],
        [view],
        stop=stop,
        shows=view,
    )

    def of_card(card: ModelCard, language: str) -> Values:
        named = [(words(language, f"generate.origin_{each}"), each) for each in ORIGINS]
        return {origin: gr.Radio(named, value=ORIGINS[0]), view: None, **dict.fromkeys(centre, 0)}

    return Part([origin, view, *centre], of_card)


def _bounded(place: object) -> float:
    """A coordinate that the page sent, if it is a number, within the map."""
    if isinstance(place, int | float) and math.isfinite(place):
        return min(max(float(place), -FARTHEST), FARTHEST)
    return 0.0
