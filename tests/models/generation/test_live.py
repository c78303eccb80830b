"""Trainings that one watches: they learn, repeat by seed, stop at once, and leave the card alone."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segen.engine import Engine
from segen.errors import InputError
from segen.types import GenerateRequest, LiveTraining, LiveTrainingRequest, Run, Step

each_family = pytest.mark.parametrize("name", ["vae-fashion", "gan-fashion"])


@pytest.fixture
def engine(weights: Path) -> Engine:
    return Engine("cpu")


def trained(engine: Engine, name: str, steps: int, seed: int = 3) -> LiveTraining:
    return engine.run(name, LiveTrainingRequest(seed, steps)).value


@each_family
def test_a_seed_repeats_and_the_card_stays_as_it_was(engine: Engine, name: str) -> None:
    before = engine.run(name, GenerateRequest([1])).value.images
    first, again, other = (trained(engine, name, 7, seed) for seed in (3, 3, 4))
    assert first.steps == again.steps == (0, 5, 7)
    assert first.looks.shape == (3, 4 * 28, 8 * 28, 3)
    assert np.array_equal(first.looks, again.looks)
    assert not np.array_equal(first.looks, other.looks)
    assert {len(losses) for losses in first.losses.values()} == {7}
    assert np.array_equal(engine.run(name, GenerateRequest([1])).value.images, before)


def test_a_vae_learns(engine: Engine) -> None:
    value = trained(engine, "vae-fashion", 40)
    loss = sum(value.losses.values())
    assert loss[-5:].mean() < loss[:5].mean() - 0.5


def test_a_gan_learns(engine: Engine) -> None:
    value = trained(engine, "gan-fashion", 40)
    assert value.losses["discriminator"][-1] < value.losses["discriminator"][0]
    brightness = [look.mean() for look in value.looks]
    assert brightness[-1] < brightness[0] - 20  # garments lie on black


@each_family
def test_it_stops_between_two_looks(engine: Engine, name: str) -> None:
    with closing(engine.stream(name, LiveTrainingRequest(1, 5_000))) as items:  # type: ignore[type-var]
        looks: list[Any] = list(islice(items, 3))
    assert [look.done for look in looks] == [0, 5, 10]
    assert all(isinstance(look, Step) and look.preview is not None for look in looks)
    assert isinstance(engine.run(name, GenerateRequest([1])), Run)


@pytest.mark.parametrize(("seed", "steps"), [(-1, 10), (1, 0), (1, 5_001)])
def test_what_is_out_of_range_is_refused(seed: int, steps: int) -> None:
    with pytest.raises(InputError):
        LiveTrainingRequest(seed, steps)


def test_other_cards_refuse(engine: Engine) -> None:
    with pytest.raises(InputError, match="no training to watch"):
        trained(engine, "dcgan-fashion", 5)
