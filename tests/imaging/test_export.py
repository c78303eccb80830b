"""What leaves Segen: palette PNG, overlay, regions with boxes and RLE, ONNX."""

from __future__ import annotations

import io
import json
from pathlib import Path
from time import process_time

import numpy as np
import pytest
from PIL import Image as Pillow
from pycocotools import mask as coco

from segen.cli import results
from segen.data import files
from segen.imaging import export, images
from segen.imaging.labels import read_labels
from segen.registry import card, cards
from segen.text import table, words
from segen.types import NOISE, Clustering, ClusterRequest, Labels, Segmentation

CARD = next(card for card in cards("segment") if len(card.classes) > 2)
pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning:pycocotools.mask")
RNG = np.random.default_rng(0)


def segmentation(labels: Labels) -> Segmentation:
    return Segmentation(labels, np.zeros((len(CARD.classes), 1, 1), dtype=np.float32))


def blobs(height: int = 60, width: int = 90) -> Labels:
    """Labels in blocks, every class of the card among them."""
    coarse = RNG.integers(0, len(CARD.classes), (-(-height // 10), -(-width // 10)), dtype=np.uint8)
    return np.kron(coarse, np.ones((10, 10), dtype=np.uint8))[:height, :width]


def test_labels_png_holds_ids_and_colors() -> None:
    labels = blobs()
    with Pillow.open(io.BytesIO(export.labels_png(CARD, labels))) as picture:
        assert picture.mode == "P"
        assert (np.array(picture) == labels).all()
        assert (np.array(picture.convert("RGB")) == np.array(CARD.palette())[labels]).all()


def test_overlay_goes_from_picture_to_colors() -> None:
    labels = blobs()
    image = RNG.integers(0, 256, (*labels.shape, 3), dtype=np.uint8)
    colors = np.array(CARD.palette())[labels]
    assert (export.overlay(CARD, image, labels, 0) == image).all()
    assert (export.overlay(CARD, image, labels, 1) == colors).all()
    half = export.overlay(CARD, image, labels)
    assert half.dtype == np.uint8
    assert np.abs(half - (image / 2 + colors / 2)).max() <= 1


def test_regions_are_those_of_the_labels() -> None:
    labels = blobs(57, 83)
    found = export.regions(CARD, segmentation(labels))
    head = {key: found[key] for key in ("version", "model", "width", "height", "silhouette", "instances")}
    assert head == {
        "version": 1, "model": CARD.name, "width": 83, "height": 57, "silhouette": None, "instances": [],
    }  # fmt: skip
    assert found["sample_pixels"] is None
    assert [region["id"] for region in found["regions"]] == np.unique(labels).tolist()
    assert sum(region["share"] for region in found["regions"]) == pytest.approx(1)
    for region in json.loads(json.dumps(found))["regions"]:
        mask = labels == region["id"]
        known = CARD.classes[region["id"]]
        assert (region["name"], region["color"]) == (known.name, list(known.color))
        assert (region["pixels"], region["share"]) == (mask.sum(), mask.mean())
        assert region["rle"]["size"] == [57, 83]
        assert (coco.decode(region["rle"]) == mask).all()
        covered = np.zeros_like(mask)
        for x, y, width, height in region["boxes"]:
            part = mask[y : y + height, x : x + width]
            assert all(edge.any() for edge in (part[0], part[-1], part[:, 0], part[:, -1]))
            covered[y : y + height, x : x + width] = True
        assert covered[mask].all()


def test_boxes_enclose_parts_the_largest_first() -> None:
    labels = np.zeros((10, 12), dtype=np.uint8)
    labels[0, 0] = labels[1, 1] = 3  # one part: a corner connects
    labels[5:9, 2:7] = 3
    labels[9, 11] = 5
    by_id = {region["id"]: region for region in export.regions(CARD, segmentation(labels))["regions"]}
    assert by_id[3]["boxes"] == [[2, 5, 5, 4], [0, 0, 2, 2]]
    assert by_id[5]["boxes"] == [[11, 9, 1, 1]]
    assert by_id[0]["boxes"] == [[0, 0, 12, 10]]


def test_one_pixel() -> None:
    (region,) = export.regions(CARD, segmentation(np.array([[2]], dtype=np.uint8)))["regions"]
    assert (region["boxes"], region["share"]) == ([[0, 0, 1, 1]], 1.0)


def test_noise_has_no_more_boxes_than_the_cap() -> None:
    labels = RNG.integers(0, len(CARD.classes), (400, 400), dtype=np.uint8)
    found = export.regions(CARD, segmentation(labels))
    assert {len(region["boxes"]) for region in found["regions"]} == {export.MAX_BOXES}
    assert f"{export.MAX_BOXES}+" in export.regions_text(found)


@pytest.mark.slow
def test_the_largest_pictures_take_seconds() -> None:
    labels = np.repeat(np.repeat(blobs(200, 320), 32, axis=0), 32, axis=1)[:4000, :10_000]
    began = process_time()  # of this process, however busy the machine is
    export.regions(CARD, segmentation(labels))
    assert process_time() - began < 30


@pytest.mark.parametrize("language", ["en", "zh"])
def test_text_is_an_aligned_table(language: str) -> None:
    found = export.regions(CARD, segmentation(blobs()))
    heading, *rows = export.regions_text(found, language).splitlines()
    assert len(rows) == len(found["regions"])
    assert len({table._columns(line) for line in (heading, *rows)}) == 1
    shares = [float(row.split()[1].rstrip("%")) for row in rows]
    assert shares == sorted(shares, reverse=True)
    assert any(CARD.classes[3].name[language] in row for row in rows)


def test_files_of_a_segmentation(tmp_path: Path) -> None:
    labels = blobs()
    image = RNG.integers(0, 256, (*labels.shape, 3), dtype=np.uint8)
    results.write_segmentation(tmp_path, "a.b", CARD, image, segmentation(labels))
    assert {path.name for path in tmp_path.iterdir()} == {f"a.b{e}" for e in export.SEGMENTATION_ENDINGS}
    assert (read_labels(tmp_path / "a.b.labels.png", CARD.classes) == labels).all()
    assert (images.read(tmp_path / "a.b.overlay.png") == export.overlay(CARD, image, labels)).all()
    found = json.loads((tmp_path / "a.b.regions.json").read_text("utf-8"))
    assert found == export.regions(CARD, segmentation(labels))
    assert (tmp_path / "a.b.regions.txt").read_text("utf-8") == export.regions_text(found)


def clustering(labels: Labels, clusters: int, silhouette: float | None = 0.5) -> Clustering:
    none = np.zeros((0, 3), np.float32)
    return Clustering(labels, clusters, silhouette, (), 40, none, np.zeros(0, np.uint8))


def test_clusters_have_the_mean_colors_and_noise_its_own(tmp_path: Path) -> None:
    labels = np.zeros((4, 6), np.uint8)
    labels[:, 2:4], labels[:, 4], labels[0, 5] = 1, 2, NOISE
    image = np.zeros((4, 6, 3), np.uint8)
    image[:, :2], image[:2, 2:4], image[2:, 2:4] = (200, 10, 10), (0, 0, 100), (0, 0, 120)
    image[:, 4] = (0, 2, 110)  # all but the colour of cluster 1
    image[:, 5] = (200, 10, 10)
    named = export.card_for(card("dbscan"), image, clustering(labels, 3))
    colors = {known.id: known.color for known in named.classes}
    assert (colors[0], colors[1], colors[NOISE]) == ((200, 10, 10), (0, 0, 110), export.NOISE_COLOR)
    assert colors[2] == (24, 26, 134)
    assert [known.name["zh"] for known in named.classes] == ["簇 1", "簇 2", "簇 3", "噪声"]

    results.write_segmentation(tmp_path, "a", named, image, clustering(labels, 3))
    assert (read_labels(tmp_path / "a.labels.png", named.classes) == labels).all()
    colored = images.encode(images.read(tmp_path / "a.labels.png"))
    assert (read_labels(colored, named.classes) == labels).all()
    found = json.loads((tmp_path / "a.regions.json").read_text("utf-8"))
    assert (found["silhouette"], found["sample_pixels"]) == (0.5, 40)
    assert [region["id"] for region in found["regions"]] == [0, 1, 2, NOISE]
    assert export.card_for(CARD, image, segmentation(labels)) is CARD


def test_remarks_say_what_is_not_there() -> None:
    request = ClusterRequest(np.zeros((1, 1, 3), np.uint8), k=5)
    for name, clusters, silhouette, keys in (
        ("kmeans", 5, 0.5, []),
        ("kmeans", 1, None, ["fewer", "no_silhouette"]),
        ("dbscan", 300, 0.1, ["more"]),
        ("dbscan", 0, None, ["no_silhouette"]),
    ):
        found = clustering(np.zeros((1, 1), np.uint8), clusters, silhouette)
        values = {"k": 5, "clusters": clusters, "most": 255, "noise": NOISE}
        said = [words("zh", f"clusters.{key}", **values) for key in keys]
        assert export.remarks(card(name), request, found, "zh") == said


def test_files_are_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a.labels.png").write_text("as it was")
    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        results.write_segmentation(
            tmp_path, "a", CARD, np.zeros((2, 2, 3), dtype=np.uint8), segmentation(np.zeros((2, 2), np.uint8))
        )
    assert [path.name for path in tmp_path.iterdir()] == ["a.labels.png"]
    assert (tmp_path / "a.labels.png").read_text() == "as it was"
