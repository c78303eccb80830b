"""DPM-Solver++: its timesteps, its arithmetic, and how near it comes to the solution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DDPMScheduler, DPMSolverMultistepScheduler

from segen.models.generation import denoising


@pytest.mark.parametrize("steps", [1, 2, 10, 600, 1000])
def test_timesteps_of_dpm_solver_are_even_in_the_signal(steps: int) -> None:
    process = DDPMScheduler(1000)
    found = denoising.spaced_by_signal(process, steps)
    assert (len(found), found[0]) == (steps, 999)
    assert (np.diff(found) < 0).all()
    assert found[-1] == (0 if steps > 1 else 999)
    if steps == 10:
        ratios = (process.alphas_cumprod / (1 - process.alphas_cumprod)).log()[found]
        # Near the picture whole timesteps lie far apart.
        torch.testing.assert_close(ratios.diff()[:6], ratios.diff()[:6].mean().expand(6), rtol=0.05, atol=0)


def test_dpm_solver_is_that_of_diffusers() -> None:
    process, noisy = DDPMScheduler(1000, clip_sample=False), torch.randn(2, 1, 4, 4)
    timesteps = denoising.spaced_by_signal(process, 12)
    theirs = DPMSolverMultistepScheduler(1000, final_sigmas_type="zero")
    theirs.set_timesteps(timesteps=timesteps)
    expected = noisy
    for t in theirs.timesteps:
        expected = theirs.step(expected.sin(), t, expected).prev_sample
    *_, last = denoising.denoise(lambda x, _: x.sin(), process, noisy, lambda: noisy, "dpm-solver", timesteps)
    torch.testing.assert_close(last.after, expected, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(last.clean, last.after)


def test_dpm_solver_comes_nearer_to_the_solution_in_10_steps_than_ddim_in_25() -> None:
    """Of pictures that are normal numbers of variance 0.25, whose noise and solution are known."""
    process, noisy = DDPMScheduler(1000, clip_sample=False), torch.randn(1, 1, 8, 8)
    signals = process.alphas_cumprod

    def predict(noisy: torch.Tensor, t: Any) -> torch.Tensor:
        return (1 - signals[t]).sqrt() * noisy / (0.25 * signals[t] + 1 - signals[t])

    def miss(sampler: Any, timesteps: list[int]) -> float:
        *_, last = denoising.denoise(predict, process, noisy, lambda: noisy, sampler, timesteps)
        first = signals[timesteps[0]]
        solved = noisy * 0.5 / (0.25 * first + 1 - first).sqrt()
        return float((last.after - solved).abs().mean())

    by_solver = miss("dpm-solver", denoising.spaced_by_signal(process, 10))
    assert by_solver < miss("ddim", denoising.spaced(1000, 25)) / 2
