"""A picture of the visitor's through diffusion: noise added to it, and variations denoised from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr
from markupsafe import Markup

from segen.registry import ModelCard
from segen.text import words
from segen.types import Noised, NoisedRequest, Run, Variations, VariationsRequest, seed_range
from segen.ui.framework.figures import empty as nothing
from segen.ui.framework.figures import figure, png
from segen.ui.framework.language import say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import on_device, steps
from segen.ui.framework.templates import render
from segen.ui.tabs.generate.chosen import Chosen, Given
from segen.ui.tabs.generate.estimate import Pace
from segen.ui.tabs.generate.objectives import diffuses
from segen.ui.tabs.generate.own_picture import own_picture
from segen.ui.tabs.generate.samplers import AT_ONCE, Work, row_of
from segen.ui.tabs.generate.scrubber import empty, scrubber
from segen.ui.widgets.picture import Picture, opened

if TYPE_CHECKING:
    from segen.engine import Engine

TIMESTEPS = 41
"""Of the forward process."""
VARY = "generate-vary"
"""The id of the button that denoises variations."""


def noising_panel(engine: Engine, chosen: Chosen, pace: Pace) -> tuple[Picture, gr.HTML, Part]:
    """Lay out a picture, its forward process and its variations; the first two come with the part."""
    gr.Markdown(say("diffusion.picture_help"), elem_classes="help")
    with gr.Row():
        own = own_picture("generate-noised", "diffusion.noise_run", elem_id="generate-noise")
        with gr.Column(scale=3, min_width=260):
            forward = scrubber(elem_id="generate-forward")
            strength, vary = _variation()
            varied = gr.HTML(elem_classes="framed", padding=False, elem_id="generate-varied")
    picture = own.picture

    def noise(
        given: Given,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Work:
        asked = chosen.read(given, request)
        cleared = {forward: empty("picture_empty", asked.language), varied: ""}
        picked = yield from opened(given[picture], {picture: None, **cleared})
        if picked is None:
            return
        yield cleared
        work = NoisedRequest(picked[0], TIMESTEPS, asked.seed)
        found = (yield from steps(engine, asked.card.name, work, progress, asked.language)).value
        takes = pace.told(asked.card, round(AT_ONCE * asked.calls * given[strength]), asked.language)
        yield {forward: noised(found, asked.language), varied: takes}

    def change(
        given: Given,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Work:
        asked = chosen.read(given, request)
        sentence = nothing(words(asked.language, "diffusion.picture_empty"))
        picked = yield from opened(given[picture], {picture: None, varied: sentence})
        if picked is None:
            return
        seeds, how = seed_range(asked.seed, AT_ONCE), (asked.sampler, asked.steps, asked.guidance)
        work = VariationsRequest(picked[0], seeds, given[strength], asked.label, *how)
        done = yield from steps(engine, asked.card.name, work, progress, asked.language)
        pace.note(
            asked.card,
            AT_ONCE * max(1, round(asked.calls * given[strength])),
            done.seconds + done.queued_seconds,
        )
        yield {varied: variations(done, asked.language)}

    inputs = {*chosen.inputs, picture, strength}
    on_device(own.triggers, noise, inputs, [picture, forward, varied], stop=chosen.stop, shows=forward)
    on_device([vary.click], change, inputs, [picture, varied], stop=chosen.stop, shows=varied)

    def of_card(card: ModelCard, language: str) -> Values:
        shown = own.of_card(card, language, diffuses(card))
        return {**shown, forward: empty("picture_empty", language), varied: ""}

    return picture, forward, Part([*own.outputs, forward, varied], of_card)


def _variation() -> tuple[gr.Slider, gr.Button]:
    """How much noise is added, and the button that denoises variations."""
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
        vary = gr.Button(say("diffusion.vary"), variant="primary", scale=0, min_width=140, elem_id=VARY)
    return strength, vary


def noised(found: Noised, language: str) -> dict[str, Any]:
    """The forward process as what a scrubber shows, as JSON values."""
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
    return {"names": names, "frames": frames, "said": said, "at": TIMESTEPS // 4}


def variations(run: Run[Variations], language: str) -> Markup:
    """The picture, what it became with noise, and what the network made of that for each seed, as HTML."""
    found = run.value
    two = {"given": found.given, "noisy": found.noisy}
    return render(
        "tabs/generate/variations.html",
        figures=[figure(png(each), words(language, f"diffusion.{key}")) for key, each in two.items()],
        caption=words(language, "diffusion.varied", t=found.timestep, seconds=f"{run.seconds:.1f}"),
        pictures=row_of(found.images),
    )
