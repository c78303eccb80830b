"""Segmentation without labels: what is found, how it is numbered, and when nothing can be said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segen.engine import Engine
from segen.errors import InputError
from segen.models.clustering import clusters
from segen.types import NOISE, Clustering, ClusterRequest

ENGINE = Engine("cpu")


def blocks(height: int = 60, width: int = 80) -> np.ndarray:
    """Three flat areas, a half, a third and a sixth of the picture, with a little noise."""
    image = np.empty((height, width, 3), dtype=np.float64)
    image[:] = (200, 40, 40)
    image[height // 2 :, : width * 2 // 3] = (40, 60, 200)
    image[height // 2 :, width * 2 // 3 :] = (230, 230, 60)
    noise = np.random.default_rng(0).normal(0, 2, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def cluster(model: str, request: ClusterRequest) -> Clustering:
    return ENGINE.run(model, request).value


@pytest.mark.parametrize("space", ["rgb", "lab"])
@pytest.mark.parametrize("model", ["kmeans", "dbscan"])
def test_three_areas_are_three_clusters_by_falling_size(model: str, space: str) -> None:
    found = cluster(model, ClusterRequest(blocks(), k=3, space=space, eps=0.1))  # type: ignore[arg-type]
    assert found.clusters == 3
    shares = np.bincount(found.labels.ravel(), minlength=256) / found.labels.size
    assert shares[:3] == pytest.approx([1 / 2, 1 / 3, 1 / 6], abs=0.02)
    assert found.silhouette is not None
    assert found.silhouette > 0.8
    assert len(found.cluster_silhouettes) == 3
    assert found.sample_colors.shape == (found.sample_pixels, 3)
    assert found.sample_pixels == len(found.sample_labels)


def test_the_curve_marks_three_as_best() -> None:
    found = cluster("kmeans", ClusterRequest(blocks(), k=4, curve_to=6))
    assert [k for k, _, _ in found.curve] == [2, 3, 4, 5, 6]
    inertias = [inertia for _, inertia, _ in found.curve]
    assert inertias == sorted(inertias, reverse=True)
    assert max(found.curve, key=lambda point: point[2])[0] == 3


def test_position_tells_equal_colors_apart() -> None:
    image = np.full((40, 120, 3), 90, dtype=np.uint8)
    image[:, 40:80] = 200
    request = ClusterRequest(image, k=3)
    assert cluster("kmeans", request).clusters == 2
    labels = cluster("kmeans", replace(request, position=2.0)).labels
    assert len({labels[20, 10], labels[20, 60], labels[20, 110]}) == 3


def test_texture_tells_a_pattern_from_its_mean() -> None:
    image = np.full((60, 120, 3), 128, dtype=np.uint8)
    image[:, 60:] = np.indices((60, 60)).sum(axis=0)[..., None] % 2 * 255
    plain = cluster("kmeans", ClusterRequest(image, k=2)).labels
    textured = cluster("kmeans", ClusterRequest(image, k=2, texture=5.0)).labels
    assert len(np.unique(plain[5:55, 70:110])) == 2
    assert len(np.unique(textured[5:55, 70:110])) == 1


def test_what_fits_nowhere_is_noise() -> None:
    image = blocks()
    image[:20] = np.random.default_rng(1).integers(0, 256, (20, 80, 3))
    found = cluster("dbscan", ClusterRequest(image, eps=0.05))
    share = (found.labels[:16] == NOISE).mean()
    assert share > 0.5
    assert (found.labels[35:] == NOISE).mean() < 0.1


@pytest.mark.parametrize("size", [(1, 1), (50, 1), (1, 50), (30, 40)])
@pytest.mark.parametrize("model", ["kmeans", "dbscan"])
def test_one_flat_color_has_no_silhouette(model: str, size: tuple[int, int]) -> None:
    found = cluster(model, ClusterRequest(np.full((*size, 3), 77, dtype=np.uint8), k=5, curve_to=4))
    assert found.labels.shape == size
    assert (found.silhouette, found.cluster_silhouettes, found.curve) == (None, (), ())
    assert found.clusters <= 1


def test_fewer_colors_than_k_give_a_cluster_each() -> None:
    image = np.zeros((9, 9, 3), dtype=np.uint8)
    image[:, 3:6], image[:, 6:] = 100, 200
    assert cluster("kmeans", ClusterRequest(image, k=200)).clusters == 3


def test_the_same_request_gives_the_same_labels() -> None:
    request = ClusterRequest(blocks(), k=4)
    assert np.array_equal(cluster("kmeans", request).labels, cluster("kmeans", request).labels)


def test_labels_come_back_at_full_size() -> None:
    image = np.repeat(np.repeat(blocks(20, 30), 150, axis=0), 150, axis=1)
    assert max(image.shape) > clusters.KMEANS_SIDE
    for model in ("kmeans", "dbscan"):
        found = cluster(model, ClusterRequest(image, k=3, eps=0.1))
        assert found.labels.shape == image.shape[:2]
        assert found.labels[0, 0] == 0


def test_more_than_255_clusters_are_counted_and_the_smallest_left_out() -> None:
    found = np.repeat(np.arange(300), np.arange(300, 0, -1))[None]
    labels, count = clusters.by_size(found)
    assert count == 300
    assert np.array_equal(np.unique(labels), np.arange(256))
    assert (labels == NOISE).sum() == sum(range(1, 46))


@pytest.mark.parametrize(
    "change",
    [
        {"k": 0},
        {"k": 256},
        {"space": "cmyk"},
        {"position": -1.0},
        {"texture": float("inf")},
        {"eps": 0.0},
        {"eps": float("nan")},
        {"min_samples": 0},
    ],
    ids=str,
)
def test_what_is_out_of_range_is_refused(change: dict[str, float | str]) -> None:
    with pytest.raises(InputError) as error:
        replace(ClusterRequest(blocks()), **change)  # type: ignore[arg-type]
    assert error.value.sentence("zh") != error.value.sentence("en")
