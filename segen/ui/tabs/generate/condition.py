"""With a class and without one: pictures of the same noise below each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr
from markupsafe import Markup

from segen import registry
from segen.errors import InputError
from segen.models.latents import Latents
from segen.registry import ModelCard
from segen.text import words
from segen.types import DecodeRequest, GenerateRequest, LatentsRequest, Pictures, Request, seed_range
from segen.ui.framework.figures import empty, png
from segen.ui.framework.language import say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import on_device, steps
from segen.ui.framework.templates import render
from segen.ui.tabs.generate.chosen import USUAL_STEPS, Asked, Chosen, Given
from segen.ui.tabs.generate.estimate import Pace
from segen.ui.tabs.generate.objectives import diffuses
from segen.ui.tabs.generate.samplers import AT_ONCE, Work
from segen.ui.tabs.generate.seeds import truncated

if TYPE_CHECKING:
    from segen.engine import Engine

COLUMNS = 6
"""Seeds; each is a column."""


@dataclass(frozen=True)
class Pair:
    """The card that takes a class, and the one that draws without: for diffusion the same network."""

    conditional: ModelCard
    plain: ModelCard


@dataclass(frozen=True)
class Row:
    """What is drawn of the noise of all seeds; `label` is the class that the network is given, if any."""

    label: int | None
    pictures: Pictures


def pair_of(card: ModelCard) -> Pair | None:
    """The pair that the card belongs to; None where there is nothing to compare it with."""
    for each in registry.cards("generate"):
        beside = each.name if diffuses(each) and each.conditional else each.options.unconditional
        if beside and card.name in (each.name, beside):
            return Pair(each, registry.card(beside, "generate"))
    return None


def condition_view(engine: Engine, chosen: Chosen, pace: Pace) -> Part:
    """Lay out the rows inside the current tab: no class, then the class chosen beside it, else every one."""
    gr.Markdown(say("generate.condition_help"), elem_classes="help")
    run = gr.Button(say("generate.condition_run"), variant="primary", elem_id="generate-condition")
    told = gr.HTML(elem_classes="said", padding=False)
    view = gr.HTML(elem_classes=["framed", "mixed"], padding=False, elem_id="generate-conditions")

    def compare(
        given: Given,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Work:
        yield from compared(engine, chosen.read(given, request), progress, view)

    def of_card(card: ModelCard, language: str) -> Values:
        calls = AT_ONCE * USUAL_STEPS * (1 + len(card.classes))
        takes = pace.told(card, calls, language) if diffuses(card) else ""
        return {view: empty(words(language, "generate.condition_empty")), told: takes}

    on_device([run.click], compare, chosen.inputs, [view], stop=chosen.stop, shows=view)
    return Part([view, told], of_card)


def compared(engine: Engine, asked: Asked, progress: gr.Progress, view: gr.HTML) -> Work:
    """Draw row by row and show on `view` those that are done. Raises InputError for a card of no pair."""
    pair = pair_of(asked.card)
    if pair is None:
        raise InputError("unconditional", model=asked.card.name)
    seeds, ask = seed_range(asked.seed, COLUMNS), (progress, asked.language)
    noise = None
    if not diffuses(pair.plain):
        drawn = yield from steps(engine, pair.plain.name, LatentsRequest(seeds), *ask)
        noise = truncated(drawn.value, asked.threshold)
    rows: list[Row] = []
    for card, label in to_draw(pair, asked.label):
        done = yield from steps(engine, card.name, request_of(asked, seeds, label, noise), *ask)
        rows.append(Row(label, done.value if noise is not None else done.value.images))
        yield {view: table(pair, seeds, rows, asked.language)}


def to_draw(pair: Pair, label: int | None) -> list[tuple[ModelCard, int | None]]:
    """The rows: the card without a class, then the other with this one, or with each of its classes."""
    labels = [known.id for known in pair.conditional.classes] if label is None else [label]
    return [(pair.plain, None), *((pair.conditional, each) for each in labels)]


def request_of(asked: Asked, seeds: Sequence[int], label: int | None, noise: Latents | None) -> Request[Any]:
    """What draws a row: from latent vectors where there are any, else from the noise of the seeds.

    Guidance needs a class, so the row without one has none.
    """
    if noise is not None:
        return DecodeRequest(noise, None if label is None else (label,) * len(seeds))
    guidance = 1.0 if label is None else asked.guidance
    return GenerateRequest(seeds, label, asked.sampler, asked.steps, guidance)


def table(pair: Pair, seeds: Sequence[int], rows: Sequence[Row], language: str) -> Markup:
    """The rows as HTML, a column for each seed, under what is the same in it and what to look for."""
    names = {known.id: known.name[language] for known in pair.conditional.classes}
    kind = "network" if pair.plain is pair.conditional else "networks"
    title = pair.conditional.title[language]
    said = words(language, f"generate.condition_{kind}", model=title, plain=pair.plain.title[language])
    none = words(language, "generate.condition_none")
    shown = [
        (none if row.label is None else names[row.label], [png(each) for each in row.pictures])
        for row in rows
    ]
    captions = [words(language, "generate.seed_of", seed=seed) for seed in seeds]
    return render("tabs/generate/condition.html", said=said, captions=captions, rows=shown, language=language)
