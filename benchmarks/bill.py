"""What a million segmentations or pictures and a training of each card cost, in hours of one core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from time import process_time

import torch
from accelerate import Accelerator

from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.models.generation import diffusion
from segen.models.generation.predictor import BATCH
from segen.registry import cards
from segen.training.loop import _batches, _Training
from segen.training.recipe import Place
from segen.training.recipes import RECIPES, build
from segen.types import GenerateRequest, SegmentRequest

MILLION, HOUR = 1_000_000, 3600
LONG_SECONDS = 2.0
"""Beside so much, what is done once only, at the first time, does not count."""


def main() -> Iterator[str]:
    """A line for each card and kind of work, all on one thread; trainings on scenes that the code draws."""
    torch.set_num_threads(1)
    engine = Engine("cpu")
    picture = SegmentRequest(scenes.street(0)[0])
    for card in cards("segment"):
        engine.load(card.name)
        hours = _core_hours(partial(engine.run, card.name, picture), MILLION)
        yield f"a million segmentations of 360 x 480 by {card.name}: {hours:,.0f} core-hours"
    for card in cards("generate"):
        engine.load(card.name)
        count = diffusion.BATCH if card.options.diffusion else BATCH
        hours = _core_hours(partial(engine.run, card.name, GenerateRequest(range(count))), MILLION / count)
        yield f"a million pictures by {card.name}: {hours:,.1f} core-hours"
    for name in (card.name for card in cards() if card.name in RECIPES):
        config = RECIPES[name]
        training = _Training(build(config, Place(data="synthetic")), Accelerator(cpu=True))
        batch = next(_batches(training, training.recipe.dataset(), 0, 0))
        hours = _core_hours(partial(training.step, batch), config.steps)
        yield f"one training of {name}, {config.steps:,} steps: {hours:,.1f} core-hours"


def _core_hours(work: Callable[[], object], times: float) -> float:
    """The processor's hours for so many times the work, of which one is done: the second, if it is short."""
    for _ in range(2):
        began = process_time()
        work()
        seconds = process_time() - began
        if seconds > LONG_SECONDS:
            break
    return times * seconds / HOUR
