"""Why a VAE draws from a learned prior: what it draws, and where, beside the standard normal prior."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from markupsafe import Markup

from segen.errors import InputError
from segen.imaging import images
from segen.registry import ModelCard
from segen.text import words
from segen.types import GenerateRequest, Pictures, Priors, PriorsRequest, seed_range
from segen.ui.framework.figures import empty, figure, png
from segen.ui.framework.language import say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import on_device, steps
from segen.ui.framework.templates import render
from segen.ui.tabs.generate.chosen import Chosen, Given
from segen.ui.tabs.generate.quality import interval
from segen.ui.tabs.generate.seeds import Ends, seed_of

if TYPE_CHECKING:
    from segen.engine import Engine

DRAWN, SHOWN = 512, 16
"""Seeds from the start seed on whose latent vectors are compared, and the first of them that are pictured."""
RARE = 0.01
"""The share of the learned prior's vectors that have odds as low as one that does not pass for a code."""
BINS = 32
"""Of the histogram of odds."""
BEYOND = 0.05
"""The share of either set that lies beyond the histogram's ends."""
MEASURED = ("kernel_floor", "kernel_reconstructions", "kernel_distance", "kernel_normal_prior")
"""Kernel distances of a report, from what can be had at best to what training assumed."""


def priors_panel(engine: Engine, chosen: Chosen, ends: Ends) -> Part:
    """Lay out the comparison, which begins at the seed that `ends.start` holds."""
    run = gr.Button(say("generate.priors_run"), variant="primary", elem_id="generate-priors-run")
    view = gr.HTML(elem_classes="framed", padding=False, elem_id="generate-priors")

    def compare(
        given: Given,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[dict[Any, Any], None, None]:
        asked = chosen.read(given, request)
        seeds, ask = seed_range(seed_of(given[ends.start]), DRAWN), (progress, asked.language)
        learned = yield from steps(engine, asked.card.name, GenerateRequest(seeds[:SHOWN]), *ask)
        both = yield from steps(engine, asked.card.name, PriorsRequest(seeds), *ask)
        if not both.value.learned_odds.any():
            raise InputError("no_learned_prior")
        yield {view: priors_view(asked.card, both.value, learned.value.images, asked.language)}

    on_device([run.click], compare, {*chosen.inputs, ends.start}, [view], stop=chosen.stop, shows=view)

    def of_card(card: ModelCard, language: str) -> Values:
        return {view: empty(words(language, "generate.priors_empty")) if card.options.encodes else ""}

    return Part([view], of_card)


def priors_view(card: ModelCard, both: Priors, learned: Pictures, language: str) -> Markup:
    """The pictures of the first seeds by both priors, the odds of either, and what was measured."""
    share = f"{100 * rare(both):.0f} %"
    drawn = {"normal": both.normal_images[:SHOWN], "learned": learned}
    metrics = card.report().get("metrics", {})
    low, high, shares = histograms(both)
    most = max(map(max, shares.values()))
    return render(
        "tabs/generate/priors.html",
        language=language,
        said=words(language, "generate.priors_said", count=f"{len(both.normal):,}", share=share),
        low=f"{low:.0f}".replace("-", "−"),
        high=f"{high:.0f}".replace("-", "−"),
        bars={name: [f"{40 * share / most:.2f}" for share in each] for name, each in shares.items()},
        pictures=[
            figure(png(images.grid(each, 4)), words(language, f"generate.prior_{name}"))
            for name, each in drawn.items()
        ],
        rows=[
            (words(language, f"generate.{name}_row"), interval(metrics[name]))
            for name in MEASURED
            if name in metrics
        ],
    )


def rare(both: Priors) -> float:
    """The share of standard normal vectors with odds that but a RARE share of the others have."""
    return float((both.normal_odds < np.quantile(both.learned_odds, RARE)).mean())


def histograms(both: Priors) -> tuple[float, float, dict[str, list[float]]]:
    """Lowest and highest odds that are shown, in nats, and the share of both sets in each of BINS between.

    What lies beyond them, a few of the normal vectors and of the learned prior's, is in the outer two.
    """
    sets = {"normal": both.normal_odds, "learned": both.learned_odds}
    low, high = (
        float(np.quantile(both.normal_odds, BEYOND)),
        float(np.quantile(both.learned_odds, 1 - BEYOND)),
    )
    shares = {
        name: np.histogram(each.clip(low, high), BINS, (low, high))[0] / len(each)
        for name, each in sets.items()
    }
    return low, high, {name: each.tolist() for name, each in shares.items()}
