"""Diffusion in few steps: a network learns to do in one step what its teacher does in several.

Salimans and Ho 2022, section 3: a picture is mixed with noise at one of the student's timesteps; the teacher
removes noise down to the student's next timestep, in several calls; and the student is to tell the clean
picture for which one step of DDIM ends at the same place. Its error is weighed by the ratio of signal to
noise, by 1 at the least ("truncated SNR"). It tells v, a mixture of picture and noise, from which the picture
can be had at every timestep; its first weights are the teacher's, which told the noise. We depart from them
in going to the few timesteps at once, not by halves, in a teacher that samples by DPM-Solver++ (Lu et al.
2022), and in what counts as an error (`missed`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from diffusers import DDPMScheduler
from torch import nn

from segen import registry
from segen.models import weights
from segen.models.generation import denoising, diffusion
from segen.training import processes
from segen.training.recipe import Place, Update
from segen.training.recipes.diffusion import Diffusion, DiffusionConfig

EXTREME = 0.98
"""A target farther from grey than this counts as black or white, -1 or 1."""


@dataclass(frozen=True)
class DistillationConfig(DiffusionConfig):
    """How a diffusion model of few steps is trained; --init is the card that the student goes on from."""

    teacher: str = "ddpm-fashion"
    """The card that teaches; a student without --init begins with its weights."""
    taught: tuple[int, ...] = (999, 599, 299, 99)
    """The student's timesteps, the noisiest first."""
    calls: int = 4
    """Of the teacher, in place of one of the student's."""
    lr: float = 7e-4
    ema_decay: float = 0.995


CONFIGS = [
    DistillationConfig("distilled-fashion", steps=2_500, batch_size=64, evaluate_every=500, save_every=100),
]  # fmt: skip


class Distillation(Diffusion):
    """The recipe of a student in few steps."""

    config: DistillationConfig

    def __init__(self, config: DistillationConfig, place: Place) -> None:
        super().__init__(config, replace(place, init=place.init or config.teacher))
        tutor, self.process = diffusion.read(weights.checked(registry.card(config.teacher, "generate")))
        self.tutor = tutor.requires_grad_(False)
        self.schedule = DDPMScheduler.from_config(self.schedule.config, prediction_type="v_prediction")

    def schedulers(
        self, optimizers: dict[str, torch.optim.Optimizer]
    ) -> dict[str, torch.optim.lr_scheduler.LRScheduler]:
        """Up along a line, then down along another to nothing, as Salimans and Ho have it."""
        optimizer, warm_up = optimizers["network"], self.config.warm_up
        up = torch.optim.lr_scheduler.LinearLR(optimizer, 0.01, 1.0, warm_up)
        down = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, max(1, self.config.steps - warm_up))
        return {"network": torch.optim.lr_scheduler.SequentialLR(optimizer, [up, down], [warm_up])}

    def step(self, networks: dict[str, nn.Module], batch: Any, update: Update) -> dict[str, torch.Tensor]:
        """Lessen the error of the clean picture at one of the timesteps, drawn for the whole batch."""
        pixels, labels = batch
        labels = self._some_left_out(labels)
        index, noise = int(torch.randint(len(self.config.taught), ())), processes.normal_like(pixels)
        timestep, following = self.config.taught[index], (*self.config.taught, None)[index + 1]
        noisy = self.schedule.add_noise(pixels, noise, torch.tensor([timestep]))
        target = self._target(noisy, labels, timestep, following)
        signal, share = self._levels(timestep)
        told = networks["network"](noisy, timestep, labels, return_dict=False)[0]
        weight = max(1.0, (signal / share) ** 2)
        loss = weight * missed(signal * noisy - share * told, target).square().mean()
        update("network", loss)
        return {"loss": loss}

    @torch.no_grad()
    def _target(
        self, noisy: torch.Tensor, labels: torch.Tensor, timestep: int, following: int | None
    ) -> torch.Tensor:
        """The clean picture for which a step of DDIM ends where the teacher does, at `following`."""
        last = -1 if following is None else following
        between = [
            round(timestep + (last - timestep) * call / self.config.calls)
            for call in range(self.config.calls)
        ]
        steps = denoising.denoise(
            denoising.guided(self.tutor.to(noisy.device), labels, 1.0),
            self.process,
            noisy,
            lambda: noisy,
            "dpm-solver",
            between if following is None else [*between, following],
        )
        after = noisy
        for _, step in zip(between, steps, strict=False):
            after = step.after
        if following is None:
            return after.clamp(-1, 1)
        signal, share = self._levels(timestep)
        next_signal, next_share = self._levels(following)
        kept = next_share / share
        return ((after - kept * noisy) / (next_signal - kept * signal)).clamp(-1, 1)

    def evaluate(self, networks: dict[str, nn.Module]) -> dict[str, float]:
        """The Frechet distance of samples."""
        return self._distance(networks["network"])

    def _timesteps(self, steps: int) -> list[int]:
        return list(self.config.taught)

    def _levels(self, timestep: int) -> tuple[float, float]:
        """The factors of picture and noise in what is mixed of them."""
        power = float(self.schedule.alphas_cumprod[timestep])
        return power**0.5, (1 - power) ** 0.5


def missed(clean: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """By how much what is told of the clean picture misses the target, which is of its shape, in [-1, 1].

    Sampling clips the picture, so that beyond black is as good as black. Else a network, which errs to both
    sides, keeps its distance from it, and draws its garments on a grey ground.
    """
    short = 1 - target.sign() * clean
    return torch.where(target.abs() > EXTREME, short.clamp(min=0), clean - target)


RECIPE = Distillation
"""What trains the CONFIGS."""
