"""Walks through latent space: from one seed to another, and along a direction through a seed."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from markupsafe import Markup

from segen.imaging import films
from segen.models import latents
from segen.models.latents import Latents
from segen.registry import ModelCard
from segen.text import words
from segen.types import DecodeRequest, DirectionsRequest, LatentsRequest, Pictures
from segen.ui.framework.data_uri import data_uri
from segen.ui.framework.downloads import download_button, saved
from segen.ui.framework.figures import png
from segen.ui.framework.language import say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import in_page, on_device, steps
from segen.ui.framework.templates import render
from segen.ui.tabs.generate.chosen import Asked, Chosen, Given
from segen.ui.tabs.generate.seeds import DIRECTIONS, Ends, seed_of, truncated

if TYPE_CHECKING:
    from segen.engine import Engine

Steps = Generator[dict[Any, Any], None, Any]
MAX_STRENGTH = 10.0
LATER = "(...given) => (segen.unfill(), given)"
"""Of an event after which `first` comes again: until then it does not walk."""


@dataclass(frozen=True)
class Walk:
    """Latent vectors from first to last; what stands under its ends, and the stem of its file."""

    path: Latents
    seed: int
    captions: Sequence[str]
    stem: str


@dataclass(frozen=True)
class Screen:
    """What a walk is started with and shown on."""

    frames: gr.Slider
    run: gr.Button
    strip: gr.HTML
    film: gr.DownloadButton

    @property
    def outputs(self) -> list[Any]:
        """What a walk sets."""
        return [self.strip, self.film]

    def cleared(self, _card: ModelCard, _language: str) -> Values:
        """Without a walk."""
        return {self.strip: "", self.film: gr.DownloadButton(visible=False)}

    def shown(self, engine: Engine, asked: Asked, walk: Walk, progress: gr.Progress) -> Steps:
        """Draw the walk and show it."""
        labels = latents.labels_of(asked.card, [walk.seed], asked.label)
        points = truncated(walk.path, asked.threshold)
        work = DecodeRequest(points, labels and labels * len(points))
        done = yield from steps(engine, asked.card.name, work, progress, asked.language)
        moving = films.encode_animation(done.value)
        yield {
            self.strip: strip(done.value, moving, walk.captions, asked.language),
            self.film: gr.DownloadButton(value=saved(f"{walk.stem}.webp", moving), visible=True),
        }


def first() -> dict[str, Any]:
    """An event that walks between the ends where one sees that there is no walk yet."""
    return in_page("segen.fill('generate-walk', 'generate-walk-strip')")


def between_panel(engine: Engine, chosen: Chosen, ends: Ends) -> Part:
    """Lay out the walk from the seed that `ends.start` holds to that of `ends.end`."""
    screen = _screen("walk")

    def walk(
        given: Given,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Steps:
        asked = chosen.read(given, request)
        seeds = seed_of(given[ends.start]), seed_of(given[ends.end])
        drawn = yield from steps(engine, asked.card.name, LatentsRequest(seeds), progress, asked.language)
        first, last = drawn.value[:1], drawn.value[1:]
        shares = np.linspace(0, 1, int(given[screen.frames]))
        path = np.concatenate([latents.spherical(first, last, share) for share in shares])
        captions = [words(asked.language, "generate.seed_of", seed=seed) for seed in seeds]
        stem = f"{asked.card.name}-seed-{seeds[0]:06d}-to-{seeds[1]:06d}"
        yield from screen.shown(engine, asked, Walk(path, seeds[0], captions, stem), progress)

    inputs = {*chosen.inputs, ends.start, ends.end, screen.frames}
    on_device([screen.run.click], walk, inputs, screen.outputs, stop=chosen.stop, shows=screen.strip)
    return Part(screen.outputs, screen.cleared)


def along_panel(engine: Engine, chosen: Chosen, ends: Ends) -> Part:
    """Lay out the walk along a principal direction, through the seed that `ends.start` holds."""
    with gr.Row():
        direction = gr.Slider(
            1, DIRECTIONS, 1, step=1, label=say("generate.direction"), buttons=[], min_width=180
        )
        strength = gr.Slider(
            0.5, MAX_STRENGTH, 5, step=0.5, label=say("generate.strength"), buttons=[], min_width=180
        )
    screen = _screen("along")

    def walk(
        given: Given,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Steps:
        asked, seed = chosen.read(given, request), seed_of(given[ends.start])
        number, far = int(given[direction]), given[strength]
        ask = (progress, asked.language)
        drawn = yield from steps(engine, asked.card.name, LatentsRequest([seed]), *ask)
        known = yield from steps(engine, asked.card.name, DirectionsRequest(DIRECTIONS), *ask)
        places = np.linspace(-far, far, int(given[screen.frames]), dtype=np.float32)[:, None]
        path = drawn.value + places * known.value.directions[number - 1]
        captions = [f"−{far:g}", words(asked.language, "generate.seed_of", seed=seed), f"+{far:g}"]
        stem = f"{asked.card.name}-seed-{seed:06d}-direction-{number}"
        yield from screen.shown(engine, asked, Walk(path, seed, captions, stem), progress)

    inputs = {*chosen.inputs, ends.start, direction, strength, screen.frames}
    on_device([screen.run.click], walk, inputs, screen.outputs, stop=chosen.stop, shows=screen.strip)
    return Part(screen.outputs, screen.cleared)


def _screen(way: str) -> Screen:
    with gr.Row(elem_classes="beside"):
        frames = gr.Slider(8, 48, 16, step=8, label=say("generate.frames"), buttons=[], min_width=180)
        run = gr.Button(
            say("generate.walk"), variant="primary", scale=0, min_width=160, elem_id=f"generate-{way}"
        )
    strip = gr.HTML(elem_classes="walked", padding=False, elem_id=f"generate-{way}-strip")
    film = download_button("generate.film_file", visible=False, elem_id=f"generate-{way}-film")
    return Screen(frames, run, strip, film)


def strip(pictures: Pictures, moving: bytes, captions: Sequence[str], language: str) -> Markup:
    """The walk as a film beside its frames, with captions under the strip from left to right."""
    return render(
        "tabs/generate/walk.html",
        film=data_uri(moving, "image/webp"),
        told=words(language, "generate.film"),
        frames=[png(each) for each in pictures],
        captions=captions,
    )
