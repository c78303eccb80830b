"""Ask the discriminator: how real it takes generated pictures, noise and a picture of the visitor's to be.

Patch by patch it is asked as by Zeiler and Fergus 2014, section 4.2: how the score changes where a patch is
covered. We depart from them in covering it with its own mean colour rather than with grey, so that a patch
without any detail, as the ground behind a garment is, changes nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from segen.imaging import images
from segen.registry import ModelCard
from segen.text import words
from segen.types import GenerateRequest, Image, JudgeRequest, Pictures, seed_range
from segen.ui.framework.figures import colored, empty, png
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
PATCHES = 7
"""Along each side of a picture that is judged patch by patch."""


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
        covered = np.concatenate([stack, *map(flattened, stack)])
        asked_all = (yield from steps(engine, card.name, JudgeRequest(covered), *ask)).value
        scores, without = asked_all[: len(stack)], asked_all[len(stack) :]
        parts = scores[:, None, None] - without.reshape(-1, PATCHES, PATCHES)
        yield {view: judgement(card, list(others), stack, scores.tolist(), parts, asked.language)}

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


def flattened(picture: Image) -> Pictures:
    """PATCHES * PATCHES copies of a picture, row by row, each with another patch in its mean colour."""
    edges = [np.linspace(0, side, PATCHES + 1).astype(int) for side in picture.shape[:2]]
    copies = np.repeat(picture[None], PATCHES**2, axis=0)
    patches = product(*(pairwise(each) for each in edges))
    for copy, ((top, bottom), (left, right)) in zip(copies, patches, strict=True):
        patch = copy[top:bottom, left:right]
        patch[:] = np.rint(patch.mean(axis=(0, 1)))
    return copies


def judgement(
    card: ModelCard,
    others: Sequence[str],
    stack: Pictures,
    scores: Sequence[float],
    parts: NDArray[np.float32],
    language: str,
) -> Markup:
    """The pictures with their scores, the `others` first, then the generated ones from high to low.

    Below each, what the N x PATCHES x PATCHES `parts` are of its score, on one scale for all.
    """
    count = len(others)
    ranked = [*range(count), *sorted(range(count, len(stack)), key=lambda number: -scores[number])]
    mean = sum(scores[count:]) / (len(stack) - count)
    generated = words(
        language, f"generate.judge_{card.options.family}", count=len(stack) - count, mean=f"{mean:.2f}"
    )
    names = [f"{words(language, f'generate.judged_{name}')}: " for name in others]
    limit = float(np.abs(parts).max())
    judged = [
        {
            "picture": png(stack[number]),
            "parts": colored(parts[number], limit),
            "said": f"{names[number] if number < count else ''}{scores[number]:.2f}",
        }
        for number in ranked
    ]
    by_patch = words(language, "generate.judge_patches", limit=f"{limit:.2f}")
    return render("tabs/generate/judgement.html", generated=generated, by_patch=by_patch, judged=judged)
