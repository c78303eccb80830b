"""Generation from seeds, and latent space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from segen.errors import InputError
from segen.types.request import Image, Pictures, Request
from segen.types.seeds import MAX_PICTURES, check_seeds

Sampler = Literal["ddim", "ddpm", "dpm-solver"]
SAMPLERS: tuple[Sampler, ...] = get_args(Sampler)
SAMPLER_TITLES: dict[str, str] = {"ddim": "DDIM", "ddpm": "DDPM", "dpm-solver": "DPM-Solver++"}
"""As papers call them, in any language."""
MAX_SAMPLING_STEPS = 1_000
MAX_GUIDANCE = 20.0
MAX_TRAINING_STEPS = 5_000


@dataclass(frozen=True)
class Generation:
    """One picture for each seed, N x H x W x 3; where they are `grey`, the three channels are one.

    `labels` are the classes that were asked for or drawn, None where the card knows none.
    """

    images: Pictures
    labels: tuple[int, ...] | None
    seeds: tuple[int, ...]
    grey: bool = False


@dataclass(frozen=True)
class GenerateRequest(Request[Generation]):
    """One picture for each of `seeds`, whole numbers of 0 to 2^63 - 1, up to 100,000: one seed, one picture.

    `label` is a class id of a conditional card; None lets a conditional GAN draw the class from the seed, and
    diffusion do without. `sampler`, `steps` (1 to 1,000) and `guidance` (0 to 20, the scale of classifier-
    free guidance, 1 being none) are for diffusion. Raises InputError for what is out of range; the predictor
    raises it for a label that the card lacks.
    """

    task: ClassVar[str] = "generate"

    seeds: Sequence[int]
    label: int | None = None
    sampler: Sampler = "ddim"
    steps: int = 50
    guidance: float = 1.0

    def __post_init__(self) -> None:
        check_seeds(self.seeds)
        check_sampling(self.sampler, self.steps, self.guidance)


def check_sampling(sampler: str, steps: int, guidance: float) -> None:
    """Raise InputError for an unknown sampler, steps not 1 to 1,000, guidance not 0 to 20."""
    if sampler not in SAMPLERS:
        raise InputError("unknown_sampler", known=", ".join(SAMPLERS))
    if not 1 <= steps <= MAX_SAMPLING_STEPS:
        raise InputError("steps_out_of_range", most=f"{MAX_SAMPLING_STEPS:,}")
    if not 0 <= guidance <= MAX_GUIDANCE:
        raise InputError("guidance_out_of_range", most=f"{MAX_GUIDANCE:.0f}")


@dataclass(frozen=True)
class LatentsRequest(Request[NDArray[np.float32]]):
    """Ask for the latent vectors of seeds, N x d float32; raises InputError as GenerateRequest does."""

    task: ClassVar[str] = "generate"

    seeds: Sequence[int]

    def __post_init__(self) -> None:
        check_seeds(self.seeds)


@dataclass(frozen=True)
class DecodeRequest(Request[Pictures]):
    """The pictures of latent vectors, N x d float32: 1 to 100,000 finite ones of the card's size d.

    `labels` are the classes of a conditional card, one for each picture. Raises InputError.
    """

    task: ClassVar[str] = "generate"

    latents: NDArray[np.float32]
    labels: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.latents.ndim != 2 or not np.isfinite(self.latents).all():
            raise InputError("latents_unusable")
        if not 1 <= len(self.latents) <= MAX_PICTURES:
            raise InputError("count_out_of_range", most=f"{MAX_PICTURES:,}")
        if self.labels is not None and len(self.labels) != len(self.latents):
            raise InputError("labels_missing")


@dataclass(frozen=True)
class Mixture:
    """The result of mixing R contents with C styles: their own pictures, R and C, and the R x C mixed ones.

    `mixed` holds R * C pictures row by row: the first C have the first content.
    """

    contents: Pictures
    styles: Pictures
    mixed: Pictures


@dataclass(frozen=True)
class MixRequest(Request[Mixture]):
    """Draw each of the seeds `contents` in the style of each of the seeds `styles`, from `stage` on.

    Stage 1 is the feature map of the least side. `label` is as in GenerateRequest. Raises InputError for
    seeds that GenerateRequest refuses, and for more than 100,000 mixed pictures; the predictor raises it for
    a stage that the generator lacks, and where it has none.
    """

    task: ClassVar[str] = "generate"

    contents: Sequence[int]
    styles: Sequence[int]
    stage: int = 1
    label: int | None = None

    def __post_init__(self) -> None:
        check_seeds(self.contents)
        check_seeds(self.styles)
        if len(self.contents) * len(self.styles) > MAX_PICTURES:
            raise InputError("count_out_of_range", most=f"{MAX_PICTURES:,}")


@dataclass(frozen=True)
class Directions:
    """Directions of latent space, k x d float32 of length 1, that move a network's first layer most.

    `strengths`, k, tells how far a step of 1 moves its output (the singular values of its weights).
    """

    directions: NDArray[np.float32]
    strengths: NDArray[np.float32]


@dataclass(frozen=True)
class DirectionsRequest(Request[Directions]):
    """Ask for the `count` principal directions of latent space, the strongest first (SeFa)."""

    task: ClassVar[str] = "generate"

    count: int = 8

    def __post_init__(self) -> None:
        if self.count < 1:
            raise InputError("directions_out_of_range")


@dataclass(frozen=True)
class Encoding:
    """A picture's place in latent space: a normal distribution, and the picture of its mean.

    `mean` and `log_variance` are d float32, and so is `noise`, of which the learned prior makes the mean: a
    DecodeRequest takes it. `given`, H x W x 3, is the picture as the network saw it.
    """

    noise: NDArray[np.float32]
    mean: NDArray[np.float32]
    log_variance: NDArray[np.float32]
    given: Image
    reconstruction: Image


@dataclass(frozen=True)
class ElboTerms:
    """The two parts of the evidence lower bound of each of N pictures, N float32 each, in nats.

    `log_likelihoods` are log p(x | z) of one z of q(z | x), a density of pixels in [-1, 1]; `divergences` are
    those of q(z | x) from the standard normal p(z), and `learned_divergences` from the learned prior, by the
    same z. The bound is the first less either. `reconstructions`, N x H x W x 3, are the pictures of z.
    """

    log_likelihoods: NDArray[np.float32]
    divergences: NDArray[np.float32]
    learned_divergences: NDArray[np.float32]
    reconstructions: Pictures


@dataclass(frozen=True)
class ElboTermsRequest(Request[ElboTerms]):
    """Ask a VAE how likely pictures of its size are; the predictor raises InputError for any other card."""

    task: ClassVar[str] = "generate"

    images: Pictures


@dataclass(frozen=True)
class Priors:
    """What N seeds stand for in a VAE by the learned prior, and by the standard normal one of its training.

    `normal` are the seeds' standard normal numbers and `learned` the latent vectors that the flow makes of
    them, N x d float32. `normal_odds` and `learned_odds`, N float32, are by how many nats log p(z) of either
    is greater by the learned prior than by the other. `normal_images`, N x H x W x 3, are the pictures of
    `normal` as latent vectors.
    """

    normal: NDArray[np.float32]
    learned: NDArray[np.float32]
    normal_odds: NDArray[np.float32]
    learned_odds: NDArray[np.float32]
    normal_images: Pictures


@dataclass(frozen=True)
class PriorsRequest(Request[Priors]):
    """Compare a VAE's two priors by so many seeds, 0 to 2^63 - 1, 1 to 100,000 of them. Raises InputError.

    The predictor raises it for any other card.
    """

    task: ClassVar[str] = "generate"

    seeds: Sequence[int]

    def __post_init__(self) -> None:
        check_seeds(self.seeds)


@dataclass(frozen=True)
class JudgeRequest(Request[NDArray[np.float32]]):
    """Ask a GAN's discriminator how real pictures of the card's size look, N float32.

    These are probabilities to be real, or a critic's scores, of which only differences mean something. The
    predictor raises InputError for pictures of another size, and where no discriminator can be asked.
    """

    task: ClassVar[str] = "generate"

    images: Pictures


@dataclass(frozen=True)
class EncodeRequest(Request[Encoding]):
    """Encode a picture of any size; the predictor raises InputError where the card has no encoder."""

    task: ClassVar[str] = "generate"

    image: Image


@dataclass(frozen=True)
class LiveTraining:
    """A finished training: `looks`, K x H x W x 3 grids of pictures after `steps` of it, and its `losses`.

    The pictures of all looks are of the same latent vectors. `losses` holds one number a step by name.
    """

    steps: tuple[int, ...]
    looks: Pictures
    losses: dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class LiveTrainingRequest(Request[LiveTraining]):
    """Train a small network of the card's family anew, on garments that the code draws, and look at it often.

    Each Step has a grid of its pictures as the preview. Raises InputError for a seed not 0 to 2^63 - 1 and
    for steps not 1 to 5,000; the predictor raises it where no such training is known.
    """

    task: ClassVar[str] = "generate"

    seed: int
    steps: int

    def __post_init__(self) -> None:
        check_seeds([self.seed])
        if not 1 <= self.steps <= MAX_TRAINING_STEPS:
            raise InputError("training_steps_out_of_range", most=f"{MAX_TRAINING_STEPS:,}")
