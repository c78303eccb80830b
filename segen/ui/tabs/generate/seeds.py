"""From what a visitor types to latent vectors and classes: what the parts of the tab Generate share."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import gradio as gr

from segen import registry
from segen.errors import InputError
from segen.models import latents
from segen.models.latents import Latents
from segen.registry import ModelCard
from segen.types import MAX_SEED, DecodeRequest, Generation, LatentsRequest, Run
from segen.ui.framework.queue import steps

if TYPE_CHECKING:
    from segen.engine import Engine

WHOLE = 3.0
"""The truncation that changes nothing."""
MAX_COUNT = 64
"""The most pictures of a grid."""
DIRECTIONS = 8
"""Principal directions to choose from."""


@dataclass(frozen=True)
class Ends:
    """The seeds that latent space is explored from: most panels need the start alone."""

    start: gr.Textbox
    end: gr.Textbox


def truncated(vectors: Latents, threshold: float) -> Latents:
    """N x d latent vectors, each number within the threshold, which is above 0; at WHOLE, as they are."""
    return vectors if threshold >= WHOLE else latents.truncated(vectors, threshold)


def seed_of(text: str) -> int:
    """The seed that was typed. Raises InputError for anything but a whole number of 0 to 2^63 - 1."""
    typed = text.strip()
    digits = len(str(MAX_SEED))
    if not (typed.isascii() and typed.isdigit() and len(typed) <= digits and int(typed) <= MAX_SEED):
        raise InputError("seed_out_of_range")
    return int(typed)


def class_asked(card: ModelCard, label: str) -> int | None:
    """The class that the page's `label` asks for; None for none, and for a card that takes no class."""
    return registry.class_id(card, label) if card.conditional else None


def draw(
    engine: Engine,
    card: ModelCard,
    seeds: Sequence[int],
    asked: int | None,
    threshold: float,
    progress: gr.Progress,
    language: str,
) -> Generator[dict[Any, Any], None, Run[Generation]]:
    """The pictures of truncated seeds, as `steps` works and returns."""
    drawn = yield from steps(engine, card.name, LatentsRequest(seeds), progress, language)
    labels = latents.labels_of(card, seeds, asked)
    decode = DecodeRequest(truncated(drawn.value, threshold), labels)
    done = yield from steps(engine, card.name, decode, progress, language)
    found = Generation(done.value, labels, tuple(seeds), card.options.grey)
    seconds = drawn.seconds + done.seconds
    return cast(Run[Generation], replace(cast(Run[Any], done), value=found, seconds=seconds))
