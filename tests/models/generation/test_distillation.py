"""Diffusion in few steps: what the student is to tell, and how it samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from segen import registry
from segen.engine import Engine
from segen.models import weights
from segen.models.generation import denoising
from segen.training.recipes.distillation import Distillation, DistillationConfig, missed
from segen.types import GenerateRequest, TrajectoryRequest, VariationsRequest
from tests.models.generation.tiny_diffusion import CARD, PICTURE, SYNTHETIC

TAUGHT = (999, 500, 100)
TINY = DistillationConfig(
    "tiny-few",
    batch_size=4,
    channels=(4, 8),
    groups=2,
    teacher=CARD.name,
    taught=TAUGHT,
    calls=2,
    class_dropout=0.0,
)
FEW = replace(CARD, name="tiny-few", options=replace(CARD.options, timesteps=TAUGHT))


@pytest.fixture
def recipe(engine: Engine) -> Distillation:
    return Distillation(TINY, SYNTHETIC)


@pytest.fixture
def few(folder: Path, recipe: Distillation) -> str:
    """The name of a card of the student as it begins."""
    recipe.export(recipe.networks, folder / FEW.name)
    registry.add(FEW)
    return FEW.name


def test_one_step_with_the_target_ends_where_the_teacher_does(recipe: Distillation) -> None:
    noisy, labels = torch.randn(3, 1, 32, 32), torch.tensor([1, 10, 7])
    predict = denoising.guided(recipe.tutor, labels, 1.0)
    for timestep, following in zip(TAUGHT, (*TAUGHT[1:], None), strict=True):
        middle = round((timestep + (-1 if following is None else following)) / 2)
        calls = [timestep, middle] if following is None else [timestep, middle, following]
        steps = denoising.denoise(predict, recipe.process, noisy, lambda: noisy, "dpm-solver", calls)
        expected = [next(steps).after, next(steps).after][1]
        target = recipe._target(noisy, labels, timestep, following)
        inside = target.abs() < 1
        assert inside.any()
        scheduler = denoising.scheduler_of(
            recipe.schedule, [timestep] if following is None else [timestep, following]
        )
        signal = recipe.process.alphas_cumprod[timestep]
        told = (signal.sqrt() * noisy - target) / (1 - signal).sqrt()  # v, so that the picture is the target
        ended = scheduler.step(told, len(scheduler.timesteps) - 1, noisy).prev_sample
        torch.testing.assert_close(ended[inside], expected[inside], atol=1e-3, rtol=1e-3)


def test_the_loss_is_nought_for_who_tells_the_target_and_weighed_by_signal(recipe: Distillation) -> None:
    pixels, labels = (torch.stack(part) for part in zip(*((x, torch.tensor(y)) for x, y in
                      (recipe.train[index] for index in range(4))), strict=True))  # fmt: skip
    off = 0.1

    class Knowing(torch.nn.Module):
        def forward(self, noisy: Any, timestep: int, labels: Any, return_dict: bool) -> tuple[torch.Tensor]:
            following = (*TAUGHT, None)[TAUGHT.index(timestep) + 1]
            target = recipe._target(noisy, labels, timestep, following) + off
            signal = recipe.process.alphas_cumprod[timestep]
            seen.append(float(signal / (1 - signal)))
            misses.append(float(missed(target, target - off).square().mean()))
            return ((signal.sqrt() * noisy - target) / (1 - signal).sqrt(),)

    seen: list[float] = []
    misses: list[float] = []
    losses = [
        float(recipe.step({"network": Knowing()}, (pixels, labels), lambda *_: None)["loss"])
        for _ in range(12)
    ]
    assert len(set(seen)) == len(TAUGHT), "every timestep is drawn"
    expected = [max(1.0, ratio) * miss for ratio, miss in zip(seen, misses, strict=True)]
    assert losses == pytest.approx(expected, rel=1e-3)


def test_beyond_black_and_white_is_as_good_as_these() -> None:
    target = torch.tensor([-1, -1, 1, 0.5, -0.99, -0.99, 1])
    clean = torch.tensor([-1.3, -0.8, 1.2, 1.2, -1.5, -0.9, 0.7])
    right = torch.tensor([0, 0.2, 0, 0.7, 0, 0.1, 0.3])
    torch.testing.assert_close(missed(clean, target).abs(), right)


def test_the_student_alone_learns(recipe: Distillation) -> None:
    optimizer = recipe.optimizers()["network"]

    def update(_: str, loss: torch.Tensor) -> None:
        loss.backward()
        optimizer.step()

    before = [tensor.clone() for tensor in recipe.network.parameters()]
    taught = [tensor.clone() for tensor in recipe.tutor.parameters()]
    recipe.step(recipe.networks, (torch.rand(4, 1, 32, 32), torch.arange(4)), update)
    assert all(torch.equal(*pair) for pair in zip(taught, recipe.tutor.parameters(), strict=True))
    assert any(not torch.equal(*pair) for pair in zip(before, recipe.network.parameters(), strict=True))


def test_a_student_goes_on_from_a_card_and_its_teacher_stays(recipe: Distillation, few: str) -> None:
    with torch.no_grad():
        recipe.network.conv_out.bias += 1
    recipe.export(recipe.networks, weights.checked(registry.card(few)))
    again = Distillation(TINY, replace(SYNTHETIC, init=few))
    shift = again.network.conv_out.bias - again.tutor.conv_out.bias
    torch.testing.assert_close(shift, torch.ones_like(shift), atol=1e-2, rtol=0)


def test_a_card_of_few_timesteps_takes_just_these_whatever_is_asked(engine: Engine, few: str) -> None:
    found = engine.run(few, TrajectoryRequest(3, 1, "dpm-solver", 50)).value
    assert found.timesteps == TAUGHT
    for index, timestep in enumerate(TAUGHT):
        signal = float(torch.linspace(1e-4, 0.02, 1000).neg().add(1).cumprod(0)[timestep])
        assert found.noisy.shape == found.clean.shape == found.noise.shape
        mixed = signal**0.5 * _level(found.clean[index]) + (1 - signal) ** 0.5 * 3 * _level(
            found.noise[index]
        )
        inside = (abs(_level(found.noisy[index])) < 0.98) & (abs(_level(found.noise[index])) < 0.98)
        assert abs(mixed - _level(found.noisy[index]))[inside].max() < 0.06, "the noise is noise, not v"
    one, other = (engine.run(few, request).value.images for request in
                  (GenerateRequest([3], 1), GenerateRequest([3], 1, "ddpm", 9)))  # fmt: skip
    assert (one == other).all()
    varied = engine.run(few, VariationsRequest(PICTURE, [0], strength=0.5)).value
    assert varied.timestep in TAUGHT


def _level(picture: Any) -> Any:
    return picture.astype(float) / 127.5 - 1
