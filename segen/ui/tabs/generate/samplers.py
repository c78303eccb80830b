"""What the samplers of diffusion make of the same seeds, side by side."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from markupsafe import Markup

from segen.evaluation import studies
from segen.registry import ModelCard
from segen.text import split_name, words
from segen.types import (
    SAMPLER_TITLES,
    SAMPLERS,
    GenerateRequest,
    Generation,
    Pictures,
    Run,
    Sampler,
    seed_range,
)
from segen.ui.framework.figures import png
from segen.ui.framework.language import say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import on_device, steps
from segen.ui.framework.templates import render
from segen.ui.tabs.generate.chosen import Chosen, Given
from segen.ui.tabs.generate.estimate import Pace
from segen.ui.tabs.generate.objectives import diffuses
from segen.ui.tabs.generate.quality import interval

if TYPE_CHECKING:
    from segen.engine import Engine

AT_ONCE = 16
"""Variations of a picture, and pictures behind a difference: one call of the network for all."""
SHOWN = 4
"""Of the pictures behind a difference."""
COMPARED = (10, 15, 25, 50)
MOST = 1_000
"""Sampling steps that are compared, and those that are compared beside them where somebody has the time."""
Work = Generator[dict[Any, Any], None, None]


def compare_panel(engine: Engine, chosen: Chosen, pace: Pace) -> Part:
    """Lay out the table; seed, class and guidance are those chosen beside it."""
    gr.Markdown(say("diffusion.compare_help"), elem_classes="help")
    with gr.Row(elem_classes="beside"):
        most = gr.Checkbox(label=say("diffusion.most"), elem_id="generate-most")
        run = gr.Button(
            say("diffusion.compare_run"),
            variant="primary",
            scale=0,
            min_width=140,
            elem_id="generate-compare",
        )
    told = gr.HTML(elem_classes="said", padding=False)
    view = gr.HTML(elem_classes=["framed", "samplers"], padding=False, elem_id="generate-samplers")
    figures = gr.HTML(elem_classes=["framed", "samplers"], padding=False, elem_id="generate-sampled")

    def compare(
        given: Given,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Work:
        asked = chosen.read(given, request)
        seeds = seed_range(asked.seed, AT_ONCE)
        counts = (*COMPARED, MOST) if given[most] else COMPARED
        found: dict[tuple[Sampler, int], Run[Generation]] = {}
        for sampler in SAMPLERS:
            for count in counts:
                work = GenerateRequest(seeds, asked.label, sampler, count, asked.guidance)
                done = yield from steps(engine, asked.card.name, work, progress, asked.language)
                found[sampler, count] = done
                yield {view: table(found, counts, asked.language)}

    def of_card(card: ModelCard, language: str) -> Values:
        calls = len(SAMPLERS) * AT_ONCE * sum(COMPARED)
        takes = pace.told(card, calls, language) if diffuses(card) else ""
        return {view: "", told: takes, figures: measured(card, language)}

    on_device([run.click], compare, {*chosen.inputs, most}, [view, told], stop=chosen.stop, shows=told)
    return Part([view, told, figures], of_card)


def table(found: dict[tuple[Sampler, int], Run[Generation]], counts: Sequence[int], language: str) -> Markup:
    """What each sampler drew with each number of steps as an HTML table; differences are to DDIM with most.

    The difference is that of grey levels, 0 to 255, averaged over pixels and pictures.
    """
    reference = found.get((SAMPLERS[0], counts[-1]))
    rows = []
    for (sampler, count), run in found.items():
        made = run.value.images
        difference = "…"
        if reference is not None:
            difference = f"{np.abs(made.astype(float) - reference.value.images).mean():.1f}"
        rows.append(
            (
                f"{SAMPLER_TITLES[sampler]}, {count:,}",
                row_of(made[:SHOWN]),
                f"{run.seconds:.1f} s",
                difference,
            )
        )
    return render("tabs/generate/samplers.html", language=language, rows=rows, steps=f"{counts[-1]:,}")


def measured(card: ModelCard, language: str) -> Markup:
    """How near real pictures the card's are, by sampler and steps, as an HTML table; empty if unmeasured."""
    report = studies.read("samplers")
    if card.name != report["model"]:
        return Markup()
    sizes = {name: f"{report[name]:,}" for name in ("items", "real_items")}
    how = words(language, "diffusion.sampled", split=split_name(language, report["split"]), **sizes)
    rows = [
        (
            f"{SAMPLER_TITLES[way['sampler']]}, {way['steps']}",
            interval(way["kernel_distance"]),
            f"{way['frechet_distance']:.2f}",
        )
        for way in report["ways"]
    ]
    return render("tabs/generate/sampled.html", language=language, how=how, rows=rows)


def row_of(pictures: Pictures) -> Markup:
    """The pictures one after the other, as HTML."""
    return Markup().join(Markup("<img src='{}' alt=''>").format(png(each)) for each in pictures)
