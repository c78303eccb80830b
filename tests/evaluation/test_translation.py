"""Translations measured: masks, streets, drawings, photographs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segen import registry
from segen.data import datasets
from segen.data.synthetic import folder
from segen.engine import Engine
from segen.evaluation import translation
from segen.evaluation.runner import evaluate
from segen.imaging import images
from segen.models.features.imagenet import feature_distances
from segen.models.translation.predictor import Networks, TranslationPredictor
from tests.small_translators import PHOTOGRAPHS, Fixed, card_of, noise


def test_connected_parts_are_the_instances_of_a_mask() -> None:
    mask = np.zeros((30, 40), np.float32)
    mask[2:8, 3:9] = 0.9
    mask[10:20, 20:30] = 0.7
    mask[25, 5] = 1.0
    found = translation.connected(mask)
    assert [(each.box, round(each.score, 2)) for each in found] == [
        ((3, 2, 6, 6), 0.9),
        ((20, 10, 10, 10), 0.7),
    ]


def test_masks_are_measured_beside_thresholds_and_labels(engine: Engine, tmp_path: Path) -> None:
    folder.write(tmp_path / "nuclei", 2, "nuclei")
    report = evaluate(engine, registry.card("small-nuclei"), tmp_path / "nuclei", "val")
    found = report["metrics"]
    assert set(found["nucleus_iou"]) == {"small-nuclei", "Otsu", "K-means", "pix2pix-nuclei", "unet-nuclei"}
    assert found["nucleus_iou"]["small-nuclei"] == found["iou"]["nucleus"]
    assert found["nucleus_iou"]["Otsu"] > 0.6
    assert report["items"] == 1
    assert set(report["definitions"]) == set(found)
    json.dumps(report)


def test_streets_are_measured_by_what_is_resegmentation_ratio(engine: Engine, tmp_path: Path) -> None:
    folder.write(tmp_path / "streets", 1, "camvid")
    found = evaluate(engine, registry.card("small-streets"), tmp_path / "streets", "val")["metrics"]
    again = found["resegmentation_ratio"]
    assert again["share"] == pytest.approx(again["generated"] / again["real"])
    assert again["real"] > again["generated"]
    read = found["resegmentation_accuracy"]
    assert 1 >= read["real"] > read["generated"] >= 0


def test_drawings_are_measured_beside_their_lines(engine: Engine, tmp_path: Path, imagenet: None) -> None:
    (tmp_path / "emoji").mkdir()
    for number in range(60):
        image = images.resize(noise(3 + number % 5, 4), 64, 64)
        (tmp_path / "emoji" / f"{0x1F300 + number:x}.webp").write_bytes(
            images.encode(image, "WEBP", lossless=True)
        )
    report = evaluate(engine, registry.card("small-emoji"), tmp_path, "val")
    assert report["items"] == len(datasets.emoji(tmp_path / "emoji", "val")) > 1
    for metric in ("l1", "ssim", "feature_distance"):
        assert set(report["metrics"][metric]) == {"small-emoji", "lines", "mean colour"}
    assert report["metrics"]["l1"]["mean colour"] > 0
    assert "MobileNetV2" in report["features"]


def test_feature_distances_are_nought_for_the_same(imagenet: None) -> None:
    pictures = np.stack([images.resize(noise(2 + number, 5), 32, 32) for number in range(3)])
    same = feature_distances(pictures, pictures)
    other = feature_distances(pictures, pictures[::-1].copy())
    assert np.abs(same).max() < 1e-6
    assert other[0] == pytest.approx(other[2], rel=1e-4)
    assert other[0] > 0.01 > other[1]


def test_photographs_are_measured_by_the_gap_they_close(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "summer2winter"
    for half, base in (("trainA", 0), ("trainB", 50), ("testA", 100), ("testB", 150)):
        (root / half).mkdir(parents=True)
        for number in range(20):
            image = images.resize(noise(2 + (base + number) % 7, 3), 32, 32)
            (root / half / f"{number}.png").write_bytes(images.encode(image // (1 + base % 100 // 50)))
    card = replace(card_of("small-nuclei"), dataset="yosemite", input_size=(32, 32), options=PHOTOGRAPHS)
    identity = TranslationPredictor(
        Networks({"forward": Fixed(), "backward": Fixed()}, {}), card
    )  # fmt: skip
    colors = lambda pictures, _: pictures.mean(axis=(1, 2)).astype(np.float32) / 64  # noqa: E731
    monkeypatch.setattr("segen.models.features.imagenet.pooled", colors)
    monkeypatch.setattr(identity.network, "discriminator_score", lambda drawing, *_: drawing[:, :1])
    known = {**registry._read_all(), card.name: card}
    monkeypatch.setattr(registry, "_read_all", lambda: known)
    monkeypatch.setattr(engine, "_predictor", lambda name: identity)
    found = evaluate(engine, card, tmp_path, "test")["metrics"]
    for metric in ("gap_closed", "gap_closed_compressed"):
        assert list(found[metric]) == ["forward", "backward"]
        for gap in found[metric].values():
            assert gap == pytest.approx({"value": 0, "low": 0, "high": 0}, abs=1e-3)
    assert found["kernel_forward_untouched"] == pytest.approx(found["kernel_forward_translated"], abs=1e-3)
    assert found["kernel_forward_untouched"]["value"] > 10 * abs(found["kernel_forward_real"]["value"])
    assert min(found["cycle_psnr"].values()) > 60, "there and back, nothing is lost but for rounding"
