"""Segmentation without labels: K-means over pixels and DBSCAN over superpixels, by scikit-learn.

Sources: Lloyd 1982 and Arthur and Vassilvitskii 2007 (k-means++); Ester et al. 1996 (DBSCAN); Achanta
et al. 2012 (SLIC superpixels); Rousseeuw 1987 (silhouette). We depart from them in fitting K-means to a
sample of the pixels, and in giving DBSCAN superpixels in place of pixels.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from skimage.color import rgb2lab
from skimage.segmentation import slic
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import silhouette_samples
from threadpoolctl import threadpool_limits
from torch import nn

from segen.imaging import images
from segen.registry import ModelCard
from segen.types import MAX_CLUSTERS, NOISE, Clustering, ClusterRequest, Image, Labels, Step

Features = NDArray[np.float32]

KMEANS_SIDE = 2_048
"""Pictures with a longer side are scaled down for K-means, and their labels brought back."""
FIT_PIXELS = 10_000
"""K-means is fitted to at most this many pixels; all others are assigned to the nearest centre."""
SILHOUETTE_PIXELS = 2_000
"""The silhouette compares every pair, so that its sample must be small."""
DBSCAN_SIDE = 512
SUPERPIXELS = 1_500
TEXTURE_WINDOW = 9


def features(image: Image, request: ClusterRequest) -> Features:
    """The features of every pixel, as ClusterRequest tells them: H x W x (3 to 6) float32."""
    unit = np.asarray(image, dtype=np.float32) / np.float32(255)
    parts = [rgb2lab(unit).astype(np.float32) / 100 if request.space == "lab" else unit]
    if request.position:
        height, width = image.shape[:2]
        places = np.mgrid[0:height, 0:width].astype(np.float32) / max(height, width)
        parts.append(places.transpose(1, 2, 0) * request.position)
    if request.texture:
        parts.append(contrast(unit)[..., None] * request.texture)
    return np.concatenate(parts, axis=-1)


def contrast(unit: NDArray[np.float32]) -> NDArray[np.float32]:
    """The standard deviation of grey in a window of 9 x 9 around each pixel: H x W, from 0 to 0.5."""
    grey = unit.mean(axis=2)
    mean = uniform_filter(grey, TEXTURE_WINDOW)
    variance = uniform_filter(grey * grey, TEXTURE_WINDOW) - mean * mean
    deviation: NDArray[np.float32] = np.sqrt(np.maximum(variance, 0))
    return deviation


def sample(count: int, most: int) -> NDArray[np.intp]:
    """At most `most` of `count` indices, in random order, the same each time."""
    return np.random.default_rng(0).choice(count, min(most, count), replace=False)


class KMeansPredictor:
    """K-means: k-means++ starts, ten of them, the one of least inertia kept."""

    def __init__(self) -> None:
        self.network = nn.Module()

    def __call__(self, request: ClusterRequest) -> Iterator[Step | Clustering]:
        """Of fewer colours than k, each is one cluster."""
        image = images.fit(request.image, KMEANS_SIDE)
        pixels = features(image, request).reshape(image.shape[0] * image.shape[1], -1)
        fitted = pixels[sample(len(pixels), FIT_PIXELS)]
        distinct = len(np.unique(fitted, axis=0))
        ks = [k for k in range(2, request.curve_to + 1) if k < distinct]
        means = fit(fitted, min(request.k, distinct))
        yield Step(1, 2 + len(ks))
        with threadpool_limits(1):
            labels = means.predict(pixels).reshape(image.shape[:2])
        yield Step(2, 2 + len(ks))
        curve = []
        for k in ks:
            each = fit(fitted, k)
            found = silhouettes(fitted[:SILHOUETTE_PIXELS], each.labels_[:SILHOUETTE_PIXELS])
            curve.append((k, float(each.inertia_), 0.0 if found is None else float(found.mean())))
            yield Step(1 + k, 2 + len(ks))
        yield described(request, pixels, labels, tuple(curve))


def fit(pixels: Features, k: int) -> KMeans:
    """The best of ten K-means fits to n x f features."""
    # On one thread: with two, a busy machine takes ten times as long, and an idle one saves little.
    with threadpool_limits(1):
        return KMeans(k, init="k-means++", n_init=10, random_state=0).fit(pixels)


class DBSCANPredictor:
    """DBSCAN over the mean features of superpixels; superpixels in no dense place are noise."""

    def __init__(self) -> None:
        self.network = nn.Module()

    def __call__(self, request: ClusterRequest) -> Iterator[Step | Clustering]:
        """However many superpixels the picture has room for, one at least."""
        image = images.fit(request.image, DBSCAN_SIDE)
        pieces = slic(image, n_segments=SUPERPIXELS, start_label=0, channel_axis=-1)
        yield Step(1, 2)
        pixels = features(image, request).reshape(pieces.size, -1)
        totals = [np.bincount(pieces.ravel(), weights=column) for column in pixels.T]
        means = np.stack(totals, axis=-1) / np.bincount(pieces.ravel())[:, None]
        found = DBSCAN(eps=request.eps, min_samples=request.min_samples).fit_predict(means)
        yield Step(2, 2)
        yield described(request, pixels, found[pieces], ())


def described(
    request: ClusterRequest,
    pixels: Features,
    found: NDArray[np.integer],
    curve: tuple[tuple[int, float, float], ...],
) -> Clustering:
    """Number the clusters by falling size, bring them to full size, and measure how far apart they are.

    `pixels` are n x f features of an h x w picture, h * w = n, and `found` is h x w, -1 being noise.
    """
    labels, clusters = by_size(found)
    kept = np.flatnonzero(labels.ravel() != NOISE)
    kept = kept[sample(len(kept), SILHOUETTE_PIXELS)]
    sample_labels = labels.ravel()[kept]
    each = silhouettes(pixels[kept], sample_labels)
    parts = (
        ()
        if each is None
        else tuple(float(each[sample_labels == id].mean()) for id in np.unique(sample_labels))
    )
    down, across = (
        np.arange(full) * small // full
        for full, small in zip(request.image.shape, labels.shape, strict=False)
    )
    return Clustering(
        labels=labels[np.ix_(down, across)],
        clusters=clusters,
        silhouette=None if each is None else float(each.mean()),
        cluster_silhouettes=parts,
        sample_pixels=len(kept),
        sample_colors=pixels[kept, :3] * (100 if request.space == "lab" else 255),
        sample_labels=sample_labels,
        curve=curve,
    )


def by_size(found: NDArray[np.integer]) -> tuple[Labels, int]:
    """Cluster numbers 0, 1, 2 … by falling size as uint8, and how many clusters there were."""
    values, counts = np.unique(found, return_counts=True)
    values, counts = values[values >= 0], counts[values >= 0]
    table = np.full(int(found.max(initial=0)) + 2, NOISE, dtype=np.uint8)
    ordered = values[np.argsort(-counts, kind="stable")][:MAX_CLUSTERS]
    table[ordered] = np.arange(len(ordered))
    return table[found], len(values)


def silhouettes(points: Features, labels: NDArray[np.integer]) -> NDArray[np.float64] | None:
    """The silhouette of each point, or None with fewer than two clusters or as many as points."""
    if not 2 <= len(np.unique(labels)) < len(labels):
        return None
    found: NDArray[np.float64] = silhouette_samples(points, labels)
    return found


def load_kmeans(card: ModelCard) -> KMeansPredictor:
    """K-means needs no weights."""
    return KMeansPredictor()


def load_dbscan(card: ModelCard) -> DBSCANPredictor:
    """DBSCAN needs no weights."""
    return DBSCANPredictor()
