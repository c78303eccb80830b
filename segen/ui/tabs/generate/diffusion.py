"""Diffusion seen: noise laid over a picture, and taken away again step by step."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import gradio as gr
import numpy as np

from segen import registry
from segen.registry import ModelCard
from segen.text import words
from segen.types import (
    NoisedRequest,
    Run,
    Sampler,
    Step,
    Trajectory,
    TrajectoryRequest,
    VariationsRequest,
    seed_range,
)
from segen.ui.framework.component import component
from segen.ui.framework.data_uri import sent
from segen.ui.framework.figures import figure, png
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import on_device, steps
from segen.ui.tabs.generate.objectives import diffuses
from segen.ui.tabs.generate.samplers import AT_ONCE, Work, compare_panel, row_of
from segen.ui.tabs.generate.seeds import class_asked, seed_of
from segen.ui.widgets.examples import GARMENTS, OF_DATASET
from segen.ui.widgets.gallery import gallery, gallery_input, on_choice
from segen.ui.widgets.picture import Picture, opened, picture_input

if TYPE_CHECKING:
    from segen.engine import Engine

TIMESTEPS = 41
"""Of the forward process."""
PICTURE = "picture"
"""The part where a picture is noised and denoised."""
LIVE = 50
"""So many times at most the page is drawn anew while a picture is sampled."""


@dataclass(frozen=True)
class DiffusionPart(Part):
    """`vary` puts the picture of an event where `run` noises and denoises it, among `varied`."""

    varied: Sequence[Any]
    vary: Callable[[gr.EventData], Values]
    run: gr.Button


def diffusion_panel(
    engine: Engine,
    model: gr.Dropdown,
    label: gr.Dropdown,
    seed: gr.Textbox,
    sampling: Sequence[Any],
    stop: gr.Button,
) -> DiffusionPart:
    """Lay out the panel, shown for cards that diffuse; it samples as is chosen beside it."""
    options = [model, label, seed, *sampling]
    with gr.Column(
        visible=False, elem_classes=["latent", "diffusion"], elem_id="generate-diffusion"
    ) as panel:
        gr.Markdown(say("diffusion.title"), elem_classes="heading")
        with gr.Tabs() as tabs:
            with gr.Tab(say("diffusion.reverse")):
                reverse = _reverse(engine, options, stop)
            with gr.Tab(say("diffusion.picture"), id=PICTURE):
                pictured, picture, varying = _picture(engine, options, stop)
            with gr.Tab(say("diffusion.compare")):
                compared = compare_panel(engine, options, stop)
    parts = (reverse, pictured, compared)

    def of_card(card: ModelCard, language: str) -> Values:
        values: Values = {panel: gr.Column(visible=diffuses(card))}
        for part in parts:
            values |= part.of_card(card, language)
        return values

    def vary(event: gr.EventData) -> Values:
        return {tabs: gr.Tabs(selected=PICTURE), picture: sent(event.picture)}

    outputs = [panel, *(output for part in parts for output in part.outputs)]
    return DiffusionPart(outputs, of_card, [tabs, picture], vary, varying)


def _reverse(engine: Engine, options: Sequence[Any], stop: gr.Button) -> Part:
    gr.Markdown(say("diffusion.reverse_help"), elem_classes="help")
    run = gr.Button(say("diffusion.watch"), variant="primary", elem_id="generate-watch")
    view = _scrubber(elem_id="generate-reverse")
    told = gr.HTML(elem_classes="said", padding=False, elem_id="generate-watched")

    def watch(
        name: str,
        asked: str,
        seed: str,
        sampler: Sampler,
        count: int,
        guidance: float,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Work:
        language = language_of(request)
        label = class_asked(registry.card(name, "generate"), asked)
        work = TrajectoryRequest(seed_of(seed), label, sampler, int(count), guidance)
        with closing(cast(Generator[Step | Run[Trajectory], None, None], engine.stream(name, work))) as items:
            for item in items:
                if isinstance(item, Run):
                    yield {view: trajectory(item.value, language), told: _took(item, work, language)}
                    return
                progress((item.done, item.total), desc=words(language, "page.working"))
                live = item.done * LIVE // item.total > (item.done - 1) * LIVE // item.total
                yield {view: _live(item, language)} if live or item.total <= LIVE else gr.skip()

    on_device([run.click], watch, options, [view, told], stop=stop, shows=told)
    return Part([view, told], lambda _card, language: {view: _empty("reverse_empty", language), told: ""})


def _picture(engine: Engine, options: Sequence[Any], stop: gr.Button) -> tuple[Part, Picture, gr.Button]:
    """The picture, and the button that varies it, come with the part."""
    gr.Markdown(say("diffusion.picture_help"), elem_classes="help")
    with gr.Row():
        with gr.Column(scale=2, min_width=260):
            picture = picture_input(height=180, elem_id="generate-noised-picture")
            pick = gallery_input(elem_id="generate-noised-examples")
            run = gr.Button(say("diffusion.noise_run"), elem_id="generate-noise")
        with gr.Column(scale=3, min_width=260):
            forward = _scrubber(elem_id="generate-forward")
            gr.Markdown(say("diffusion.vary_help"), elem_classes="help")
            with gr.Row(elem_classes="beside"):
                strength = gr.Slider(
                    0.05,
                    1,
                    0.5,
                    step=0.05,
                    label=say("diffusion.strength"),
                    buttons=[],
                    min_width=180,
                    elem_id="generate-sdedit-strength",
                )
                vary = gr.Button(
                    say("diffusion.vary"), variant="primary", scale=0, min_width=140, elem_id="generate-vary"
                )
            varied = gr.HTML(elem_classes="framed", padding=False, elem_id="generate-varied")

    def noise(
        file: Path | None,
        name: str,
        seed: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Work:
        language = language_of(request)
        nothing = {picture: None, forward: _empty("picture_empty", language), varied: ""}
        picked = yield from opened(file, nothing)
        if picked is None:
            return
        work = NoisedRequest(picked[0], TIMESTEPS, seed_of(seed))
        found = (yield from steps(engine, name, work, progress, language)).value
        said = [
            words(
                language,
                "diffusion.shares",
                t=timestep,
                last=found.timesteps[-1],
                signal=f"{signal**0.5:.2f}",
                noise=f"{(1 - signal) ** 0.5:.2f}",
                alpha=f"{signal:.4f}",
            )
            for timestep, signal in zip(found.timesteps, found.signals, strict=True)
        ]
        names = [words(language, f"diffusion.{each}") for each in ("given", "noisy")]
        given = png(found.given)
        frames = [[given, png(each)] for each in found.images]
        yield {forward: {"names": names, "frames": frames, "said": said, "at": TIMESTEPS // 4}, varied: ""}

    def change(
        file: Path | None,
        strength: float,
        name: str,
        asked: str,
        seed: str,
        sampler: Sampler,
        count: int,
        guidance: float,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Work:
        language = language_of(request)
        picked = yield from opened(file, {picture: None, varied: _sentence("picture_empty", language)})
        if picked is None:
            return
        seeds = seed_range(seed_of(seed), AT_ONCE)
        label = class_asked(registry.card(name, "generate"), asked)
        work = VariationsRequest(picked[0], seeds, strength, label, sampler, int(count), guidance)
        done = yield from steps(engine, name, work, progress, language)
        found = done.value
        two = {"given": found.given, "noisy": found.noisy}
        figures = "".join(figure(png(each), words(language, f"diffusion.{key}")) for key, each in two.items())
        caption = escape(words(language, "diffusion.varied", t=found.timestep, seconds=f"{done.seconds:.1f}"))
        yield {
            varied: f"<div class='three'>{figures}</div><p>{caption}</p>"
            f"<div class='frames'>{row_of(found.images)}</div>"
        }

    model, _label, seed, *_ = options
    on_device(
        [picture.input, run.click], noise, [picture, model, seed], [picture, forward, varied],
        stop=stop, shows=forward,
    )  # fmt: skip
    on_device([vary.click], change, [picture, strength, *options], [picture, varied], stop=stop, shows=varied)
    on_choice(pick, picture, run)

    def of_card(card: ModelCard, language: str) -> Values:
        examples = gallery(OF_DATASET.get(card.dataset, GARMENTS), language) if diffuses(card) else ""
        return {picture: None, pick: examples, forward: _empty("picture_empty", language), varied: ""}

    return Part([picture, pick, forward, varied], of_card), picture, vary


def trajectory(found: Trajectory, language: str) -> dict[str, Any]:
    """The timesteps of a trajectory as what a scrubber shows, as JSON values."""
    kept = zip(found.noisy, found.clean, found.noise, strict=True)
    return {
        "names": _parts(language),
        "frames": [[png(part) for part in parts] for parts in kept],
        "said": [
            words(language, "diffusion.timestep", t=timestep, number=number + 1, count=len(found.timesteps))
            for number, timestep in enumerate(found.timesteps)
        ],
        "at": len(found.timesteps) - 1,
    }


def _live(step: Step, language: str) -> dict[str, Any]:
    """The latest timestep alone."""
    assert step.preview is not None
    frame = [png(part) for part in np.split(step.preview, 3, axis=1)]
    said = words(language, "diffusion.step", done=f"{step.done:,}", total=f"{step.total:,}")
    return {"names": _parts(language), "frames": [frame], "said": [said], "at": 0}


def _parts(language: str) -> list[str]:
    return [words(language, f"diffusion.{each}") for each in ("noisy", "clean", "noise")]


def _scrubber(**options: Any) -> gr.HTML:
    """A slider over timesteps; its value holds names, frames, said and at, or a sentence under "empty"."""
    return component("scrubber", elem_classes=["framed", "scrubber"], **options)


def _empty(key: str, language: str) -> dict[str, str]:
    return {"empty": words(language, f"diffusion.{key}")}


def _sentence(key: str, language: str) -> str:
    return f"<p class='empty'>{escape(words(language, f'diffusion.{key}'))}</p>"


def _took(run: Run[Trajectory], work: TrajectoryRequest, language: str) -> str:
    calls = work.steps * (1 if work.guidance in (0, 1) or work.label is None else 2)
    said = words(language, "diffusion.took", calls=f"{calls:,}", seconds=f"{run.seconds:.1f}")
    return f"<p>{escape(said)}</p>"
