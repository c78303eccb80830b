"""A picture's place in the latent space of a network with an encoder, and the pictures around it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from segen.models import latents
from segen.models.latents import Latents
from segen.registry import ModelCard
from segen.text import words
from segen.types import DecodeRequest, DirectionsRequest, EncodeRequest, Encoding, Image
from segen.ui.framework.figures import figure, png
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import on_device, steps
from segen.ui.widgets.examples import GARMENTS, OF_DATASET
from segen.ui.widgets.gallery import gallery, gallery_input, on_choice
from segen.ui.widgets.picture import opened, picture_input

if TYPE_CHECKING:
    from segen.engine import Engine

MOVES = 4
"""Sliders, one for each of the first principal directions."""
FARTHEST_MOVE = 4.0
NEIGHBOURS = 16
EDGE = 3.0
"""Means are shown from minus to plus this; the band around 0 reaches to 2 standard deviations."""


def encoding_panel(engine: Engine, model: gr.Dropdown, stop: gr.Button) -> Part:
    """Lay out the picture to encode, what moves it, and what the network makes of it."""
    with gr.Row():
        with gr.Column(scale=2, min_width=260):
            picture = picture_input(height=180, elem_id="generate-picture")
            pick = gallery_input(elem_id="generate-examples")
            run = gr.Button(say("generate.encoding_run"), variant="primary", elem_id="generate-encode")
        with gr.Column(scale=3, min_width=260):
            view = gr.HTML(elem_classes="framed", padding=False, elem_id="generate-encoding")
            gr.Markdown(say("generate.moves"), elem_classes="help")
            with gr.Row():
                moves = [
                    gr.Slider(
                        -FARTHEST_MOVE,
                        FARTHEST_MOVE,
                        0,
                        step=0.25,
                        label=str(number),
                        buttons=[],
                        min_width=190,
                        elem_id=f"generate-move-{number}",
                    )
                    for number in range(1, MOVES + 1)
                ]
            distance = gr.Slider(
                0.5,
                6,
                2,
                step=0.5,
                label=say("generate.distance"),
                info=say("generate.distance_help"),
                buttons=[],
                elem_id="generate-distance",
            )

    def encode(
        file: Path | None,
        name: str,
        distance: float,
        first: float,
        second: float,
        third: float,
        fourth: float,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[dict[Any, Any], None, None]:
        language = language_of(request)
        picked = yield from opened(file, {picture: None, view: _empty(language)})
        if picked is None:
            return
        found = (yield from steps(engine, name, EncodeRequest(picked[0]), progress, language)).value
        asked = DirectionsRequest(MOVES)
        known = (yield from steps(engine, name, asked, progress, language)).value.directions
        place = found.mean + np.array([first, second, third, fourth], dtype=np.float32) @ known
        points = np.concatenate([place[None], neighbours(place, NEIGHBOURS, distance)])
        pictures = (yield from steps(engine, name, DecodeRequest(points), progress, language)).value
        yield {view: _shown(found, pictures[0], pictures[1:], distance, language)}

    on_device(
        [picture.input, run.click, *(each.input for each in (*moves, distance))],
        encode,
        [picture, model, distance, *moves],
        [picture, view],
        stop=stop,
        shows=view,
    )
    on_choice(pick, picture, run)

    def of_card(card: ModelCard, language: str) -> Values:
        if not card.options.encodes:
            return {picture: None, pick: "", view: ""}
        named = {
            move: gr.Slider(label=words(language, "generate.move", number=number))
            for number, move in enumerate(moves, start=1)
        }
        examples = gallery(OF_DATASET.get(card.dataset, GARMENTS), language)
        return {picture: None, pick: examples, view: _empty(language), **named}

    return Part([picture, pick, view, *moves], of_card)


def neighbours(place: Latents, count: int, distance: float) -> Latents:
    """`count` x d points at one `distance` from a place of d numbers, each in another direction."""
    directions = latents.noise(range(count), place.shape)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    found: Latents = place + distance * directions
    return found


def _empty(language: str) -> str:
    return f"<p class='empty'>{escape(words(language, 'generate.encoding_empty'))}</p>"


def _shown(
    found: Encoding, moved: Image, neighbours: Sequence[Image] | Any, distance: float, language: str
) -> str:
    """The picture, its reconstruction and where the sliders bring it; its place; what lies around it."""
    three = {"given": found.given, "reconstruction": found.reconstruction, "moved": moved}
    figures = "".join(figure(png(each), words(language, f"generate.{name}")) for name, each in three.items())
    others = "".join(f"<img src='{png(each)}' alt=''>" for each in neighbours)
    caption = escape(words(language, "generate.variations", distance=f"{distance:g}"))
    return (
        f"<div class='three'>{figures}</div>{_numbers(found, language)}"
        f"<p>{caption}</p><div class='frames'>{others}</div>"
    )


def _numbers(found: Encoding, language: str) -> str:
    """Each number of the place as a mean with two standard deviations to either side, as SVG."""
    mean, deviation = found.mean.astype(float), np.exp(found.log_variance.astype(float) / 2)
    divergence = 0.5 * float((mean**2 + deviation**2 - 1 - 2 * np.log(deviation)).sum())
    width, told, marks = 20 * len(mean), [], ""
    for number, (middle, spread) in enumerate(zip(mean, deviation, strict=True)):
        x = 20 * number + 10
        low, middle_y, high = (
            50 - 50 * float(np.clip(value / EDGE, -1, 1))
            for value in (middle - 2 * spread, middle, middle + 2 * spread)
        )
        values = {"mean": f"{middle:.2f}", "deviation": f"{spread:.2f}"}
        name = escape(words(language, "generate.number", number=number + 1, **values)).replace("-", "−")
        told.append(name)
        marks += (
            f"<g><title>{name}</title><line x1='{x}' x2='{x}' y1='{low:.1f}' y2='{high:.1f}'/>"
            f"<circle cx='{x}' cy='{middle_y:.1f}' r='2.2'/></g>"
        )
    caption = escape(words(language, "generate.numbers", kl=f"{divergence:.1f}"))
    return (
        f"<figure class='numbers'><svg viewBox='0 -3 {width} 106' role='img' aria-label='{'; '.join(told)}'>"
        f"<rect x='0' y='{50 - 100 / EDGE:.1f}' width='{width}' height='{200 / EDGE:.1f}'/>"
        f"<path d='M0,50 H{width}'/>{marks}</svg>"
        f"<figcaption>{caption}</figcaption></figure>"
    )
