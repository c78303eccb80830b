"""The lab against what people would take in its place: torchvision, diffusers, CycleGAN, a bare loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from accelerate import Accelerator
from diffusers import DDIMScheduler
from torch import nn
from torchvision.models.segmentation import deeplabv3_mobilenet_v3_large

from benchmarks.pairs import compare
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.models.generation import diffusion
from segen.models.tensors import to_tensor
from segen.registry import card
from segen.training.loop import _batches, _Training
from segen.training.recipe import Place, Recipe
from segen.training.recipes import RECIPES, build
from segen.types import SAMPLER_TITLES, GenerateRequest, SegmentRequest, TranslateRequest
from segen.ui.tabs.generate.chosen import USUAL_SAMPLER, USUAL_STEPS

STEPS, PICTURES, ROUNDS = 10, diffusion.BATCH, 3
TRAINED = "fcn-camvid"


def main() -> Iterator[str]:
    """One line for each peer."""
    engine = Engine("cpu")
    yield _segmented(engine)
    yield _diffused(engine)
    yield from _quick(engine)
    yield _translated(engine)
    yield _trained()


def _told(peer: str, ours: str, first: Callable[[], object], second: Callable[[], object]) -> str:
    found = compare(first, second, rounds=ROUNDS)
    return f"{peer} / {ours}: {found.ratio:.2f}   {found.first * 1e3:.0f} ms / {found.second * 1e3:.0f} ms"


def _segmented(engine: Engine) -> str:
    """torchvision's smallest DeepLab, as its documentation calls it but for the resizing."""
    image = scenes.street(0)[0]
    network, pixels = (
        deeplabv3_mobilenet_v3_large(weights=None, weights_backbone=None).eval(),
        to_tensor(image),
    )

    @torch.inference_mode()
    def peer() -> None:
        network(pixels)["out"].argmax(1)

    name = "deeplabv3plus-camvid"
    return _told(
        "torchvision's deeplabv3_mobilenet_v3_large", f"{name}, 360 x 480", peer,
        lambda: engine.run(name, SegmentRequest(image)),
    )  # fmt: skip


def _diffused(engine: Engine) -> str:
    """The loop of diffusers' documentation with the same network."""
    name = "ddpm-fashion"
    network, process = diffusion.read(card(name).weights)
    scheduler = DDIMScheduler.from_config(process.config)
    labels = torch.full((PICTURES,), 10)

    @torch.inference_mode()
    def peer() -> None:
        noisy = torch.randn(PICTURES, network.config.in_channels, *[network.config.sample_size] * 2)
        scheduler.set_timesteps(STEPS)
        for timestep in scheduler.timesteps:
            noise = network(noisy, timestep, labels).sample
            noisy = scheduler.step(noise, timestep, noisy).prev_sample

    request = GenerateRequest(range(PICTURES), steps=STEPS)
    return _told(
        "diffusers' DDIM",
        f"{name}, {PICTURES} pictures, {STEPS} steps",
        peer,
        lambda: engine.run(name, request),
    )


def _quick(engine: Engine) -> Iterator[str]:
    """A grid of 16 pictures: many steps against the page's own, and against the student's four."""
    many, usual = (
        GenerateRequest(range(PICTURES), 3, sampler, steps)
        for sampler, steps in (("ddim", 50), (USUAL_SAMPLER, USUAL_STEPS))
    )
    ways = {
        f"{SAMPLER_TITLES[USUAL_SAMPLER]}, {USUAL_STEPS} steps": ("ddpm-fashion", usual),
        "distilled-fashion": ("distilled-fashion", usual),
    }
    for ours, (name, request) in ways.items():
        yield _told(
            f"{PICTURES} pictures by DDIM, 50 steps", ours,
            lambda: engine.run("ddpm-fashion", many),
            lambda name=name, request=request: engine.run(name, request),  # type: ignore[misc]
        )  # fmt: skip


def _translated(engine: Engine) -> str:
    """The generator of the authors' PyTorch code by its published sizes: Zhu et al. 2017, nine blocks."""
    image = scenes.street(0, 256, 256)[0]
    network, pixels = _cyclegan().eval(), to_tensor(image)

    @torch.inference_mode()
    def peer() -> None:
        network(pixels)

    name = "cyclegan-yosemite"
    return _told(
        "pytorch-CycleGAN's generator, 9 blocks", f"{name}, 256 x 256", peer,
        lambda: engine.run(name, TranslateRequest(image)),
    )  # fmt: skip


def _cyclegan() -> nn.Sequential:
    def normed(convolution: nn.Module, channels: int) -> list[nn.Module]:
        return [convolution, nn.InstanceNorm2d(channels), nn.ReLU()]

    layers = normed(nn.Conv2d(3, 64, 7, padding=3, padding_mode="reflect"), 64)
    for wide in (128, 256):
        layers += normed(nn.Conv2d(wide // 2, wide, 3, 2, 1), wide)
    layers += [_Residual() for _ in range(9)]
    for narrow in (128, 64):
        layers += normed(nn.ConvTranspose2d(2 * narrow, narrow, 3, 2, 1, 1), narrow)
    return nn.Sequential(*layers, nn.Conv2d(64, 3, 7, padding=3, padding_mode="reflect"), nn.Tanh())


class _Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        first, second = (nn.Conv2d(256, 256, 3, padding=1, padding_mode="reflect") for _ in range(2))
        self.layers = nn.Sequential(first, nn.InstanceNorm2d(256), nn.ReLU(), second, nn.InstanceNorm2d(256))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        added: torch.Tensor = self.layers(maps)
        return maps + added


def _trained() -> str:
    """The loop, with its clipping and averages, against loss, backward and step alone on the same batch."""
    config = RECIPES[TRAINED]
    place = Place(data="synthetic")
    recipe: Recipe = build(config, place)
    training = _Training(recipe, Accelerator(cpu=True))
    batch: Any = next(_batches(training, training.recipe.dataset(), 0, 0))
    bare = build(config, place)
    optimizers = bare.optimizers()
    for network in bare.networks.values():
        network.train()

    def update(name: str, loss: torch.Tensor) -> None:
        optimizers[name].zero_grad()
        loss.backward()
        optimizers[name].step()

    return _told(
        "a step of the training loop", f"a plain PyTorch loop's, {TRAINED}, {config.batch_size} pictures",
        lambda: training.step(batch), lambda: bare.step(bare.networks, batch, update),
    )  # fmt: skip
