"""Diffusion: both processes, samplers and guidance on a tiny network."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler

from segen.cli.main import main
from segen.engine import Engine
from segen.errors import InputError
from segen.models import latents
from segen.models.generation import denoising, diffusion
from segen.models.generation.diffusion import BATCH
from segen.models.generation.gan import PerceptronGenerator
from segen.models.generation.predictor import LatentPredictor
from segen.registry.options import GenerateOptions
from segen.training.recipes.diffusion import Diffusion
from segen.types import (
    SAMPLERS,
    DecodeRequest,
    EncodeRequest,
    GenerateRequest,
    LatentsRequest,
    NoisedRequest,
    Step,
    TrajectoryRequest,
    VariationsRequest,
)
from tests.models.generation.tiny_diffusion import CARD, PICTURE, SYNTHETIC, TINY, drawn
from tests.sentences import exactly


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_one_seed_is_one_picture(engine: Engine, sampler: Any) -> None:
    batch = drawn(engine, range(2 * BATCH + 3), sampler=sampler, label=3)
    assert batch.images.shape == (2 * BATCH + 3, 28, 28, 3)
    assert batch.labels == (3,) * (2 * BATCH + 3)
    assert batch.grey
    for seeds in ([BATCH + 1], [2**63 - 1, BATCH + 1]):
        assert np.array_equal(
            drawn(engine, seeds, sampler=sampler, label=3).images[-1], batch.images[BATCH + 1]
        )
    assert len({picture.tobytes() for picture in batch.images}) == len(batch.images)


def test_samplers_classes_and_guidance_change_the_picture(engine: Engine) -> None:
    options: list[dict[str, Any]] = [
        {},
        {"sampler": "ddpm"},
        {"sampler": "dpm-solver"},
        {"steps": 4},
        {"label": 1},
        {"label": 2},
        {"label": 2, "guidance": 3.0},
    ]
    found = [drawn(engine, [0], **each) for each in options]
    assert len({each.images.tobytes() for each in found}) == len(options)
    assert found[0].labels is None
    assert np.array_equal(found[0].images, drawn(engine, [0], label=2, guidance=0.0).images)


def test_guidance_costs_two_calls_a_step_unless_both_have_room_in_one(
    engine: Engine, calls: list[int]
) -> None:
    for guidance, count, each in ((1.0, 9, 1), (0.0, 9, 1), (2.0, 9, 2), (0.5, 9, 2), (2.0, 8, 1)):
        calls.clear()
        drawn(engine, range(count), label=2, guidance=guidance, steps=3)
        assert calls == [BATCH] * 3 * each


def test_guidance_goes_from_without_to_with_the_class() -> None:
    network = Diffusion(TINY, SYNTHETIC).network
    labels, noisy = torch.tensor([1, 2]), torch.randn(2, 1, 32, 32)
    without = network(noisy, 5, torch.tensor([10, 10])).sample
    asked = network(noisy, 5, labels).sample
    found = denoising.guided(network, labels, 2.5)(noisy, 5)
    torch.testing.assert_close(found, without + 2.5 * (asked - without))


def test_stop_stops_within_a_step(engine: Engine, calls: list[int]) -> None:
    request = GenerateRequest(range(10_000), steps=1000)
    with closing(engine.stream(CARD.name, request)) as stream:  # type: ignore[type-var]
        seen = list(islice(stream, 5))
    assert len(calls) == 5
    assert [step.done for step in seen if isinstance(step, Step)] == [1, 2, 3, 4, 5]
    assert seen[0].total == 1000 * (10_000 // BATCH)  # type: ignore[union-attr]


@pytest.mark.parametrize(("count", "steps", "side"), [(40, 20, 7), (7, 3, 3), (80, 2, 8), (1, 1, 1)])
def test_what_there_is_so_far_is_shown_now_and_then(
    engine: Engine, count: int, steps: int, side: int
) -> None:
    *seen, run = engine.stream(CARD.name, GenerateRequest(range(count), steps=steps))
    made = run.value.images  # type: ignore[union-attr]
    shown = [step for step in seen if isinstance(step, Step) and step.preview is not None]
    assert len(shown) <= diffusion.PREVIEWS + count // BATCH
    assert min(len(seen), diffusion.PREVIEWS) <= len(shown)
    for step in shown:
        assert step.preview is not None
        begun = (step.done - 1) // steps * BATCH
        first = begun // 64 * 64
        rows = -(-min(count - first, 64) // side)
        assert step.preview.shape == (rows * 28, side * 28, 3)
        ended = made[first : step.done // steps * BATCH]
        cells = step.preview.reshape(-1, 28, side, 28, 3).swapaxes(1, 2).reshape(-1, 28, 28, 3)
        assert np.array_equal(cells[: len(ended)], ended)
        assert step.done % steps == 0 or cells[len(ended)].any(), "what is begun is shown, too"
        assert not cells[len(ended) + BATCH :].any(), "what is not begun is black"


@pytest.mark.parametrize("steps", [1, 3, 7, 50, 600, 1000])
def test_timesteps_are_spaced_evenly_from_the_noisiest(steps: int) -> None:
    found = denoising.spaced(1000, steps)
    assert (len(found), found[0]) == (steps, 999)
    assert (np.diff(found) < 0).all()
    assert np.ptp(np.diff([*found, -1])) <= 1
    process = DDPMScheduler(1000)
    spaced = denoising.scheduler_of(process, found)
    torch.testing.assert_close(
        spaced.alphas_cumprod, process.alphas_cumprod[found[::-1]], rtol=2e-3, atol=1e-6
    )


def test_ddim_is_that_of_diffusers_where_the_steps_divide_the_process() -> None:
    process, noisy = DDPMScheduler(1000), torch.randn(2, 1, 4, 4)
    theirs = DDIMScheduler(1000, timestep_spacing="trailing")
    theirs.set_timesteps(20)
    expected = noisy
    for t in theirs.timesteps:
        expected = theirs.step(expected.sin(), t, expected, use_clipped_model_output=True).prev_sample
    *_, last = denoising.denoise(
        lambda x, _: x.sin(), process, noisy, lambda: noisy, "ddim", denoising.spaced(1000, 20)
    )
    torch.testing.assert_close(last.after, expected, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(last.clean, last.after)


def test_ddpm_is_that_of_diffusers() -> None:
    process = DDPMScheduler(1000)
    noisy = torch.randn(2, 1, 4, 4)
    process.set_timesteps(1000)
    steps = denoising.denoise(
        lambda x, _: x.sin(),
        process,
        noisy,
        lambda: torch.zeros_like(noisy),
        "ddpm",
        list(range(999, -1, -1)),
    )
    for step, t in zip(steps, process.timesteps, strict=True):
        theirs = process.step(step.noise, t, step.noisy, generator=torch.Generator().manual_seed(0))
        fresh = torch.randn(noisy.shape, generator=torch.Generator().manual_seed(0))
        mean = theirs.prev_sample - (process._get_variance(t) ** 0.5 * fresh if t else 0)
        torch.testing.assert_close(step.after, mean, rtol=1e-3, atol=1e-3)


def test_fresh_noise_has_the_variance_of_the_posterior() -> None:
    process, noisy = DDPMScheduler(1000), torch.zeros(1, 1, 1, 1)

    def first(fresh: float) -> torch.Tensor:
        steps = denoising.denoise(
            lambda x, _: x, process, noisy, lambda: torch.full_like(noisy, fresh), "ddpm", [999, 499]
        )
        return next(steps).after

    late, early = process.alphas_cumprod[999], process.alphas_cumprod[499]
    variance = (1 - early) / (1 - late) * (1 - late / early)
    torch.testing.assert_close((first(1.0) - first(0.0)).squeeze() ** 2, variance, rtol=1e-3, atol=1e-5)


def test_a_network_that_knows_the_noise_finds_the_picture() -> None:
    process, picture, fresh = DDPMScheduler(1000), torch.rand(1, 1, 4, 4) * 2 - 1, torch.randn(1, 1, 4, 4)

    def predict(noisy: torch.Tensor, t: int) -> torch.Tensor:
        signal = process.alphas_cumprod[t]
        return (noisy - signal.sqrt() * picture) / (1 - signal).sqrt()

    for sampler in SAMPLERS:
        *_, last = denoising.denoise(
            predict, process, fresh, lambda: torch.randn(1, 1, 4, 4), sampler, denoising.spaced(1000, 30)
        )
        torch.testing.assert_close(last.after, picture, rtol=0, atol=0.01)


def test_the_first_numbers_of_a_seed_are_its_latent_vector() -> None:
    draw = denoising.random_numbers([40, 2**40], (1, 4, 4), torch.device("cpu"))
    first, second = draw(), draw()
    assert np.array_equal(first.numpy(), latents.noise([40, 2**40], (1, 4, 4)))
    assert not torch.equal(first, second)


def test_the_forward_process_mixes_picture_and_noise(engine: Engine) -> None:
    found = engine.run(CARD.name, NoisedRequest(PICTURE, timesteps=5, seed=3)).value
    assert found.timesteps == (199, 399, 599, 799, 999)
    assert found.given.shape == (28, 28, 3)
    assert found.images.shape == (5, 28, 28, 3)
    process = DDPMScheduler(1000)
    assert found.signals == pytest.approx(process.alphas_cumprod[list(found.timesteps)].tolist())
    grey = found.given[..., 0] / 127.5 - 1
    fresh = latents.noise([3], (1, 32, 32))[0, 0, 2:-2, 2:-2]
    for picture, signal in zip(found.images, found.signals, strict=True):
        expected = ((signal**0.5 * grey + (1 - signal) ** 0.5 * fresh) + 1) * 127.5
        assert picture[..., 0] == pytest.approx(np.clip(expected, 0, 255), abs=1.2)


def test_a_trajectory_ends_in_the_picture_of_the_seed(engine: Engine) -> None:
    *steps, run = engine.stream(CARD.name, TrajectoryRequest(40, 2, "ddpm", 7, 2.0))
    found = run.value  # type: ignore[union-attr]
    assert found.timesteps == tuple(denoising.spaced(1000, 7))
    assert found.noisy.shape == found.clean.shape == found.noise.shape == (7, 28, 28, 3)
    assert len(steps) == 7
    assert np.array_equal(steps[2].preview, np.hstack([found.noisy[2], found.clean[2], found.noise[2]]))  # type: ignore[union-attr]
    whole = drawn(engine, [40], label=2, sampler="ddpm", steps=7, guidance=2.0)
    assert np.array_equal(found.image, whole.images[0])


def test_a_long_trajectory_keeps_a_hundred_timesteps(engine: Engine) -> None:
    found = engine.run(CARD.name, TrajectoryRequest(0, steps=120)).value
    assert len(found.timesteps) == len(found.clean) == diffusion.MAX_TIMESTEPS
    assert found.timesteps[-1] == denoising.spaced(1000, 120)[-1]


def test_variations_go_part_of_the_way(engine: Engine, calls: list[int]) -> None:
    found = {}
    for strength, steps in ((0.0, 1), (0.5, 6), (1.0, 11)):
        calls.clear()
        request = VariationsRequest(PICTURE, range(3), strength, steps=11)
        found[strength] = engine.run(CARD.name, request).value
        assert len(calls) == steps
    assert found[1.0].timestep == 999
    assert found[0.0].images.shape == (3, 28, 28, 3)
    away = {
        strength: np.abs(value.noisy.astype(float) - value.given).mean() for strength, value in found.items()
    }
    assert away[0.0] < away[0.5] < away[1.0]
    assert not np.array_equal(found[0.5].images[0], found[0.5].images[1])


NO_SUCH_CLASS = exactly("unknown_label", known=", ".join(known.name["en"] for known in CARD.classes))


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (GenerateRequest([0], guidance=2.0), exactly("guidance_without_label")),
        (TrajectoryRequest(0, guidance=0.0), exactly("guidance_without_label")),
        (GenerateRequest([0], label=10), NO_SUCH_CLASS),
        (VariationsRequest(PICTURE, [0], label=-1), NO_SUCH_CLASS),
        (LatentsRequest([0]), exactly("no_latent_space")),
        (DecodeRequest(np.zeros((1, 4), np.float32)), exactly("no_latent_space")),
        (EncodeRequest(PICTURE), exactly("no_latent_space")),
    ],
)
def test_what_it_cannot_do_gets_one_sentence(engine: Engine, request_: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        engine.run(CARD.name, request_)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: NoisedRequest(PICTURE, timesteps=0),
        lambda: NoisedRequest(PICTURE, timesteps=1001),
        lambda: NoisedRequest(PICTURE, seed=-1),
        lambda: TrajectoryRequest(2**70),
        lambda: TrajectoryRequest(0, steps=1001),
        lambda: VariationsRequest(PICTURE, []),
        lambda: VariationsRequest(PICTURE, [0], strength=1.1),
        lambda: VariationsRequest(PICTURE, [0], strength=float("nan")),
        lambda: VariationsRequest(PICTURE, [0], sampler="euler"),  # type: ignore[arg-type]
        lambda: VariationsRequest(PICTURE, [0], guidance=21),
    ],
)
def test_what_is_out_of_range_is_refused(ask: Any) -> None:
    with pytest.raises(InputError):
        ask()


@pytest.mark.parametrize(
    "request_", [NoisedRequest(PICTURE), TrajectoryRequest(0), VariationsRequest(PICTURE, [0])]
)
def test_a_network_of_one_step_shows_no_diffusion(request_: Any) -> None:
    predictor = LatentPredictor(PerceptronGenerator(4, (4,)), replace(CARD, options=GenerateOptions("gan")))
    with pytest.raises(InputError, match=exactly("no_diffusion")):
        list(predictor(request_))


def test_the_command_line_samples(engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--label", "bag", "--sampler", "ddpm", "--steps", "2", "--guidance", "2.5"]
    command = ["generate", "--model", CARD.name, "--seed", "40", "--count", "2", *options]
    assert main([*command, "--out", str(tmp_path)]) == 0
    expected = drawn(engine, [40, 41], label=8, sampler="ddpm", steps=2, guidance=2.5).images
    for seed, picture in zip((40, 41), expected, strict=True):
        from segen.imaging.images import read

        assert np.array_equal(read(tmp_path / f"seed-0000{seed}.png"), picture)
    for wrong in (["--guidance", "3"], ["--steps", "0"], ["--label", "11"], ["--guidance", "-1"]):
        assert main(["generate", "--model", CARD.name, "--out", str(tmp_path / "no"), *wrong]) != 0
        assert capsys.readouterr().err.count("\n") >= 1
