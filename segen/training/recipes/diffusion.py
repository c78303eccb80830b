"""Diffusion: the network learns to tell the noise that a picture was mixed with.

Ho, Jain and Abbeel 2020: log p(x_0) is bounded from below by a sum of divergences of Gaussians (their
equation 5), each of which is a squared error of the noise, weighed. Training drops the weights (equation 14):
minimise E |epsilon - epsilon_theta(sqrt(alpha-bar_t) x_0 + sqrt(1 - alpha-bar_t) epsilon, t)|^2. Now and then
the class is left out, so that one network serves with and without (Ho and Salimans 2022). We depart from the
first in spreading the timesteps t of a batch evenly over all of them (Kingma et al. 2021, appendix I.1).

A trained network may teach: its copy learns to predict for a class at once what it predicts with guidance,
which takes two calls (Meng et al. 2023, section 3.1). We depart from them in one fixed scale, and in
comparing noise without weights.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel
from torch import nn
from torch.nn import functional

from segen import registry
from segen.data.listing import together
from segen.errors import DataError, UsageError
from segen.imaging import images
from segen.models import hub, latents, weights
from segen.models.generation import denoising
from segen.models.generation.predictor import BATCH, pictures_of
from segen.training import processes, start
from segen.training.pictures import Pictures, frechet
from segen.training.recipe import Config, Place, Update
from segen.types import Image

MEASURED = 4 * BATCH
"""Pictures behind the numbers of a log; `segen evaluate` takes some ten times as many."""
QUICK_STEPS = 10
"""Of DDIM, behind those numbers."""
SHOWN_STEPS = 20
"""Of DDIM, for the pictures of a snapshot of the training."""


@dataclass(frozen=True)
class DiffusionConfig(Config):
    """How a diffusion model is built and trained."""

    generates: ClassVar[bool] = True
    CHANGEABLE: ClassVar[frozenset[str]] = Config.CHANGEABLE | {"lr"}
    dataset: str = "fashion"
    """The data set's name; docs/data.md describes its folder."""
    side: int = 28
    """Of the pictures in pixels; 28 are padded to 32."""
    colors: int = 1
    channels: tuple[int, ...] = (16, 32, 64, 64)
    """Of the network at sides 32, 16, 8, 4; attention is in the middle."""
    groups: int = 8
    """Of its group norms."""
    timesteps: int = 1_000
    """Timesteps of the process, the variances of their noise rising along a line from 1e-4 to 0.02."""
    class_dropout: float = 0.15
    """The share of pictures whose class is left out."""
    guidance: float = 1.0
    """Other than 1, the card of --init teaches what it predicts with this guidance, as one call."""
    lr: float = 1e-3
    warm_up: int = 200
    """Steps in which the rate rises to `lr`; it stays there, so that any number of steps can be shipped."""
    ema_decay: float = 0.999


CONFIGS = [
    DiffusionConfig("ddpm-fashion", steps=24_000, batch_size=64, evaluate_every=1000, save_every=200),
]  # fmt: skip


