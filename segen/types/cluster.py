"""Clustering: pixels grouped without labels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from segen.errors import InputError
from segen.types.request import Image, Labels, Request

MAX_CLUSTERS = 255
NOISE = 255
"""The id of pixels in no cluster, and of those in clusters beyond MAX_CLUSTERS."""


@dataclass(frozen=True)
class Clustering:
    """A cluster for each pixel, and how well the clusters are separated.

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
