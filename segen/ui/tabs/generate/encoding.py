"""A picture's latent vector in a network with an encoder, and the pictures around it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from markupsafe import Markup

from segen.models import latents
from segen.models.latents import Latents
from segen.registry import ModelCard
from segen.text import words
from segen.types import DecodeRequest, DirectionsRequest, EncodeRequest, Encoding, Image
from segen.ui.framework.figures import empty, figure, png
from segen.ui.framework.language import say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import on_device, steps
from segen.ui.framework.templates import render
from segen.ui.tabs.generate.chosen import Chosen, Given
from segen.ui.tabs.generate.own_picture import own_picture
from segen.ui.tabs.generate.seeds import Ends
from segen.ui.widgets.picture import opened

if TYPE_CHECKING:
    from segen.engine import Engine

Steps = Generator[dict[Any, Any], None, None]

MOVES = 4
"""Sliders, one for each of the first principal directions."""
FARTHEST_MOVE = 4.0
NEIGHBOURS = 16
EDGE = 3.0
"""Means are shown from minus to plus this; the band around 0 reaches to 2 standard deviations."""


def encoding_panel(engine: Engine, chosen: Chosen, _ends: Ends) -> Part:
    """Lay out the picture to encode, what moves it, and what the network makes of it."""
    with gr.Row():
        own = own_picture("generate", "generate.encoding_run", variant="primary", elem_id="generate-encode")
        with gr.Column(scale=3, min_width=260):
            view = gr.HTML(elem_classes="framed", padding=False, elem_id="generate-encoding")
            moves, distance = _moves()

    def encode(
        given: Given,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Steps:
        asked = chosen.read(given, request)
        picked = yield from opened(given[own.picture], {own.picture: None, view: _empty(asked.language)})
        if picked is None:
            return
        name, ask = asked.card.name, (progress, asked.language)
        found = (yield from steps(engine, name, EncodeRequest(picked[0]), *ask)).value
        known = (yield from steps(engine, name, DirectionsRequest(MOVES), *ask)).value.directions
        moved_latent = found.noise + np.array([given[move] for move in moves], dtype=np.float32) @ known
        points = np.concatenate([moved_latent[None], neighbours(moved_latent, NEIGHBOURS, given[distance])])
        moved, *others = (yield from steps(engine, name, DecodeRequest(points), *ask)).value
        yield {view: encoding_view(found, moved, others, given[distance], asked.language)}

    on_device(
        [*own.triggers, *(each.input for each in (*moves, distance))],
        encode,
        {*chosen.inputs, own.picture, distance, *moves},
        [own.picture, view],
        stop=chosen.stop,
        shows=view,
    )

    def of_card(card: ModelCard, language: str) -> Values:
        if not card.options.encodes:
            return {**own.of_card(card, language, False), view: ""}
        named = {
            move: gr.Slider(label=words(language, "generate.move", number=number))
            for number, move in enumerate(moves, start=1)
        }
        return {**own.of_card(card, language, True), view: _empty(language), **named}

    return Part([*own.outputs, view, *moves], of_card)


def _moves() -> tuple[list[gr.Slider], gr.Slider]:
    """A slider for each of the first principal directions, and one for the distance of the variations."""
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
    return moves, distance


def neighbours(latent: Latents, count: int, distance: float) -> Latents:
    """`count` x d points at one `distance` from a latent vector of d numbers, each in another direction."""
    directions = latents.noise(range(count), latent.shape)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    found: Latents = latent + distance * directions
    return found


def _empty(language: str) -> Markup:
    return empty(words(language, "generate.encoding_empty"))


def encoding_view(
    found: Encoding, moved: Image, others: Sequence[Image], distance: float, language: str
) -> Markup:
    """The picture, its reconstruction, the result of the sliders, its latent vector, pictures around it."""
    three = {"given": found.given, "reconstruction": found.reconstruction, "moved": moved}
    return render(
        "tabs/generate/encoding.html",
        figures=[figure(png(each), words(language, f"generate.{name}")) for name, each in three.items()],
        numbers=numbers(found, language),
        caption=words(language, "generate.variations", distance=f"{distance:g}"),
        others=[png(each) for each in others],
    )


def numbers(found: Encoding, language: str) -> Markup:
    """Each number of the latent vector as a mean with two standard deviations to either side, as SVG."""
    mean, deviation = found.mean.astype(float), np.exp(found.log_variance.astype(float) / 2)
    divergence = 0.5 * float((mean**2 + deviation**2 - 1 - 2 * np.log(deviation)).sum())
    marks = []
    for number, (middle, spread) in enumerate(zip(mean, deviation, strict=True)):
        low, center, high = (
            f"{50 - 50 * float(np.clip(value / EDGE, -1, 1)):.1f}"
            for value in (middle - 2 * spread, middle, middle + 2 * spread)
        )
        values = {"mean": f"{middle:.2f}", "deviation": f"{spread:.2f}"}
        name = words(language, "generate.number", number=number + 1, **values).replace("-", "−")
        marks.append({"x": 20 * number + 10, "low": low, "center": center, "high": high, "name": name})
    return render(
        "tabs/generate/numbers.html",
        width=20 * len(mean),
        band=(f"{50 - 100 / EDGE:.1f}", f"{200 / EDGE:.1f}"),
        marks=marks,
        caption=words(language, "generate.numbers", kl=f"{divergence:.1f}"),
    )
