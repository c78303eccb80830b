"""Diffusion: a network that predicts the noise in a picture, and its requests; `denoising` samples."""

from __future__ import annotations

import json
import math
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DDPMScheduler, UNet2DModel
from torch import nn

from segen.errors import InputError, WeightsError
from segen.imaging import images
from segen.models import hub, latents, weights
from segen.models.generation.denoising import (
    DenoisingStep,
    classes_asked,
    denoise,
    mixed,
    random_numbers,
    spaced,
    spaced_by_signal,
)
from segen.models.generation.predictor import pictures_of, pixels_of, power_of_two_threads
from segen.models.generation.shared import Question, SharedCalls
from segen.registry import ModelCard, check_labels
from segen.types import (
    GenerateRequest,
    Generation,
    Image,
    Noised,
    NoisedRequest,
    Pictures,
    Request,
    Step,
    Trajectory,
    TrajectoryRequest,
    Variations,
    VariationsRequest,
)

BATCH = 16
"""Pictures in every call of the network: fewer than a grid has, so that one picture costs less."""
BATCH_PIXELS = BATCH * 32 * 32
"""Networks of larger pictures get fewer in a call, with no more pixels in all, one at the least."""
PREVIEWS, PREVIEWED = 50, 64
"""So many times, evenly over the steps, what there is so far is shown, of so many pictures at most."""
MAX_TIMESTEPS = 100
"""So many timesteps of a trajectory are kept."""
NOISE_SPAN = 3.0
"""Noise is shown from minus to plus this."""
Sampling = GenerateRequest | TrajectoryRequest | VariationsRequest


