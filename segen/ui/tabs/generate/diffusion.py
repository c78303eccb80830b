"""The view of diffusion: noise added to a picture, and taken away again step by step."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import gradio as gr
import numpy as np

from segen.registry import ModelCard
from segen.text import words
from segen.types import Run, Step, Trajectory, TrajectoryRequest
from segen.ui.framework.data_uri import sent
from segen.ui.framework.figures import png
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import QUIET, on_device
from segen.ui.tabs.generate.chosen import USUAL_STEPS, Asked, Chosen, Given
from segen.ui.tabs.generate.estimate import Pace
from segen.ui.tabs.generate.noising import noising_panel
from segen.ui.tabs.generate.objectives import diffuses, known_timesteps
from segen.ui.tabs.generate.samplers import AT_ONCE, Work, compare_panel
from segen.ui.tabs.generate.scrubber import empty, scrubber

if TYPE_CHECKING:
    from segen.engine import Engine

REVERSE, PICTURE, SAMPLERS = "reverse", "picture", "samplers"
"""The parts: a seed's picture comes out of noise, a picture is noised and denoised, samplers are compared."""
LIVE = 50
"""So many times at most the page is drawn anew while a picture is sampled."""


@dataclass(frozen=True)
class DiffusionPart(Part):
    """The view; `vary` puts the picture of an event where it is noised and denoised, among `varied`."""

    varied: Sequence[Any]
    vary: Callable[[gr.EventData, str], Values]


def diffusion_view(engine: Engine, chosen: Chosen, pace: Pace) -> DiffusionPart:
    """Lay out the view inside the current tab."""
    with gr.Tabs(elem_id="generate-diffusion", overflow_behavior="wrap") as tabs:
        with gr.Tab(say("diffusion.reverse"), id=REVERSE):
            reverse = _reverse_panel(engine, chosen, pace)
        with gr.Tab(say("diffusion.picture"), id=PICTURE):
            picture, forward, noising = noising_panel(engine, chosen, pace)
        with gr.Tab(say("diffusion.compare"), id=SAMPLERS):
            compared = compare_panel(engine, chosen, pace)
    parts = (reverse, noising, compared)

    def of_card(card: ModelCard, language: str) -> Values:
        # Gradio hides no tab that was never opened: generate.css does
        less = gr.Tabs(selected=REVERSE, elem_classes=[f"lacks-{SAMPLERS}"])
        values: Values = {tabs: less if known_timesteps(card) else gr.Tabs(elem_classes=[])}
        for part in parts:
            values |= part.of_card(card, language)
        return values

    def vary(event: gr.EventData, language: str) -> Values:
        shown = {picture: sent(event.picture), forward: empty("picture_empty", language)}
        return {tabs: gr.Tabs(selected=PICTURE), **shown}

    outputs = [tabs, *(output for part in parts for output in part.outputs)]
    return DiffusionPart(outputs, of_card, [tabs, picture, forward], vary)


def _reverse_panel(engine: Engine, chosen: Chosen, pace: Pace) -> Part:
    """Lay out what shows how the picture of the first seed comes out of noise."""
    gr.Markdown(say("diffusion.reverse_help"), elem_classes="help")
    run = gr.Button(say("diffusion.watch"), variant="primary", elem_id="generate-watch")
    view = scrubber(elem_id="generate-reverse")
    told = gr.HTML(elem_classes="said", padding=False, elem_id="generate-watched")

    def watch(
        given: Given,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Work:
        asked = chosen.read(given, request)
        name, language = asked.card.name, asked.language
        work = TrajectoryRequest(asked.seed, asked.label, asked.sampler, asked.steps, asked.guidance)
        with closing(cast(Generator[Step | Run[Trajectory], None, None], engine.stream(name, work))) as items:
            for item in items:
                if isinstance(item, Run):
                    yield {view: trajectory(item.value, language), told: _took(item, asked)}
                    return
                progress((item.done, item.total), desc=words(language, "page.working"))
                live = item.done * LIVE // item.total > (item.done - 1) * LIVE // item.total
                yield {view: _live(item, language)} if live or item.total <= LIVE else gr.skip()

    def before(given: Given, request: gr.Request) -> str:
        asked = chosen.read(given, request)
        return pace.told(asked.card, AT_ONCE * asked.calls, language_of(request))

    changes = [each.change for each in (chosen.steps, chosen.guidance, chosen.label)]
    gr.on(changes, before, chosen.inputs, told, **QUIET)
    on_device([run.click], watch, chosen.inputs, [view, told], stop=chosen.stop, shows=told)

    def of_card(card: ModelCard, language: str) -> Values:
        calls = known_timesteps(card) or USUAL_STEPS
        takes = pace.told(card, AT_ONCE * calls, language) if diffuses(card) else ""
        return {view: empty("reverse_empty", language), told: takes}

    return Part([view, told], of_card)


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


def _took(run: Run[Trajectory], asked: Asked) -> str:
    return words(asked.language, "diffusion.took", calls=f"{asked.calls:,}", seconds=f"{run.seconds:.1f}")
