"""Walks through the space that pictures are drawn from: between two seeds, and along a direction."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from segen import registry
from segen.imaging import images
from segen.models import latents
from segen.models.latents import Latents
from segen.registry import ModelCard
from segen.text import words
from segen.types import DecodeRequest, DirectionsRequest, LatentsRequest, Pictures
from segen.ui.framework.data_uri import data_uri
from segen.ui.framework.downloads import download_button, saved
from segen.ui.framework.figures import png
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import QUIET, on_device, steps
from segen.ui.tabs.generate.encoding import encoding_panel
from segen.ui.tabs.generate.mixing import classes_panel, mix_panel
from segen.ui.tabs.generate.neighbours import neighbours_panel
from segen.ui.tabs.generate.objectives import diffuses
from segen.ui.tabs.generate.seeds import DIRECTIONS, class_asked, seed_of, truncated
from segen.ui.widgets.latent_map import map_panel

if TYPE_CHECKING:
    from segen.engine import Engine

Steps = Generator[dict[Any, Any], None, Any]
WAYS = {
    "between": None,
    "along": None,
    "neighbours": None,
    "map": None,
    "mix": "stages",
    "classes": "conditional",
    "encoding": "encodes",
}
"""What can be done in latent space, each with the option that a card needs for it."""
FIRST = "between"
MAX_STRENGTH = 10.0


@dataclass(frozen=True)
class LatentPart(Part):
    """The panel with the seeds that a walk goes between.

    `choose` puts the seed of an event into one of `ends`. `refine` opens the seed of an event amid its
    neighbours, among `refined`, which the button `neighbours` then draws.
    """

    ends: Sequence[gr.Textbox]
    choose: Callable[[gr.EventData], Values]
    refined: Sequence[Any]
    refine: Callable[[gr.EventData], Values]
    neighbours: gr.Button


def latent_panel(
    engine: Engine, model: gr.Dropdown, label: gr.Dropdown, truncation: gr.Slider, stop: gr.Button
) -> LatentPart:
    """Lay out the panel; it draws with the `model`, `label` and `truncation` that are chosen beside it."""
    with gr.Column(elem_classes="latent", elem_id="generate-latent") as panel:
        gr.Markdown(say("generate.latent"), elem_classes="heading")
        gr.Markdown(say("generate.latent_help"), elem_classes="help")
        way = gr.Radio(list(WAYS), value=FIRST, show_label=False, container=False, elem_id="generate-way")
        helps = {each: gr.Markdown(say(f"generate.{each}_help"), elem_classes="help") for each in WAYS}
        with gr.Row() as seeds:
            start = gr.Textbox("0", label=say("generate.start"), max_length=19, min_width=140)
            end = gr.Textbox("1", label=say("generate.end"), max_length=19, min_width=140)
            direction = gr.Slider(
                1, DIRECTIONS, 1, step=1, label=say("generate.direction"), buttons=[], min_width=180
            )
            strength = gr.Slider(
                0.5, MAX_STRENGTH, 5, step=0.5, label=say("generate.strength"), buttons=[], min_width=180
            )
        with gr.Column() as walking:
            with gr.Row(elem_classes="beside"):
                frames = gr.Slider(8, 48, 16, step=8, label=say("generate.frames"), buttons=[], min_width=180)
                run = gr.Button(
                    say("generate.walk"), variant="primary", scale=0, min_width=160, elem_id="generate-walk"
                )
            strip = gr.HTML(elem_classes="walked", padding=False, elem_id="generate-strip")
            film = download_button("generate.film_file", visible=False, elem_id="generate-film")
        with gr.Column() as mapping:
            map_outputs = map_panel(engine, model, label, start, stop)
        with gr.Column() as refining:
            neighbours_outputs, neighbours = neighbours_panel(engine, model, label, start, stop)
        with gr.Column() as mixing:
            mix_outputs = mix_panel(engine, model, label, stop)
        with gr.Column() as classing:
            class_outputs = classes_panel(engine, model, truncation, start, stop)
        with gr.Column() as placing:
            encoding_outputs = encoding_panel(engine, model, stop)
    parts = (map_outputs, neighbours_outputs, mix_outputs, class_outputs, encoding_outputs)

    def walk(
        way: str,
        name: str,
        label: str,
        threshold: float,
        start: str,
        end: str,
        direction: int,
        strength: float,
        frames: int,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Steps:
        language = language_of(request)
        card = registry.card(name, "generate")
        begin = seed_of(start)
        if way == "along":
            path = yield from _along(engine, card, begin, direction, strength, frames, progress, language)
            ends = [f"−{strength:g}", words(language, "generate.seed_of", seed=begin), f"+{strength:g}"]
            stem = f"{name}-seed-{begin:06d}-direction-{direction}"
        else:
            finish = seed_of(end)
            path = yield from _between(engine, card, begin, finish, frames, progress, language)
            ends = [words(language, "generate.seed_of", seed=seed) for seed in (begin, finish)]
            stem = f"{name}-seed-{begin:06d}-to-{finish:06d}"
        asked = class_asked(card, label)
        labels = latents.labels_of(card, [begin], asked)
        request_ = DecodeRequest(truncated(path, threshold), labels and labels * len(path))
        done = yield from steps(engine, name, request_, progress, language)
        moving = images.encode_animation(done.value)
        yield {
            strip: _strip(done.value, moving, ends, language),
            film: gr.DownloadButton(value=saved(f"{stem}.webp", moving), visible=True),
        }

    on_device(
        [run.click],
        walk,
        [way, model, label, truncation, start, end, direction, strength, frames],
        [strip, film],
        stop=stop,
        shows=strip,
    )
    columns = {
        "map": mapping,
        "neighbours": refining,
        "mix": mixing,
        "classes": classing,
        "encoding": placing,
    }
    shown = [*helps.values(), seeds, end, direction, strength, walking, *columns.values()]

    def show(way: str) -> Values:
        return {
            **{text: gr.Markdown(visible=each == way) for each, text in helps.items()},
            seeds: gr.Row(visible=way not in ("mix", "encoding")),
            end: gr.Textbox(visible=way == "between"),
            direction: gr.Slider(visible=way == "along"),
            strength: gr.Slider(visible=way == "along"),
            walking: gr.Column(visible=way in ("between", "along")),
            **{column: gr.Column(visible=each == way) for each, column in columns.items()},
        }

    way.input(show, way, shown, **QUIET)

    def of_card(card: ModelCard, language: str) -> Values:
        ways = [each for each, needed in WAYS.items() if needed is None or getattr(card.options, needed)]
        choices = [(words(language, f"generate.{each}"), each) for each in ways]
        values: Values = {
            panel: gr.Column(visible=not diffuses(card)),
            way: gr.Radio(choices, value=FIRST),
            **show(FIRST),
            strip: "",
            film: gr.DownloadButton(visible=False),
        }
        for part in parts:
            values |= part.of_card(card, language)
        return values

    def choose(event: gr.EventData) -> Values:
        return {end if event.end == "end" else start: str(seed_of(str(event.seed)))}

    def refine(event: gr.EventData) -> Values:
        return {start: str(seed_of(str(event.seed))), way: "neighbours", **show("neighbours")}

    outputs = [panel, way, *shown, strip, film, *(output for part in parts for output in part.outputs)]
    return LatentPart(outputs, of_card, [start, end], choose, [start, way, *shown], refine, neighbours)


def _between(
    engine: Engine,
    card: ModelCard,
    start: int,
    end: int,
    frames: int,
    progress: gr.Progress,
    language: str,
) -> Generator[dict[Any, Any], None, Latents]:
    """The latent vectors from one seed to another."""
    drawn = yield from steps(engine, card.name, LatentsRequest([start, end]), progress, language)
    first, last = drawn.value[:1], drawn.value[1:]
    return np.concatenate([latents.spherical(first, last, share) for share in np.linspace(0, 1, frames)])


def _along(
    engine: Engine,
    card: ModelCard,
    seed: int,
    direction: int,
    strength: float,
    frames: int,
    progress: gr.Progress,
    language: str,
) -> Generator[dict[Any, Any], None, Latents]:
    """The latent vectors from `strength` before a seed's to as far after it, along direction 1 to 8."""
    drawn = yield from steps(engine, card.name, LatentsRequest([seed]), progress, language)
    asked = DirectionsRequest(DIRECTIONS)
    found = (yield from steps(engine, card.name, asked, progress, language)).value
    places = np.linspace(-strength, strength, frames, dtype=np.float32)[:, None]
    path: Latents = drawn.value + places * found.directions[int(direction) - 1]
    return path


def _strip(pictures: Pictures, moving: bytes, ends: Sequence[str], language: str) -> str:
    """The walk as a film beside its frames, with `ends` under the strip from left to right, as HTML."""
    told = escape(words(language, "generate.film"))
    frames = "".join(f"<img src='{png(each)}' alt=''>" for each in pictures)
    captions = "".join(f"<span>{escape(each)}</span>" for each in ends)
    return (
        f"<img class='film' src='{data_uri(moving, 'image/webp')}' alt='{told}'>"
        f"<div><div class='frames'>{frames}</div><p class='ends'>{captions}</p></div>"
    )
