"""Requests and results: frozen dataclasses over NumPy arrays.

Everywhere outside `segen.models` an image is an H x W x 3 uint8 array in RGB.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from segen.errors import InputError

Image = NDArray[np.uint8]
"""H x W x 3, RGB, 0 to 255."""
Labels = NDArray[np.uint8]
"""H x W, one class or cluster id for each pixel."""
Progress = Callable[[Sequence[Any]], Iterable[Any]]
"""Gives back the items of long work, and may tell how far it has come."""


V = TypeVar("V")


class Request(Generic[V]):
    """What is asked of a card of one task; V is the type of what comes out."""

    task: ClassVar[str]


SURE = 0.5
"""An instance with this score or more counts as there; less sure ones are kept beside."""


@dataclass(frozen=True)
class Instance:
    """One thing that was found, of class `class_id`, with a confidence of 0 to 1.

    `box` is x, y, width and height in whole pixels of the picture; `mask` is height x width booleans
    in that box, which encloses it.
    """

    class_id: int
    score: float
    box: tuple[int, int, int, int]
    mask: NDArray[np.bool_]


@dataclass(frozen=True)
class Attention:
    """Where each position of a grid over the picture looked.

    The grid has `rows` x `columns` positions, `stride` pixels apart at the size the network worked at.
    `shares` is n x n float32, n being rows times columns: row i is what position i gave to each, in all 1.
    """

    rows: int
    columns: int
    stride: int
    shares: NDArray[np.float32]


@dataclass(frozen=True)
class Segmentation:
    """A label for each pixel of the picture, and how sure the network was.

    `labels` has the picture's size. `probabilities` is C x h x w float32 at the size the network worked
    at, in the order of the card's classes; it sums to 1 over C. What only some cards give: `instances`,
    the surest first, every one of score 0.05 and more; `attention`; `discriminator_score`, h x w float32 in
    0 to 1 over the whole picture, how real a discriminator took each patch of the label map to be.
    """

    labels: Labels
    probabilities: NDArray[np.float32]
    instances: tuple[Instance, ...] | None = None
    attention: Attention | None = None
    discriminator_score: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class SegmentRequest(Request[Segmentation]):
    """Segment one picture: `image` is H x W x 3 uint8 RGB of any size that `imaging.images` lets through."""

    task: ClassVar[str] = "segment"

    image: Image


@dataclass(frozen=True)
class Layer:
    """One layer of a network, as it ran: `shape` is C x h x w of its output; `kind` names its class."""

    name: str
    kind: str
    shape: tuple[int, int, int]
    parameters: int


@dataclass(frozen=True)
class Features:
    """What one layer of a network made of a picture.

    `layers` are all of them in the order they ran. The picture was padded to `input_size`, H x W, for the
    network. `maps` is n x h x w float32, the values of `channels` of `layer`, those of the greatest
    `strengths` (mean absolute value) first, 24 at most.
    """

    layers: tuple[Layer, ...]
    layer: Layer
    input_size: tuple[int, int]
    channels: tuple[int, ...]
    strengths: tuple[float, ...]
    maps: NDArray[np.float32]


@dataclass(frozen=True)
class FeaturesRequest(Request[Features]):
    """Look at the feature maps of a picture at `layer`, by its name in the network; empty for the first.

    The predictor raises InputError for a name of no layer.
    """

    task: ClassVar[str] = "segment"

    image: Image
    layer: str = ""


@dataclass(frozen=True)
class Kernels:
    """The kernels of a network's first convolution, for pixels in [-1, 1].

    `weights` is n x 3 x k x k float32, `biases` is n; batch norm is folded in.
    """

    weights: NDArray[np.float32]
    biases: NDArray[np.float32]


@dataclass(frozen=True)
class KernelsRequest(Request[Kernels]):
    """Ask for the kernels that a network learned for its first layer."""

    task: ClassVar[str] = "segment"


@dataclass(frozen=True)
class Classification:
    """One label for a whole picture: the likeliest five of ImageNet's, in English, the first first.

    `activations` is 5 x h x w float32, the class activation map of each: what every position adds to the
    label's logit, but for a constant.
    """

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    activations: NDArray[np.float32]


@dataclass(frozen=True)
class ClassifyRequest(Request[Classification]):
    """Ask MobileNetV2, on which the card's encoder is built, what it takes the whole picture for.

    The predictor raises WeightsError where its ImageNet weights are not at hand.
    """

    task: ClassVar[str] = "segment"

    image: Image


MAX_CLUSTERS = 255
NOISE = 255
"""The id of pixels in no cluster, and of those in clusters beyond MAX_CLUSTERS."""


@dataclass(frozen=True)
class Clustering:
    """A cluster for each pixel, and how well the clusters are told apart.

    `labels` are 0 to 254 by falling size, 255 being noise and what exceeds 255 clusters. The silhouette
    coefficient, -1 to 1, is the mean over a sample of `sample_pixels` pixels that are no noise, and
    `cluster_silhouettes` its parts by cluster; None where fewer than two clusters make it undefined.
    `clusters` were found before any was cut off. `sample_colors` (n x 3, in the request's colour space)
    and `sample_labels` (n) show that sample as points. `curve` holds (k, inertia, silhouette).
    """

    labels: Labels
    clusters: int
    silhouette: float | None
    cluster_silhouettes: tuple[float, ...]
    sample_pixels: int
    sample_colors: NDArray[np.float32]
    sample_labels: Labels
    curve: tuple[tuple[int, float, float], ...] = ()


Space = Literal["lab", "rgb"]
SPACES: tuple[Space, ...] = get_args(Space)
MAX_WEIGHT = 100.0


@dataclass(frozen=True)
class ClusterRequest(Request[Clustering]):
    """Group the pixels of one picture by colour, place and texture, without labels.

    Features: RGB over 255 or CIE Lab over 100; row and column over the longer side, times `position`;
    the local contrast of lightness, times `texture`. `k` is for K-means; `eps`, in units of those
    features, and `min_samples`, in superpixels, are for DBSCAN. With `curve_to` above 1, inertia and
    silhouette are measured, too, for each number of clusters from 2 to `curve_to`.

    Raises InputError unless `k` is 1 to 255, the weights are 0 to 100, `eps` > 0 and `min_samples` >= 1.
    """

    task: ClassVar[str] = "cluster"

    image: Image
    k: int = 5
    space: Space = "lab"
    position: float = 0.0
    texture: float = 0.0
    eps: float = 0.03
    min_samples: int = 5
    curve_to: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.k <= MAX_CLUSTERS:
            raise InputError("k_out_of_range", most=MAX_CLUSTERS)
        if self.space not in SPACES:
            raise InputError("unknown_space", known=", ".join(SPACES))
        if not (0 <= self.position <= MAX_WEIGHT and 0 <= self.texture <= MAX_WEIGHT):
            raise InputError("weight_out_of_range", most=f"{MAX_WEIGHT:.0f}")
        if not 0 < self.eps < math.inf or self.min_samples < 1:
            raise InputError("dbscan_out_of_range")


Pictures = NDArray[np.uint8]
"""N x H x W x 3, RGB, 0 to 255."""
Sampler = Literal["ddim", "ddpm"]
SAMPLERS: tuple[Sampler, ...] = get_args(Sampler)
MAX_SEED = 2**63 - 1
MAX_PICTURES = 100_000
MAX_SAMPLING_STEPS = 1_000
MAX_GUIDANCE = 20.0


def seed_range(seed: int, count: int, most: int = MAX_PICTURES) -> range:
    """The seeds from `seed` on, `count` of them. Raises InputError for a count that is not 1 to `most`.

    InputError, too, where a seed is below 0 or above 2^63 - 1.
    """
    if not 1 <= count <= most:
        raise InputError("count_out_of_range", most=f"{most:,}")
    if not 0 <= seed <= MAX_SEED + 1 - count:
        raise InputError("seed_out_of_range")
    return range(seed, seed + count)


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
        _check_sampling(self.sampler, self.steps, self.guidance)


def _check_sampling(sampler: str, steps: int, guidance: float) -> None:
    if sampler not in SAMPLERS:
        raise InputError("unknown_sampler", known=", ".join(SAMPLERS))
    if not 1 <= steps <= MAX_SAMPLING_STEPS:
        raise InputError("steps_out_of_range", most=f"{MAX_SAMPLING_STEPS:,}")
    if not 0 <= guidance <= MAX_GUIDANCE:
        raise InputError("guidance_out_of_range", most=f"{MAX_GUIDANCE:.0f}")


def check_seeds(seeds: Sequence[int]) -> None:
    """Raise InputError unless there are 1 to 100,000 seeds, all of them 0 to 2^63 - 1."""
    if not 1 <= len(seeds) <= MAX_PICTURES:
        raise InputError("count_out_of_range", most=f"{MAX_PICTURES:,}")
    if not 0 <= min(seeds) <= max(seeds) <= MAX_SEED:
        raise InputError("seed_out_of_range")


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
    """What came of mixing R contents with C styles: their own pictures, R and C, and the R x C mixed ones.

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

    `mean` and `log_variance` are d float32; `given`, H x W x 3, is the picture as the network saw it.
    """

    mean: NDArray[np.float32]
    log_variance: NDArray[np.float32]
    given: Image
    reconstruction: Image


@dataclass(frozen=True)
class ElboTerms:
    """The two parts of the evidence lower bound of each of N pictures, N float32 each, in nats.

    `log_likelihoods` are log p(x | z) of one z of q(z | x), a density of pixels in [-1, 1]; `divergences` are
    those of q(z | x) from p(z). The bound is the first less the second.
    """

    log_likelihoods: NDArray[np.float32]
    divergences: NDArray[np.float32]


@dataclass(frozen=True)
class ElboTermsRequest(Request[ElboTerms]):
    """Ask a VAE how likely pictures of its size are; the predictor raises InputError for any other card."""

    task: ClassVar[str] = "generate"

    images: Pictures


@dataclass(frozen=True)
class EncodeRequest(Request[Encoding]):
    """Encode a picture of any size; the predictor raises InputError where the card has no encoder."""

    task: ClassVar[str] = "generate"

    image: Image


@dataclass(frozen=True)
class Noised:
    """Moments of the forward process of diffusion, from `given`, the picture as the network sees it.

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
    """Mix a picture of any size with the noise of `seed`, at `moments` of the process, 1 to 1,000, evenly.

    The first is the picture with the least noise, the last with the most. Raises InputError for what is out
    of range; the predictor raises it for a card that is no diffusion model.
    """

    task: ClassVar[str] = "generate"

    image: Image
    moments: int = 21
    seed: int = 0

    def __post_init__(self) -> None:
        check_seeds((self.seed,))
        _check_sampling("ddim", self.moments, 1.0)


@dataclass(frozen=True)
class Trajectory:
    """The reverse process of diffusion for one seed: n moments, from the noisiest to the last, 100 at most.

    Of each the pictures, n x H x W x 3: `noisy`, x_t, clipped to what a screen shows; `clean`, what the
    network then takes the picture for; and `noise`, what it takes the noise for, -3 being black and 3 white.
    `image` is what comes out.
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
        _check_sampling(self.sampler, self.steps, self.guidance)


@dataclass(frozen=True)
class Variations:
    """A picture as the network sees it, `noisy` at `timestep`, and what became of it for each seed."""

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
        _check_sampling(self.sampler, self.steps, self.guidance)
        if not 0 <= self.strength <= 1:
            raise InputError("strength_out_of_range")


Direction = Literal["forward", "backward"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
MAX_BLUR = 20.0
MAX_LEVELS = 256


def _check_direction(direction: str) -> None:
    if direction not in DIRECTIONS:
        raise InputError("unknown_direction", known=", ".join(DIRECTIONS))


@dataclass(frozen=True)
class Translation:
    """A picture of the other domain, H x W x 3, as large as the one given; if `grey`, its channels are one.

    `unknown_pixels` are the pixels of a label map whose colour is of no class: they took that of the nearest.
    """

    image: Image
    grey: bool = False
    unknown_pixels: int = 0


@dataclass(frozen=True)
class TranslateRequest(Request[Translation]):
    """Translate one picture of any size in a direction that the card has.

    `strength`, 0 to 1, mixes the picture (0) with its translation (1), pixel by pixel. `seed`, 0 to 2^63 - 1,
    is for networks that draw several pictures for one; of it, the last 32 bits count. Raises InputError for
    what is out of range; the predictor raises it for a direction that the card lacks.
    """

    task: ClassVar[str] = "translate"

    image: Image
    direction: Direction = "forward"
    strength: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        _check_direction(self.direction)
        if not 0 <= self.strength <= 1:
            raise InputError("strength_out_of_range")
        check_seeds((self.seed,))


@dataclass(frozen=True)
class Cycle:
    """A picture, its translation, and that translated back; all h x w x 3, as large as the networks saw it.

    `given` is A as the network saw it, `there` is B', `passed` what was handed to the way back, `back` A'',
    and `identity` what the way back makes of A itself, which it should leave alone. `error` is h x w float32,
    how far A'' is from A, averaged over channels, 0 to 1, and `mean_error` its mean.
    `discriminator_score_given` and `discriminator_score_translated` are h x w float32, 0 for drawn to 1 for
    real: how real the discriminator of either domain takes each patch of A, and of B', to be.
    """

    given: Image
    there: Image
    passed: Image
    back: Image
    identity: Image
    error: NDArray[np.float32]
    mean_error: float
    discriminator_score_given: NDArray[np.float32]
    discriminator_score_translated: NDArray[np.float32]


@dataclass(frozen=True)
class CycleRequest(Request[Cycle]):
    """Translate a picture there and back, and judge what came out.

    A cycle can hide the picture in its translation, too faintly to see (Chu et al. 2017), which shows when
    the translation is degraded on the way: rounded to `levels` values a channel (2 to 256, which is what
    8 bits hold; None leaves it as the network drew it), and blurred by a Gaussian of standard deviation
    `blur` pixels, 0 to 20. Raises InputError for what is out of range; the predictor raises it for a
    direction that the card lacks, and for a card that has no way back.
    """

    task: ClassVar[str] = "translate"

    image: Image
    direction: Direction = "forward"
    levels: int | None = None
    blur: float = 0.0

    def __post_init__(self) -> None:
        _check_direction(self.direction)
        if self.levels is not None and not 2 <= self.levels <= MAX_LEVELS:
            raise InputError("levels_out_of_range", most=MAX_LEVELS)
        if not 0 <= self.blur <= MAX_BLUR:
            raise InputError("blur_out_of_range", most=f"{MAX_BLUR:.0f}")


@dataclass(frozen=True)
class Step:
    """Progress: `done` of `total` steps, and a picture of what there is so far, if there is one."""

    done: int
    total: int
    preview: Image | None = None


@dataclass(frozen=True)
class Run(Generic[V]):
    """What came out, and what it took: `seconds` on the device, `queued_seconds` waiting for it."""

    value: V
    model: str
    device: str
    seconds: float
    queued_seconds: float