class Diffusion:
    """The recipe of every diffusion model."""

    def __init__(self, config: DiffusionConfig, place: Place) -> None:
        self.config = config
        border = 2 if config.side == 28 else 0
        self.train, self.test = together(
            *(
                partial(Pictures, place.data, config.dataset, split, config.side, config.colors, border)
                for split in ("train", "test")
            )
        )
        if not self.train.labelled:
            raise DataError("no_labels")
        self.classes = len(registry.dataset_classes(config.dataset))
        self.side = config.side + 2 * border
        self.schedule = DDPMScheduler(num_train_timesteps=config.timesteps)
        torch.manual_seed(config.seed)
        self.network = UNet2DModel(
            sample_size=self.side,
            in_channels=config.colors,
            out_channels=config.colors,
            layers_per_block=1,
            block_out_channels=config.channels,
            down_block_types=("DownBlock2D",) * len(config.channels),
            up_block_types=("UpBlock2D",) * len(config.channels),
            norm_num_groups=config.groups,
            num_class_embeds=self.classes + 1,
        )
        self.networks: dict[str, nn.Module] = {"network": self.network}
        self.kept: dict[str, nn.Module] = {}
        if place.init:
            folder = weights.checked(registry.card(place.init, "generate"))
            start.whole(self.network, folder / hub.WEIGHTS, place.init)
        if config.guidance != 1 and not place.init:
            raise UsageError("no_teacher")
        taught = config.guidance != 1
        self.teacher = copy.deepcopy(self.network).requires_grad_(False) if taught else None

    def dataset(self) -> Pictures:
        """The training pictures as they are."""
        return self.train

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Adam."""
        return {"network": torch.optim.Adam(self.network.parameters(), self.config.lr)}

    def schedulers(
        self, optimizers: dict[str, torch.optim.Optimizer]
    ) -> dict[str, torch.optim.lr_scheduler.LRScheduler]:
        """Up along a line, then constant."""
        warm_up = torch.optim.lr_scheduler.LinearLR(optimizers["network"], 0.01, 1.0, self.config.warm_up)
        return {"network": warm_up}

    def step(self, networks: dict[str, nn.Module], batch: Any, update: Update) -> dict[str, torch.Tensor]:
        """Lessen the error of the noise on one batch."""
        pixels, labels = batch
        labels = self._some_left_out(labels)
        shift, noise = torch.rand(()), processes.normal_like(pixels)
        noisy, timesteps = self._mixed(pixels, shift, noise)
        target = self._taught(noisy, timesteps, labels, noise) if self.teacher else noise
        loss = functional.mse_loss(
            networks["network"](noisy, timesteps, labels, return_dict=False)[0], target
        )
        update("network", loss)
        return {"loss": loss}

    def _some_left_out(self, labels: torch.Tensor) -> torch.Tensor:
        """The classes, a share `class_dropout` of them replaced by none."""
        dropped = processes.drawn(torch.rand, len(labels), device=labels.device) < self.config.class_dropout
        return torch.where(dropped, self.classes, labels)

    def _mixed(
        self, pixels: torch.Tensor, shift: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Pictures mixed with noise, and the timesteps of it, spread evenly and moved by `shift`, 0 to 1."""
        whole = len(pixels) * processes.count()
        places = processes.own(torch.arange(whole, device=pixels.device)) / whole + shift.to(pixels.device)
        timesteps = (places % 1 * self.config.timesteps).long()
        return self.schedule.add_noise(pixels, noise, timesteps), timesteps

    @torch.no_grad()
    def _taught(
        self, noisy: torch.Tensor, timesteps: torch.Tensor, labels: torch.Tensor, noise: torch.Tensor
    ) -> torch.Tensor:
        """What to predict: the teacher's noise with guidance, but the true noise where no class is given."""
        assert self.teacher is not None
        predict = denoising.guided(self.teacher.to(noisy.device), labels, self.config.guidance)
        return torch.where((labels == self.classes)[:, None, None, None], noise, predict(noisy, timesteps))

    def evaluate(self, networks: dict[str, nn.Module]) -> dict[str, float]:
        """The error of the noise on test pictures, and the Frechet distance of samples of few steps."""
        network = networks["network"]
        device = next(network.parameters()).device
        chosen = np.random.default_rng(0).permutation(len(self.test))[:MEASURED]
        items = [self.test[int(index)] for index in chosen]
        pixels = torch.stack([item for item, _ in items]).to(device)
        labels = torch.tensor([label for _, label in items], device=device)
        noise = torch.from_numpy(latents.noise(range(len(pixels)), pixels.shape[1:])).to(device)
        parts = zip(*(torch.split(each, BATCH) for each in (pixels, labels, noise)), strict=True)
        none = torch.zeros(())
        losses = []
        for real, asked, fresh in parts:
            noisy, timesteps = self._mixed(real, none, fresh)
            found = network(noisy, timesteps, asked, return_dict=False)[0]
            losses.append(functional.mse_loss(found, fresh))
        return {"test/loss": float(torch.stack(losses).mean()), **self._distance(network)}

    def _distance(self, network: nn.Module) -> dict[str, float]:
        made = [self._draw(network, first, QUICK_STEPS) for first in range(0, MEASURED, BATCH)]
        return frechet(torch.cat(made), self.train)

    def samples(self, networks: dict[str, nn.Module]) -> Image:
        """The pictures of the first seeds and their drawn classes, the same throughout the run."""
        made = self._draw(networks["network"], 0, SHOWN_STEPS)
        return images.grid(pictures_of(made, self.config.side, self.config.side))

    def _draw(self, network: nn.Module, first: int, steps: int) -> torch.Tensor:
        """Pictures of BATCH seeds from `first` on by DDIM."""
        device = next(network.parameters()).device
        seeds = list(range(first, first + BATCH))
        labels = torch.tensor(latents.drawn_labels(seeds, self.classes), device=device)
        draw = denoising.random_numbers(seeds, (self.config.colors, self.side, self.side), device)
        *_, last = denoising.denoise(
            denoising.guided(network, labels, 1.0),
            self.schedule,
            draw(),
            draw,
            "ddim",
            self._timesteps(steps),
        )
        return last.after

    def _timesteps(self, steps: int) -> list[int]:
        return denoising.spaced(self.config.timesteps, steps)

    def export(self, networks: dict[str, nn.Module], folder: Path) -> None:
        """A folder as DDPMPipeline saves it, in half precision."""
        DDPMPipeline(networks["network"].half(), self.schedule).save_pretrained(folder)
        weights.seal(folder)


RECIPE = Diffusion
"""What trains the CONFIGS."""
