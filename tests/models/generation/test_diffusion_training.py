"""Diffusion: its loss, its teacher, and the folder that it ships in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

from segen.engine import Engine
from segen.errors import UsageError
from segen.evaluation.model_card import model_card
from segen.models import weights
from segen.models.generation import diffusion
from segen.models.generation.diffusion import DiffusionPredictor
from segen.training.recipes.diffusion import Diffusion
from tests.models.generation.tiny_diffusion import CARD, SYNTHETIC, TINY
from tests.sentences import exactly


def test_the_loss_is_the_error_of_the_noise() -> None:
    recipe = Diffusion(replace(TINY, class_dropout=1.0), SYNTHETIC)
    pixels, labels = (torch.stack(part) for part in zip(*((x, torch.tensor(y)) for x, y in
                      (recipe.train[index] for index in range(4))), strict=True))  # fmt: skip
    seen: list[Any] = []

    class Watching(torch.nn.Module):
        def forward(self, noisy: Any, t: Any, labels: Any, return_dict: bool) -> tuple[torch.Tensor]:
            seen.append((noisy, t, labels))
            return (torch.zeros_like(noisy),)

    noise = torch.randn_like(pixels)
    noisy, timesteps = recipe._mixed(pixels, torch.tensor(0.1), noise)
    assert timesteps.tolist() == [100, 350, 600, 850], "evenly over the process"
    signal = recipe.schedule.alphas_cumprod[timesteps][:, None, None, None]
    torch.testing.assert_close(noisy, signal.sqrt() * pixels + (1 - signal).sqrt() * noise)
    torch.manual_seed(0)
    loss = recipe.step({"network": Watching()}, (pixels, labels), lambda *_: None)["loss"]
    assert seen[0][2].tolist() == [10] * 4, "the class is left out"
    torch.manual_seed(0)
    torch.rand(4), torch.rand(())
    assert float(loss) == pytest.approx(float(torch.randn_like(pixels).square().mean()))


def test_a_teacher_is_followed_with_its_guidance(engine: Engine) -> None:
    """For a class, what it predicts in two calls is to be predicted in one; without, the noise is."""
    with pytest.raises(UsageError, match=exactly("no_teacher")):
        Diffusion(replace(TINY, guidance=2.0), SYNTHETIC)
    recipe = Diffusion(replace(TINY, guidance=2.0), replace(SYNTHETIC, init=CARD.name))
    pixels = torch.stack([torch.as_tensor(recipe.train[index][0]) for index in range(3)])
    labels, noise = torch.tensor([3, 10, 7]), torch.randn_like(pixels)
    noisy, timesteps = recipe._mixed(pixels, torch.tensor(0.5), noise)
    target = recipe._taught(noisy, timesteps, labels, noise)
    assert torch.equal(target[1], noise[1])
    for index in (0, 2):
        asked, none = (
            recipe.teacher(
                noisy[index : index + 1], timesteps[index], torch.tensor([label]), return_dict=False
            )[0]
            for label in (int(labels[index]), 10)
        )
        torch.testing.assert_close(target[index], (none + 2 * (asked - none))[0], atol=1e-5, rtol=1e-5)
    before = [tensor.clone() for tensor in recipe.teacher.parameters()]
    optimizer = recipe.optimizers()["network"]

    def update(_: str, loss: torch.Tensor) -> None:
        loss.backward()
        optimizer.step()

    recipe.step(recipe.networks, (pixels, labels), update)
    assert all(torch.equal(*pair) for pair in zip(before, recipe.teacher.parameters(), strict=True))
    assert any(not torch.equal(*pair) for pair in zip(before, recipe.network.parameters(), strict=True))


def test_what_shipped_can_be_gone_on_from(engine: Engine) -> None:
    recipe = Diffusion(TINY, replace(SYNTHETIC, init=CARD.name))
    shipped = engine._predictor(CARD.name).network.state_dict()
    assert all(torch.equal(tensor, shipped[name]) for name, tensor in recipe.network.state_dict().items())
    with pytest.raises(UsageError, match=exactly("init_unlike", model=CARD.name)):
        Diffusion(replace(TINY, channels=(8, 8)), replace(SYNTHETIC, init=CARD.name))


def test_a_folder_loads_with_diffusers_and_snippet(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = DDPMPipeline.from_pretrained(folder / CARD.name)
    assert isinstance(pipeline.unet, UNet2DModel)
    assert isinstance(pipeline.scheduler, DDPMScheduler)
    ours, _ = diffusion.read(folder / CARD.name)
    for name, tensor in pipeline.unet.float().state_dict().items():
        assert torch.equal(tensor, ours.state_dict()[name])
    assert (folder / CARD.name / weights.SUMS).read_text().count("\n") == 4
    snippet = model_card(CARD).partition("```python\n")[2].partition("```")[0]
    lines = [line for line in snippet.splitlines() if line.strip()]
    assert 8 <= len(lines) <= 14
    assert "segen" not in snippet.replace("assets/weights", "")
    monkeypatch.chdir(folder)
    found: dict[str, Any] = {}
    exec(snippet.replace("assets/weights/", "").replace("set_timesteps(50)", "set_timesteps(2)"), found)
    assert found["pictures"].shape == (16, 28, 28)
    assert found["pictures"].dtype == torch.uint8


def test_a_predictor_is_what_the_folder_holds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGEN_WEIGHTS", str(folder))
    predictor = diffusion.load(CARD)
    assert isinstance(predictor, DiffusionPredictor)
    assert next(predictor.network.parameters()).dtype == torch.float32
