"""A seed refined: its picture amid others near it in latent space, of which one becomes the next middle."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from markupsafe import Markup

from segen.errors import InputError
from segen.imaging import png_text
from segen.models import latents
from segen.models.latents import Latents
from segen.registry import ModelCard
from segen.text import words
from segen.types import DecodeRequest, LatentsRequest, Pictures
from segen.ui.framework.component import component
from segen.ui.framework.downloads import download_button, saved
from segen.ui.framework.figures import empty, figure, png
from segen.ui.framework.language import say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import ONCE, QUIET, on_device, press, press_when_moved, steps
from segen.ui.framework.templates import render
from segen.ui.tabs.generate.chosen import Asked, Chosen, Given
from segen.ui.tabs.generate.seeds import Ends, seed_of

if TYPE_CHECKING:
    from segen.engine import Engine

Steps = Generator[dict[Any, Any], None, None]

RUN = "generate-neighbours"
"""The id of the button that draws."""
COUNT = 16
"""Pictures around the middle."""


@dataclass(frozen=True)
class Trail:
    """The way from a seed to the middle: of each round the picture that was chosen, and how far it lay."""

    seed: int
    choices: tuple[tuple[int, float], ...] = ()


def neighbours_panel(engine: Engine, chosen: Chosen, ends: Ends) -> Part:
    """Lay out the panel, which begins at the seed that `ends.start` holds."""
    reach, run, back = _controls()
    view = component("choices", elem_classes=["framed", "neighbours"], elem_id="generate-refined")
    download = download_button("generate.neighbours_file", visible=False, elem_id="generate-refined-file")
    kept = gr.State(None)

    def draw(
        given: Given,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Steps:
        asked, seed = chosen.read(given, request), seed_of(given[ends.start])
        trail: Trail | None = given[kept]
        way = trail if trail is not None and trail.seed == seed else Trail(seed)
        pictures = yield from _drawn(engine, asked, way, given[reach], progress)
        choices = "".join(f"-{number:02d}" for number, _ in way.choices)
        stem = f"{asked.card.name}-seed-{seed:06d}-around{choices}"
        file = saved(f"{stem}.png", png_text.marked(pictures[0], "trainedAlgorithmicMedia"))
        yield {
            view: shown(pictures, way, asked.language),
            kept: way,
            back: gr.Button(interactive=bool(way.choices)),
            download: gr.DownloadButton(value=file, visible=True),
        }

    press_when_moved(run, reach)
    on_device(
        [run.click],
        draw,
        {*chosen.inputs, ends.start, reach, kept},
        [view, kept, back, download],
        stop=chosen.stop,
        shows=view,
    )

    def choose(event: gr.EventData, trail: Trail | None, reach: float) -> Trail | None:
        if trail is None or str(event.round) != str(len(trail.choices)):  # a data attribute is text
            return trail  # a click of a double click, after which another round is on its way
        numbers = {str(number): number for number in range(COUNT)}
        return extended(trail, numbers.get(str(event.number)), reach)

    view.choose(choose, [kept, reach], kept, **ONCE).then(**press(run))
    undo = back.click(lambda trail: trail and replace(trail, choices=trail.choices[:-1]), kept, kept, **QUIET)
    undo.then(**press(run))

    def of_card(_card: ModelCard, language: str) -> Values:
        return {
            view: empty(words(language, "generate.neighbours_empty")),
            kept: None,
            back: gr.Button(interactive=False),
            download: gr.DownloadButton(visible=False),
        }

    return Part([view, kept, back, download], of_card)


def _controls() -> tuple[gr.Slider, gr.Button, gr.Button]:
    """How far the neighbours lie, the button that draws them, and the one that goes a round back."""
    with gr.Row(elem_classes="beside"):
        reach = gr.Slider(
            0.05,
            1,
            0.3,
            step=0.05,
            label=say("generate.reach"),
            info=say("generate.reach_help"),
            buttons=[],
            min_width=220,
            elem_id="generate-reach",
        )
        run = gr.Button(
            say("generate.neighbours_run"), variant="primary", scale=0, min_width=140, elem_id=RUN
        )
        back = gr.Button(
            say("generate.neighbours_back"),
            interactive=False,
            scale=0,
            min_width=90,
            elem_id="generate-neighbours-back",
        )
    return reach, run, back


def _drawn(
    engine: Engine, asked: Asked, trail: Trail, reach: float, progress: gr.Progress
) -> Generator[dict[Any, Any], None, Pictures]:
    """The picture in the middle, and those around it."""
    ask = (progress, asked.language)
    drawn = yield from steps(engine, asked.card.name, LatentsRequest([trail.seed]), *ask)
    points = neighbours(drawn.value, trail, reach)
    labels = latents.labels_of(asked.card, [trail.seed], asked.label)
    work = DecodeRequest(points, labels and labels * len(points))
    return (yield from steps(engine, asked.card.name, work, *ask)).value


def extended(trail: Trail, number: object, reach: float) -> Trail:
    """The trail with one more choice. Raises InputError for what is no number of a picture around."""
    if not isinstance(number, int) or not 0 <= number < COUNT:
        raise InputError("arguments")
    return replace(trail, choices=(*trail.choices, (number, reach)))


def neighbours(first: Latents, trail: Trail, reach: float) -> Latents:
    """The middle that `trail` leads to from `first`, 1 x d, and COUNT points around it, a `reach` away.

    Each lies on the great circle to a random vector of its own, others in each round; `reach` is the share of
    the way to it. So lengths stay those of the vectors that the network learned from.
    """
    middle = first
    for rounds, (number, far) in enumerate(trail.choices):
        middle = _towards(middle, rounds, far)[number : number + 1]
    return np.concatenate([middle, _towards(middle, len(trail.choices), reach)])


def _towards(middle: Latents, rounds: int, share: float) -> Latents:
    others = latents.noise(range(rounds * COUNT, (rounds + 1) * COUNT), middle.shape[1:])
    return latents.spherical(middle.repeat(COUNT, axis=0), others, share)


def shown(pictures: Pictures, trail: Trail, language: str) -> Markup:
    """The middle over how far it is from its seed, beside the others as buttons, as HTML."""
    told = words(language, "generate.neighbours_told", seed=trail.seed, rounds=len(trail.choices))
    middle, *others = map(png, pictures)
    return render(
        "tabs/generate/neighbours.html",
        language=language,
        middle=figure(middle, told),
        round=len(trail.choices),
        others=others,
    )