class DiffusionPredictor:
    """Draws pictures by the reverse process, and shows both processes at work.

    The network takes `batch` pictures in each call, so that a picture's bytes do not depend on how many are
    asked for; places that a request leaves free serve the next calls of others (`shared`).
    """

    def __init__(self, network: UNet2DModel, process: DDPMScheduler, card: ModelCard) -> None:
        steady(network)
        self.network, self.process, self.card = network, process, card
        self.shape = (network.config.in_channels, *(network.config.sample_size,) * 2)
        self.grey = network.config.in_channels == 1
        self.batch = min(BATCH, max(1, BATCH_PIXELS // network.config.sample_size**2))
        self._calls = SharedCalls(self.batch)

    @power_of_two_threads
    def __call__(self, request: Request[Any]) -> Iterator[Step | Any]:
        """A step for each sampling step of each batch, then what the request asks for.

        Raises InputError for a class that the card lacks, for guidance without a class, and for what only a
        network with a latent space or an encoder can do.
        """
        match request:
            case GenerateRequest(seeds=seeds):
                made = yield from self._pictures(seeds, request)
                labels = None if request.label is None else (request.label,) * len(seeds)
                yield Generation(made, labels, tuple(seeds), self.grey)
            case NoisedRequest():
                yield self._noised(request)
            case TrajectoryRequest():
                yield from self._trajectory(request)
            case VariationsRequest(seeds=seeds):
                given, timesteps = self._read(request.image), self._known or self._evenly(request.steps)
                timesteps = timesteps[round((1 - request.strength) * (len(timesteps) - 1)) :]
                noisy = self._mixed(given, self._noise(seeds[0]), timesteps[0])
                made = yield from self._pictures(seeds, request, given, timesteps)
                yield Variations(self._shown(given)[0], self._shown(noisy)[0], timesteps[0], made)
            case _:
                raise InputError("no_latent_space")

    def _pictures(
        self,
        seeds: Sequence[int],
        request: Sampling,
        given: torch.Tensor | None = None,
        timesteps: list[int] | None = None,
    ) -> Generator[Step, None, Pictures]:
        """The pictures of seeds, batch by batch: from noise, or from `given` mixed with it.

        Now and then, and at the end of a batch, a step shows them in a square: those that are done, what the
        network takes those of the batch for, and black for the others.
        """
        timesteps = timesteps or self._timesteps(request)
        total = -(-len(seeds) // self.batch) * len(timesteps)
        made: Pictures = np.zeros((len(seeds), *self.card.input_size, 3), dtype=np.uint8)
        done = 0
        for first in range(0, len(seeds), self.batch):
            part = seeds[first : first + self.batch]
            page = slice(first - first % PREVIEWED, first - first % PREVIEWED + PREVIEWED)
            for step in self._denoised(part, request, given, timesteps):
                done += 1
                preview, ends = None, step.timestep == timesteps[-1]
                if ends or done * PREVIEWS // total > (done - 1) * PREVIEWS // total:
                    made[first : first + self.batch] = self._shown(step.clean[: len(part)])
                    preview = images.grid(made[page], math.isqrt(min(len(seeds), PREVIEWED) - 1) + 1)
                yield Step(done, total, preview)
        return made

    def _denoised(
        self,
        seeds: Sequence[int],
        request: Sampling,
        given: torch.Tensor | None,
        timesteps: list[int],
    ) -> Iterator[DenoisingStep]:
        """The reverse process for a batch, whose first pictures are those of up to `batch` seeds."""
        count, labels = len(seeds), None
        if request.label is not None:
            check_labels(self.card, (request.label,))
            labels = torch.full((count,), request.label, device=self._device)
        elif request.guidance != 1:
            raise InputError("guidance_without_label")
        draw = random_numbers([*seeds, *list(seeds[:1]) * (self.batch - count)], self.shape, self._device)
        noisy = draw()
        if given is not None:
            noisy = self._mixed(given, noisy, timesteps[0])
        noted: list[Question] = []

        def note(noisy: torch.Tensor, timestep: int) -> None:
            """Tell before the turn ends what the next one asks of the network."""
            rows, times = noisy[:count], torch.full((count,), timestep, device=self._device)
            asked = classes_asked(self.network, labels, request.guidance, rows)
            noted[:] = [self._calls.note(rows, times, classes) for classes in asked]

        def predict(noisy: torch.Tensor, timestep: int | torch.Tensor) -> torch.Tensor:
            # Of both, the first `count` rows are what was noted.
            noise = mixed([self._calls.answer(each, self._noise_in) for each in noted], request.guidance)
            return torch.cat([noise, noise[:1].expand(self.batch - count, -1, -1, -1)])

        note(noisy, timesteps[0])
        sampler = "ddim" if self._known else request.sampler
        steps = denoise(predict, self.process, noisy, draw, sampler, timesteps)
        for step, following in zip(steps, [*timesteps[1:], None], strict=True):
            if following is not None:
                note(step.after, following)
            yield step

    def _noise_in(
        self, noisy: torch.Tensor, timesteps: torch.Tensor, classes: torch.Tensor | None
    ) -> torch.Tensor:
        found: torch.Tensor = self.network(noisy, timesteps, classes, return_dict=False)[0]
        return found

    def _noised(self, request: NoisedRequest) -> Noised:
        """The forward process on a picture, with one noise for all timesteps."""
        given, fresh = self._read(request.image), self._noise(request.seed)
        timesteps = self._evenly(request.timesteps)[::-1]
        noisy = torch.cat([self._mixed(given, fresh, timestep) for timestep in timesteps])
        signals = self.process.alphas_cumprod[timesteps].tolist()
        return Noised(self._shown(given)[0], self._shown(noisy), tuple(timesteps), tuple(signals))

    def _trajectory(self, request: TrajectoryRequest) -> Iterator[Step | Trajectory]:
        """The reverse process of one seed, moment by step."""
        kept: list[tuple[int, Pictures]] = []
        timesteps = self._timesteps(request)
        count = len(timesteps)
        for index, step in enumerate(self._denoised([request.seed], request, None, timesteps)):
            parts = torch.cat([step.noisy[:1], step.clean[:1], step.noise[:1] / NOISE_SPAN])
            shown = self._shown(parts)
            # Evenly, the last one among them.
            if (
                index + 1
            ) * MAX_TIMESTEPS // count > index * MAX_TIMESTEPS // count or count <= MAX_TIMESTEPS:
                kept.append((step.timestep, shown))
            yield Step(index + 1, count, np.concatenate(list(shown), axis=1))
        noisy, clean, noise = np.stack([shown for _, shown in kept], axis=1)
        yield Trajectory(tuple(timestep for timestep, _ in kept), noisy, clean, noise, clean[-1])

    @property
    def _device(self) -> torch.device:
        device: torch.device = next(self.network.parameters()).device
        return device

    @property
    def _known(self) -> list[int]:
        """The timesteps of a distilled network; empty for one that knows all."""
        return list(self.card.options.timesteps)

    def _timesteps(self, request: Sampling) -> list[int]:
        """Those that a distilled network knows, or those of the request's sampler, as `_evenly`."""
        if self._known:
            return self._known
        timesteps = self._evenly(request.steps)
        by_signal = request.sampler == "dpm-solver"
        return spaced_by_signal(self.process, request.steps) if by_signal else timesteps

    def _evenly(self, steps: int) -> list[int]:
        """Raises InputError for more steps than the process has timesteps."""
        count = len(self.process.alphas_cumprod)
        if steps > count:
            raise InputError("steps_out_of_range", most=f"{count:,}")
        return spaced(count, steps)

    def _noise(self, seed: int) -> torch.Tensor:
        return torch.from_numpy(latents.noise([seed], self.shape)).to(self._device)

    def _read(self, image: Image) -> torch.Tensor:
        """A picture of any size as the network sees it, 1 x C x H x W."""
        small = images.resize(image, *self.card.input_size)
        return pixels_of(small[None], self.shape[1], self.grey).to(self._device)

    def _mixed(self, given: torch.Tensor, noise: torch.Tensor, timestep: int) -> torch.Tensor:
        """x_t of a picture (Ho et al., equation 4)."""
        mixed: torch.Tensor = self.process.add_noise(given, noise, torch.tensor([timestep]))
        return mixed

    def _shown(self, pixels: torch.Tensor) -> Pictures:
        return pictures_of(pixels, *self.card.input_size)


def load(card: ModelCard) -> DiffusionPredictor:
    """The predictor of a card whose folder DDPMPipeline saved."""
    return DiffusionPredictor(*read(weights.checked(card)), card)


def steady(network: nn.Module) -> None:
    """Lay out what group norms see channel by channel: the other way, PyTorch adds in an order of threads."""
    for module in network.modules():
        if isinstance(module, nn.GroupNorm):
            module.register_forward_pre_hook(lambda _, given: (given[0].contiguous(), *given[1:]))


def load_pipeline(card: ModelCard) -> DiffusionPredictor:
    """The predictor of a folder that `hub` accepted. Raises WeightsError where its network is none.

    The network is laid out without memory at first, so that it takes what the weights do and no more.
    """
    folder = Path(card.options.folder)
    try:
        with torch.device("meta"):
            network = UNet2DModel.from_config(_json(folder / hub.UNET))
        network.load_state_dict(weights.read_tensors(folder / hub.WEIGHTS), assign=True)
        process = DDPMScheduler.from_config(_json(folder / hub.SCHEDULER))
    except Exception:  # a configuration fails in many ways, all of them the same to the reader
        raise WeightsError("pipeline_unusable", folder=folder.name) from None
    return DiffusionPredictor(network.float(), process, card)


def read(folder: Path) -> tuple[UNet2DModel, DDPMScheduler]:
    """The network, as float32, and the forward process of a folder that DDPMPipeline saved."""
    network = UNet2DModel.from_config(_json(folder / hub.UNET))
    network.load_state_dict(weights.read_tensors(folder / hub.WEIGHTS))
    return network, DDPMScheduler.from_config(_json(folder / hub.SCHEDULER))


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
