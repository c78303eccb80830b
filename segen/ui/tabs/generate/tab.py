"""Draw pictures from seeds, pick and keep some, and walk through the space that they are drawn from."""

from __future__ import annotations

import math
import random
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr

from segen import registry
from segen.errors import InputError
from segen.imaging import images
from segen.registry import ModelCard
from segen.text import device_name, words
from segen.types import MAX_SEED, SAMPLERS, GenerateRequest, Generation, Run, Sampler, Step, seed_range
from segen.ui.api import GENERATE_MODEL
from segen.ui.framework.downloads import download_button, saved
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Tab, Values, remember
from segen.ui.framework.queue import QUIET, on_device, picks, press, steps
from segen.ui.tabs.generate import objectives
from segen.ui.tabs.generate.blind import blind_panel
from segen.ui.tabs.generate.diffusion import diffusion_panel
from segen.ui.tabs.generate.latent import latent_panel
from segen.ui.tabs.generate.objectives import diffuses
from segen.ui.tabs.generate.samplers import MAX_GUIDANCE, STEPS, USUAL_STEPS, sampling_inputs
from segen.ui.tabs.generate.seeds import WHOLE, class_asked, draw, seed_of
from segen.ui.tabs.generate.snapshots import snapshots_panel
from segen.ui.widgets import cards, cells

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "generate"
COUNTS = (16, 36, 64)
"""Squares: the grid has as many rows as columns."""
SHUFFLED_SEEDS = 1_000_000
"""Shuffling picks a first seed below this, so that it stays short enough to be told."""
SCALE = 4
"""The downloaded grid is so many times larger than the pictures."""
ANY = ""
"""The label of the address and the page for no class asked for."""


