"""Measuring a card: the report, where it is kept, and data that does not fit."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from segen import datasets, images, scenes
from segen.cli import main
from segen.engine import Engine
from segen.errors import DataError
from segen.evaluate import evaluate, store
from segen.registry import ClassInfo, cards, dataset_classes
from segen.text import words
from segen.types import Run, Segmentation, SegmentRequest

CARD = next(card for card in cards("segment") if len(card.classes) > 2)
CLASSES = dataset_classes(CARD.dataset)


def write_classes(root: Path, classes: tuple[ClassInfo, ...]) -> None:
    entries = [{"id": known.id, "name": known.name["en"], "color": known.color} for known in classes]
    (root / "classes.json").write_text(json.dumps(entries))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data root with three labelled scenes in the split `val` of the card's data set."""
    root = tmp_path / "data" / CARD.dataset
    for kind in ("images", "masks"):
        (root / "val" / kind).mkdir(parents=True)
    write_classes(root, CLASSES)
    palette = tuple(known.color for known in CLASSES)
    for seed in range(3):
        image, labels = scenes.street(seed, 64, 48)
        (root / "val" / "images" / f"{seed}.png").write_bytes(images.encode(image))
        (root / "val" / "masks" / f"{seed}.png").write_bytes(images.encode_labels(labels, palette))
    return tmp_path / "data"


@pytest.fixture
def oracle(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that is right everywhere but in the upper half of the pictures, where it says 0."""
    pairs = datasets.pairs(data / CARD.dataset, "val")
    truth = {images.read(pair.image).tobytes(): datasets.read(pair, CLASSES)[1] for pair in pairs}

    def run(engine: Engine, name: str, request: SegmentRequest) -> Run:
        labels = truth[request.image.tobytes()].copy()
        labels[: len(labels) // 2] = 0
        return Run(Segmentation(labels, np.ones((1, 1, 1), np.float32)), name, "cpu", 0.0, 0.0)

    monkeypatch.setattr(Engine, "run", run)


def test_report_is_that_of_one_confusion_matrix(oracle: None, data: Path) -> None:
    seen = []

    def watch(pairs: list[datasets.Pair]) -> list[datasets.Pair]:
        seen.extend(pairs)
        return pairs

    report = evaluate(Engine("cpu"), CARD, data, "val", watch)
    assert list(report) == ["model", "data", "split", "items", "metrics", "definitions", "versions"]
    assert (report["model"], report["data"], report["split"]) == (CARD.name, CARD.dataset, "val")
    assert report["items"] == len(seen) == 3
    assert report["definitions"].keys() == report["metrics"].keys()
    assert report["versions"].keys() >= {"python", "torch", "torchvision", "segen", "device"}
    assert report["versions"]["device"] == "cpu"

    truth = np.stack([datasets.read(pair, CLASSES)[1] for pair in seen])
    predicted = truth.copy()
    predicted[:, : truth.shape[1] // 2] = 0
    counted = truth < len(CARD.classes)
    assert report["metrics"]["pixel_accuracy"] == pytest.approx((truth == predicted)[counted].mean())
    for known in CARD.classes:
        either = ((truth == known.id) | (predicted == known.id)) & counted
        if either.any():
            both = ((truth == known.id) & (predicted == known.id)).sum()
            assert report["metrics"]["iou"][known.name["en"]] == pytest.approx(both / either.sum())
    assert str(data) not in json.dumps(report)


@pytest.mark.parametrize("given", ["root", "set", "inside", "environment"])
def test_report_names_the_data_set_and_not_its_place(
    given: str, oracle: None, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGEN_DATA", str(data))
    monkeypatch.chdir(data / CARD.dataset)
    chosen = {"root": data, "set": data / CARD.dataset, "inside": Path(), "environment": None}[given]
    assert evaluate(Engine("cpu"), CARD, chosen, "val")["data"] == CARD.dataset


def test_reports_are_kept_by_data_set_and_split(
    oracle: None, data: Path, own_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["evaluate", "--model", CARD.name, "--data", str(data), "--split", "val"]
    other = {"data": "other", "split": "test", "items": 1, "metrics": {"mean_iou": 0.25}}
    store(CARD, other)
    assert "| other | test | 1 | mean_iou  | 0.2500 |" in (CARD.weights / "README.md").read_text()
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert "val" not in CARD.metrics().get(CARD.dataset, {}) or CARD.metrics()[CARD.dataset]["val"] != report
    assert main([*command, "--write"]) == 0
    assert CARD.metrics()["other"] == {"test": other}
    assert CARD.metrics()[CARD.dataset]["val"] == report
    text = capsys.readouterr().out
    assert f"{report['metrics']['mean_iou']:.4f}" in text
    assert all(known.name["en"] in text for known in CARD.classes)


def test_definitions_are_in_both_languages(oracle: None, data: Path) -> None:
    for metric in evaluate(Engine("cpu"), CARD, data, "val")["metrics"]:
        assert words("en", f"metrics.{metric}") != words("zh", f"metrics.{metric}")


def test_data_that_does_not_fit_is_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fault(split: str = "val", where: Path = data) -> str:
        with pytest.raises(DataError) as error:
            evaluate(Engine("cpu"), CARD, where, split)
        code = main(["evaluate", "--model", CARD.name, "--data", str(where), "--split", split])
        err = capsys.readouterr().err
        assert (code, err) == (1, f"{error.value}\n")
        assert str(data) not in err
        return error.value.key

    assert fault(where=data / "nowhere") == "data_missing"
    assert fault("no-such-split") == fault("../val") == "split_missing"
    picture = data / CARD.dataset / "val" / "images" / "0.png"
    whole = picture.read_bytes()
    picture.write_bytes(whole[:100])
    assert fault() == "item_unusable"
    picture.write_bytes(whole)
    mask = data / CARD.dataset / "val" / "masks" / "0.png"
    mask.write_bytes(images.encode(np.full((48, 64), 99, dtype=np.uint8)))
    assert fault() == "item_unusable"
    mask.write_bytes(images.encode(np.zeros((48, 63), dtype=np.uint8)))
    assert fault() == "mask_size"
    write_classes(data / CARD.dataset, CLASSES[1:])
    assert fault() == "classes_file"
    write_classes(data / CARD.dataset, CLASSES[:2])
    assert fault() == "classes_differ"


@pytest.mark.slow
@pytest.mark.skipif("SEGEN_DATA" not in os.environ, reason="real data: set SEGEN_DATA")
@pytest.mark.parametrize("card", [card for card in cards("segment") if card.metrics()], ids=lambda c: c.name)
def test_stored_numbers_come_out_again(card: object) -> None:
    assert isinstance(card, type(CARD))
    stored = card.metrics()[card.dataset]["val"]
    report = evaluate(Engine("cpu"), card, None, "val")
    assert report["metrics"]["mean_iou"] == pytest.approx(stored["metrics"]["mean_iou"], abs=2e-3)
