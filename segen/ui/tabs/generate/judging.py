"""Ask the discriminator: how real it takes generated pictures, noise and a picture of the visitor's to be."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from markupsafe import Markup

from segen.imaging import images
from segen.registry import ModelCard
from segen.text import words
from segen.types import GenerateRequest, Image, JudgeRequest, Pictures, seed_range
from segen.ui.framework.figures import empty, figure, png
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import on_device, steps
from segen.ui.framework.templates import render
from segen.ui.tabs.generate.chosen import Chosen, Given
from segen.ui.tabs.generate.own_picture import own_picture
from segen.ui.tabs.generate.seeds import Ends

if TYPE_CHECKING:
    from segen.engine import Engine

COUNT = 16
"""Generated pictures that are judged, from the first seed on."""


def judge_panel(engine: Engine, chosen: Chosen, _ends: Ends) -> Part:
    """Lay out a picture to ask about, if one is given, and what the discriminator says; see JudgeRequest."""
    with gr.Row():
        own = own_picture(
            "generate-judged", "generate.judge_run", variant="primary", elem_id="generate-judge"
        )
        with gr.Column(scale=3, min_width=260):
            view = gr.HTML(elem_classes="framed", padding=False, elem_id="generate-judgement")

    def judge(
        given: Given,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[dict[Any, Any], None, None]:
        asked = chosen.read(given, request)
        card, ask = asked.card, (progress, asked.language)
        seeds = seed_range(asked.seed, COUNT)
        drawn = (yield from steps(engine, card.name, GenerateRequest(seeds), *ask)).value
        others = {"noise": noise(card)}
        if given[own.picture] is not None:
            others["picture"] = seen(images.read(given[own.picture]), card)
        stack = np.stack([*others.values(), *drawn.images])
        scores = (yield from steps(engine, card.name, JudgeRequest(stack), *ask)).value
        yield {view: judgement(card, list(others), stack, scores.tolist(), asked.language)}

    inputs = {*chosen.inputs, own.picture}
    on_device(own.triggers, judge, inputs, [view], stop=chosen.stop, shows=view)

    def of_card(card: ModelCard, language: str) -> Values:
        judges = card.options.judges
        said = empty(words(language, "generate.judge_empty")) if judges else ""
        return {**own.of_card(card, language, judges), view: said}

    return Part([*own.outputs, view], of_card)


def noise(card: ModelCard) -> Image:
    """A picture of the card's size that nobody takes for real: grey noise, always the same."""
    grey = np.random.default_rng(0).integers(0, 256, tuple(card.input_size), dtype=np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def seen(image: Image, card: ModelCard) -> Image:
    """A picture of any size as the discriminator sees it."""
    return images.resize(image, *card.input_size)


def judgement(
    card: ModelCard, others: Sequence[str], stack: Pictures, scores: Sequence[float], language: str
) -> Markup:
    """The pictures with their scores, the `others` first, then the generated ones from high to low."""
    count = len(others)
    generated = sorted(zip(scores[count:], stack[count:], strict=True), key=lambda pair: -pair[0])
    mean = sum(scores[count:]) / len(generated)
    family = card.options.family
    said = words(language, f"generate.judge_{family}", count=len(generated), mean=f"{mean:.2f}")
    named = [
        figure(png(picture), f"{words(language, f'generate.judged_{name}')}: {score:.2f}")
        for name, picture, score in zip(others, stack, scores, strict=False)
    ]
    rest = [figure(png(picture), f"{score:.2f}") for score, picture in generated]
    return render("tabs/generate/judgement.html", said=said, others=named, generated=rest)