def build(engine: Engine) -> Tab:
    """Lay out the tab inside the current gr.Tab."""
    names = [card.name for card in registry.cards("generate")]
    names.sort(key=lambda name: name != GENERATE_MODEL)
    first = registry.card(names[0])

    with gr.Row(elem_classes=["work", "pictures-first"]):
        with gr.Column(scale=2, min_width=300):
            model = gr.Dropdown(names, value=names[0], label=say("generate.model"), elem_id="generate-model")
            with gr.Row(elem_classes="beside"):
                seed = gr.Textbox(
                    "0",
                    label=say("generate.seed"),
                    max_length=19,
                    min_width=160,
                    elem_id="generate-seed",
                )
                shuffle = gr.Button(
                    say("generate.shuffle"), scale=0, min_width=110, elem_id="generate-shuffle"
                )
            count = gr.Radio(
                list(COUNTS), value=COUNTS[-1], label=say("generate.count"), elem_id="generate-count"
            )
            label = gr.Dropdown(
                [ANY],
                value=ANY,
                label=say("generate.label"),
                visible=first.conditional,
                elem_id="generate-label",
            )
            with gr.Column() as truncating:
                truncation = gr.Slider(
                    0.25,
                    WHOLE,
                    WHOLE,
                    step=0.25,
                    label=say("generate.truncation"),
                    info=say("generate.truncation_help"),
                    buttons=[],
                    elem_id="generate-truncation",
                )
            sampling = sampling_inputs()
            with gr.Row():
                run = gr.Button(say("generate.run"), variant="primary", min_width=120, elem_id="generate-run")
                stop = gr.Button(say("page.stop"), interactive=False, min_width=80, elem_id="generate-stop")
            about = gr.HTML(elem_classes="about", padding=False)
            objective = gr.Markdown(elem_classes="objective", elem_id="generate-objective")
        with gr.Column(scale=5, min_width=300):
            view = cells.cells_viewer(elem_id="generate-grid")
            with gr.Row(visible=False, elem_classes="downloads") as row:
                downloads = [
                    download_button(f"generate.{kind}", elem_id=f"generate-{kind}")
                    for kind in ("grid", "zip")
                ]
            panel = latent_panel(engine, model, label, truncation, stop)
            diffusion = diffusion_panel(engine, model, label, seed, [*sampling.inputs.values()], stop)
            snapshots = snapshots_panel(model)
            measured = gr.HTML(elem_classes="scores", padding=False, elem_id="generate-measured")
            blind = blind_panel(engine, model, stop)
    options: dict[str, Any] = {
        "model": model, "seed": seed, "count": count, "label": label, "truncation": truncation,
        **sampling.inputs,
    }  # fmt: skip

    def generate(
        name: str,
        first_seed: str,
        count: int,
        label: str,
        threshold: float,
        sampler: Sampler,
        count_of_steps: int,
        guidance: float,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[dict[Any, Any], None, None]:
        language = language_of(request)
        card = registry.card(name, "generate")

        def so_far(step: Step) -> dict[Any, Any]:
            return {view: cells.so_far(step, language)}

        if count not in COUNTS:
            raise InputError("count_out_of_range", most=COUNTS[-1])
        seeds = seed_range(seed_of(first_seed), count)
        asked = class_asked(card, label)
        threshold = WHOLE if diffuses(card) else threshold
        if threshold < WHOLE:
            done = yield from draw(engine, card, seeds, asked, threshold, progress, language)
        else:
            work = GenerateRequest(seeds, asked, sampler, int(count_of_steps), guidance)
            done = yield from steps(engine, name, work, progress, language, so_far)
        found, ending = done.value, "" if threshold >= WHOLE else f"-truncated-{threshold:.2f}"
        told = _told(card, done, threshold, language)
        yield {view: cells.contents(card, found, asked, told, language, ending)}
        stem = f"{cells.range_name(name, seeds)}{ending}"
        whole = images.grid(found.images, math.isqrt(count)).repeat(SCALE, axis=0).repeat(SCALE, axis=1)
        grid, bundle = downloads
        yield {
            row: gr.Row(visible=True),
            grid: saved(f"{stem}.png", images.encode(whole)),
            bundle: saved(f"{stem}.zip", cells.archive(found, ending)),
        }

    picked = picks(model)
    on_device(
        [picked.change, seed.submit, count.input, picks(label).change, truncation.release, run.click],
        generate,
        list(options.values()),
        [view, row, *downloads],
        stop=stop,
        shows=view,
    )
    shuffle.click(lambda: str(random.randrange(SHUFFLED_SEEDS)), None, seed, **QUIET).then(**press(run))
    view.seen(**press(run))
    view.choose(panel.choose, None, panel.ends, **QUIET)
    view.refine(panel.refine, None, panel.refined, **QUIET).then(**press(panel.neighbours))
    view.vary(diffusion.vary, None, diffusion.varied, **QUIET).then(**press(diffusion.run))

    def describe(name: str, asked: str, request: gr.Request) -> Values:
        card = registry.card(name)
        kept = card.conditional and asked in [str(known.id) for known in card.classes]
        return shown(card, asked if kept else ANY, language_of(request))

    def shown(card: ModelCard, asked: str, language: str) -> Values:
        known = [(each.name[language], str(each.id)) for each in card.classes]
        any_label = "diffusion.no_label" if diffuses(card) else "generate.any_label"
        classes = [(words(language, any_label), ANY), *known]
        values: Values = {
            label: gr.Dropdown(classes, value=asked, visible=card.conditional),
            truncating: gr.Column(visible=not diffuses(card)),
            about: cards.beside(card, language),
            objective: objectives.objective(card, language),
            measured: objectives.measured(card, language),
        }
        for part in parts:
            values |= part.of_card(card, language)
        return values

    parts = (sampling, panel, diffusion, snapshots, blind)
    of_card = [
        label,
        truncating,
        about,
        objective,
        measured,
        *(each for part in parts for each in part.outputs),
    ]
    picked.change(describe, [model, label], of_card, **QUIET)
    remember(NAME, options)

    def fill(link: Link, language: str) -> Values:
        card = registry.card(link.choice("model", names))
        titles = [(registry.card(name).title[language], name) for name in names]
        classes = [str(known.id) for known in card.classes] if card.conditional else []
        step_choices = sorted(map(str, STEPS), key=lambda each: each != str(USUAL_STEPS))
        return {
            model: gr.Dropdown(titles, value=card.name),
            seed: str(link.whole("seed", range(MAX_SEED - COUNTS[-1] + 2), 0)),
            count: int(link.choice("count", [str(each) for each in COUNTS[::-1]])),
            truncation: link.number("truncation", 0.25, WHOLE, WHOLE),
            sampling.inputs["sampler"]: link.choice("sampler", SAMPLERS),
            sampling.inputs["steps"]: int(link.choice("steps", step_choices)),
            sampling.inputs["guidance"]: link.number("guidance", 1.0, MAX_GUIDANCE, 1.0),
            **shown(card, link.choice("label", [ANY, *classes]), language),
        }

    return Tab([*options.values(), *(each for each in of_card if each is not label)], fill)


def _told(card: ModelCard, run: Run[Generation], threshold: float, language: str) -> str:
    """What was drawn and what it took."""
    seeds: Sequence[int] = run.value.seeds
    sentence = words(
        language,
        "generate.took",
        model=card.title[language],
        count=len(seeds),
        first=seeds[0],
        last=seeds[-1],
        seconds=f"{run.seconds:.2f}",
        device=device_name(run.device),
    )
    if threshold < WHOLE:
        sentence += words(language, "generate.truncated", threshold=f"{threshold:.2f}")
    return sentence
