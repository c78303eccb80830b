"""Sampling by diffusion: from noise to a picture, step by step.

Sources: Ho, Jain and Abbeel 2020 (DDPM); Song, Meng and Ermon 2021 (DDIM); Lu et al. 2022 (DPM-Solver++, its
multistep form of second order); Ho and Salimans 2022 (classifier-free guidance). Networks, schedules and the
arithmetic of a step are diffusers'. A run of fewer steps than the training had takes some of its timesteps,
evenly, the noisiest always among them (Nichol and Dhariwal 2021, section 4; Lin et al. 2024, "trailing"): a
scheduler is built for just these, since diffusers' DDIMScheduler misses its own timesteps where their number
does not divide 1,000. DDPM is DDIM with an eta of 1, whose variance is the smaller of the two that Ho et al.
name. We depart from the sources in deriving the noise anew from the clean picture once that is clipped to
[-1, 1], and in drawing noise for each picture from its own seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler, UNet2DModel

from segen.types import Sampler

Draw = Callable[[], torch.Tensor]
"""Gives standard normal numbers in the shape of the batch, others with each call."""
Predict = Callable[[torch.Tensor, int | torch.Tensor], torch.Tensor]
"""Of x_t, N x C x H x W, and t, one or N of it, what the network takes the noise for."""


@dataclass(frozen=True)
class DenoisingStep:
    """One step of the reverse process: N x C x H x W each, in [-1, 1] but for noise.

    `noisy` is x_t of `timestep`; `noise` and `clean` are what the network takes for its two parts; `after` is
    the picture of the next, less noisy timestep, x_0 after the last.
    """

    timestep: int
    noisy: torch.Tensor
    noise: torch.Tensor
    clean: torch.Tensor
    after: torch.Tensor


def spaced(count: int, steps: int) -> list[int]:
    """`steps` of the timesteps 0 to `count` - 1, evenly, from the noisiest one down."""
    return [round((index + 1) * count / steps) - 1 for index in reversed(range(steps))]


def spaced_by_signal(process: DDPMScheduler, steps: int) -> list[int]:
    """`steps` of the process's timesteps, even in the logarithm of signal over noise, the noisiest first.

    Lu et al. 2022 solve the process in that variable. Those that would fall together follow each other.
    """
    ratios = (process.alphas_cumprod / (1 - process.alphas_cumprod)).log()
    wanted = torch.linspace(float(ratios[-1]), float(ratios[0]), steps)
    timesteps = [len(ratios)]
    for left, nearest in zip(
        reversed(range(steps)), (wanted[:, None] - ratios).abs().argmin(dim=1), strict=True
    ):
        timesteps.append(max(min(int(nearest), timesteps[-1] - 1), left))
    return timesteps[1:]


def scheduler_of(process: DDPMScheduler, timesteps: list[int]) -> DDIMScheduler:
    """DDIM's arithmetic for a process that has these timesteps of the training's only, the noisiest first."""
    chosen = process.alphas_cumprod[timesteps[::-1]].double()
    before = torch.cat([torch.ones(1, dtype=torch.float64), chosen[:-1]])
    scheduler = DDIMScheduler(
        len(timesteps),
        trained_betas=(1 - chosen / before).tolist(),
        prediction_type=process.config.prediction_type,
        clip_sample=process.config.clip_sample,
        clip_sample_range=process.config.clip_sample_range,
    )
    scheduler.set_timesteps(len(timesteps))
    return scheduler


def solver_of(process: DDPMScheduler, timesteps: list[int]) -> DPMSolverMultistepScheduler:
    """DPM-Solver++'s arithmetic between these timesteps; it is given the clean picture, not the noise."""
    solver = DPMSolverMultistepScheduler(
        trained_betas=process.betas.tolist(), prediction_type="sample", final_sigmas_type="zero"
    )
    solver.set_timesteps(timesteps=timesteps)
    return solver


def denoise(
    predict: Predict,
    process: DDPMScheduler,
    noisy: torch.Tensor,
    draw: Draw,
    sampler: Sampler,
    timesteps: list[int],
) -> Iterator[DenoisingStep]:
    """From `noisy`, which is x_t of the first of `timesteps`, to x_0."""
    scheduler = scheduler_of(process, timesteps)
    solver = solver_of(process, timesteps) if sampler == "dpm-solver" else None
    for index, timestep in zip(scheduler.timesteps.tolist(), timesteps, strict=True):
        noise = predict(noisy, timestep)
        eta, fresh = (1.0, draw()) if sampler == "ddpm" and index else (0.0, None)
        found = scheduler.step(
            noise, index, noisy, eta=eta, use_clipped_model_output=True, variance_noise=fresh
        )
        clean, after = found.pred_original_sample, found.prev_sample
        if process.config.prediction_type == "v_prediction":
            signal = float(process.alphas_cumprod[timestep])
            noise = (noisy - signal**0.5 * clean) / (1 - signal) ** 0.5
        if solver:
            after = solver.step(clean, timestep, noisy).prev_sample
        yield DenoisingStep(timestep, noisy, noise, clean, after)
        noisy = after


def guided(network: UNet2DModel, labels: torch.Tensor | None, guidance: float) -> Predict:
    """The noise that a network sees in N pictures, by `classes_asked` and `mixed`."""

    def predict(noisy: torch.Tensor, timestep: int | torch.Tensor) -> torch.Tensor:
        asked = classes_asked(network, labels, guidance, noisy)
        return mixed([network(noisy, timestep, each, return_dict=False)[0] for each in asked], guidance)

    return predict


def classes_asked(
    network: UNet2DModel, labels: torch.Tensor | None, guidance: float, noisy: torch.Tensor
) -> list[torch.Tensor | None]:
    """With what a network is asked for the noise in N pictures: N classes, or nothing if it knows none.

    Its last class stands for no class. Ho and Salimans 2022, with the scale as diffusers has it: `guidance` 1
    asks once with the class, 0 once without, and any other asks twice, first without.
    """
    classes = network.config.num_class_embeds
    none = torch.full((len(noisy),), classes - 1, device=noisy.device) if classes else None
    if labels is None or guidance == 0:
        return [none]
    return [labels] if guidance == 1 else [none, labels]


def mixed(answers: list[torch.Tensor], guidance: float) -> torch.Tensor:
    """One answer as it is; of two, `guidance` times the way from the first to the second."""
    first, *others = answers
    return torch.lerp(first, others[0], guidance) if others else first


def random_numbers(seeds: Sequence[int], shape: tuple[int, ...], device: torch.device) -> Draw:
    """Normal numbers for each picture from its own seed: with the first call those of `latents.noise`."""
    streams = [np.random.default_rng(seed) for seed in seeds]

    def draw() -> torch.Tensor:
        rows = [stream.standard_normal(shape, dtype=np.float32) for stream in streams]
        return torch.from_numpy(np.stack(rows)).to(device)

    return draw
