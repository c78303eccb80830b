"""The two processes of diffusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from segen.errors import InputError
from segen.types.generate import Sampler, check_sampling
from segen.types.request import Image, Pictures, Request
from segen.types.seeds import check_seeds


@dataclass(frozen=True)
class Noised:
    """Steps of the forward process of diffusion, from `given`, the picture as the network sees it.

    Picture n of `images`, N x H x W x 3, is x_t at `timesteps[n]`: the square root of alpha-bar times the
    picture, plus that of 1 - alpha-bar times noise, clipped to what a screen shows. `signals`, N, are
    alpha-bar.
    """

    given: Image
    images: Pictures
    timesteps: tuple[int, ...]
    signals: tuple[float, ...]


@dataclass(frozen=True)
class NoisedRequest(Request[Noised]):
    """Mix a picture of any size with the noise of `seed`, at `timesteps` of the process, 1 to 1,000, evenly.

    The first is the picture with the least noise, the last with the most. Raises InputError for what is out
    of range; the predictor raises it for a card that is no diffusion model.
    """

    task: ClassVar[str] = "generate"

    image: Image
    timesteps: int = 21
    seed: int = 0

    def __post_init__(self) -> None:
        check_seeds((self.seed,))
        check_sampling("ddim", self.timesteps, 1.0)


@dataclass(frozen=True)
class Trajectory:
    """The reverse process of diffusion for one seed: n timesteps, from the noisiest to the last, 100 at most.

    Of each the pictures, n x H x W x 3: `noisy`, x_t, clipped to what a screen shows; `clean`, the network's
    estimate of the clean picture; and `noise`, its estimate of the noise, -3 being black and 3 white.
    `image` is the result.
    """

    timesteps: tuple[int, ...]
    noisy: Pictures
    clean: Pictures
    noise: Pictures
    image: Image


@dataclass(frozen=True)
class TrajectoryRequest(Request[Trajectory]):
    """Look at every step by which diffusion draws the picture of a seed; the options are GenerateRequest's.

    The preview of each Step is H x 3W: noisy picture, predicted clean one, predicted noise.
    """

    task: ClassVar[str] = "generate"

    seed: int
    label: int | None = None
    sampler: Sampler = "ddim"
    steps: int = 50
    guidance: float = 1.0

    def __post_init__(self) -> None:
        check_seeds((self.seed,))
        check_sampling(self.sampler, self.steps, self.guidance)


@dataclass(frozen=True)
class Variations:
    """A picture as the network sees it, `noisy` at `timestep`, and its denoised version for each seed."""

    given: Image
    noisy: Image
    timestep: int
    images: Pictures


@dataclass(frozen=True)
class VariationsRequest(Request[Variations]):
    """Noise a picture of any size part of the way, and denoise it, once for each of `seeds` (SDEdit).

    Meng et al. 2022. `strength`, 0 to 1, is the part of the way: 0 changes next to nothing, 1 leaves next to
    nothing of the picture. Of `steps`, those are taken that lie on it; the other options are
    GenerateRequest's. Raises InputError for what is out of range; the predictor raises it for a card that is
    no diffusion model.
    """

    task: ClassVar[str] = "generate"

    image: Image
    seeds: Sequence[int]
    strength: float = 0.5
    label: int | None = None
    sampler: Sampler = "ddim"
    steps: int = 50
    guidance: float = 1.0

    def __post_init__(self) -> None:
        check_seeds(self.seeds)
        check_sampling(self.sampler, self.steps, self.guidance)
        if not 0 <= self.strength <= 1:
            raise InputError("strength_out_of_range")
