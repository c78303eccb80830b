"""Segmentation, and what a network that segments sees inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from segen.types.request import Image, Labels, Request

Format = Literal["geojson", "coco", "yolo", "csv", "objects", "masks", "cutouts"]
"""What a segmentation can be taken home as, beside its own files; see `segen.imaging.formats`."""
FORMATS: tuple[Format, ...] = get_args(Format)
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
    """The attention of each position of a grid over the picture to all others.

    The grid has `rows` x `columns` positions, `stride` pixels apart at the size the network worked at.
    `shares` is n x n float32, n being rows times columns: row i is the attention of position i to
    each, and sums to 1.
    """

    rows: int
    columns: int
    stride: int
    shares: NDArray[np.float32]


@dataclass(frozen=True)
class Segmentation:
    """A label for each pixel of the picture, and the network's class probabilities.

    `labels` has the picture's size. `probabilities` is C x h x w float32 at the size the network worked
    at, in the order of the card's classes; it sums to 1 over C. What only some cards give: `instances`,
    the surest first, every one of score 0.05 and more; `attention`; `discriminator_score`, h x w float32 in
    0 to 1 over the whole picture, how real a discriminator took each patch of the label map to be.
    `int8` says that it was made by a copy of the network in whole numbers of 8 bits.
    """

    labels: Labels
    probabilities: NDArray[np.float32]
    instances: tuple[Instance, ...] | None = None
    attention: Attention | None = None
    discriminator_score: NDArray[np.float32] | None = None
    int8: bool = False


@dataclass(frozen=True)
class SegmentRequest(Request[Segmentation]):
    """Segment one picture: `image` is H x W x 3 uint8 RGB of any size that `imaging.images` lets through.

    A card may average what it finds in the picture at several scales, and mirrored (test-time augmentation);
    with `once`, it sees the picture once, as it is.
    """

    task: ClassVar[str] = "segment"

    image: Image
    once: bool = False


@dataclass(frozen=True)
class Layer:
    """One layer of a network, as it ran: `shape` is C x h x w of its output; `kind` names its class.

    `part` is the part of the network that it belongs to: "encoder", "context", "decoder" or "head".
    """

    name: str
    kind: str
    shape: tuple[int, int, int]
    parameters: int
    part: str


@dataclass(frozen=True)
class Features:
    """The feature maps of one layer of a network for a picture.

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
class PooledFeatures:
    """The last feature maps of a network's encoder, each averaged over the picture: C float32 `values`."""

    values: NDArray[np.float32]


@dataclass(frozen=True)
class PooledFeaturesRequest(Request[PooledFeatures]):
    """Describe a whole picture by the encoder of a network of segmentation_models_pytorch."""

    task: ClassVar[str] = "segment"

    image: Image


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
    """Ask MobileNetV2, on which the card's encoder is built, to classify the whole picture.

    The predictor raises WeightsError where its ImageNet weights are not at hand.
    """

    task: ClassVar[str] = "segment"

    image: Image
