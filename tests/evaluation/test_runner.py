"""Measuring a card: the report, where it is kept, and data that does not fit."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torchmetrics.classification import MulticlassCalibrationError

from segen import registry
from segen.cli.main import main
from segen.data import datasets
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.errors import DataError
from segen.evaluation.calibration import Calibration
from segen.evaluation.model_card import model_card
from segen.evaluation.runner import evaluate, key, store
from segen.imaging import images
from segen.imaging.corruptions import Corruption
from segen.imaging.labels import encode_labels
from segen.registry import ClassInfo, cards, dataset_classes
from segen.text import words
from segen.types import Run, Segmentation, SegmentRequest
from segen.ui.widgets.cards import beside

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
        (root / "val" / "masks" / f"{seed}.png").write_bytes(encode_labels(labels, palette))
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
    assert list(report) == [
        "model", "data", "split", "items", "metrics", "reliability", "definitions", "versions"
    ]  # fmt: skip
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
            precision = both / max(((predicted == known.id) & counted).sum(), 1)
            recall = both / max((truth == known.id).sum(), 1)
            f1 = 2 * both / (((predicted == known.id) & counted).sum() + (truth == known.id).sum())
            for metric, value in (("precision", precision), ("recall", recall), ("f1", f1)):
                assert report["metrics"][metric][known.name["en"]] == pytest.approx(value)
    assert "auc_roc" not in report["metrics"], "it is for two classes"
    assert str(data) not in json.dumps(report)


def test_single_looks_are_reported_apart(oracle: None, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    run = Engine.run
    monkeypatch.setattr(Engine, "run", lambda *given: asked.append(given[2].once) or run(*given))
    keys = [key(evaluate(Engine("cpu"), CARD, data, "val", once=once)) for once in (True, False)]
    assert keys == ["val+once", "val"]
    assert asked == [True] * 3 + [False] * 3


@pytest.mark.parametrize("given", ["root", "set", "inside", "environment"])
def test_report_names_the_data_set_and_not_its_place(
    given: str, oracle: None, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGEN_DATA", str(data))
    monkeypatch.chdir(data / CARD.dataset)
    chosen = {"root": data, "set": data / CARD.dataset, "inside": Path(), "environment": None}[given]
    assert evaluate(Engine("cpu"), CARD, chosen, "val")["data"] == CARD.dataset


def test_reports_are_kept_by_data_set_and_split(
    oracle: None, data: Path, own_weights: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    own_weights(CARD.name)
    command = ["evaluate", "--model", CARD.name, "--data", str(data), "--split", "val"]
    other = {"data": "other", "split": "test", "items": 1, "metrics": {"mean_iou": 0.25}}
    store(CARD, other)
    assert "| other | test | 1 | mean_iou | 0.2500 |" in (CARD.weights / "README.md").read_text()
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert "val" not in CARD.metrics().get(CARD.dataset, {}) or CARD.metrics()[CARD.dataset]["val"] != report
    assert main([*command, "--write"]) == 0
    assert CARD.metrics()["other"] == {"test": other}
    assert CARD.metrics()[CARD.dataset]["val"] == report
    text = capsys.readouterr().out
    assert f"{report['metrics']['mean_iou']:.4f}" in text
    assert all(known.name["en"] in text for known in CARD.classes)


def test_two_classes_are_measured_by_their_roc_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = replace(CARD, dataset="nuclei", classes=dataset_classes("nuclei"))
    for kind in ("images", "masks"):
        (tmp_path / "nuclei" / "val" / kind).mkdir(parents=True)
    image, labels = scenes.nuclei(2, 64, 48)
    (tmp_path / "nuclei" / "val" / "images" / "0.png").write_bytes(images.encode(image))
    (tmp_path / "nuclei" / "val" / "masks" / "0.png").write_bytes(images.encode(labels))

    def run(engine: Engine, name: str, request: SegmentRequest) -> Run:
        nucleus = 0.2 + 0.1 * labels.astype(np.float32)
        return Run(Segmentation(np.zeros_like(labels), np.stack([1 - nucleus, nucleus])), name, "cpu", 0, 0)

    monkeypatch.setattr(Engine, "run", run)
    report = evaluate(Engine("cpu"), card, tmp_path, "val")
    assert report["metrics"]["auc_roc"] == pytest.approx(1), "no threshold of 0.5 is needed to tell apart"
    assert report["metrics"]["recall"] == {"background": 1, "nucleus": 0}
    assert report["definitions"].keys() == report["metrics"].keys()


def test_calibration_is_torchmetrics_own() -> None:
    rng = np.random.default_rng(0)
    count = len(CARD.classes)
    calibration = Calibration(CLASSES)
    theirs = MulticlassCalibrationError(count, n_bins=15, norm="l1", ignore_index=count)
    for sharpness in (1, 3):
        logits = sharpness * rng.standard_normal((count, 24, 32)).astype(np.float32)
        labels = rng.integers(0, count + 1, (24, 32))
        labels[:12] = np.where(labels[:12] == count, count, logits.argmax(axis=0)[:12])
        probabilities = torch.softmax(torch.from_numpy(logits), dim=0)
        calibration.update(probabilities.numpy(), labels)
        theirs.update(probabilities[None], torch.from_numpy(labels)[None])
    assert calibration.error() == pytest.approx(float(theirs.compute()), abs=1e-5)
    bins = calibration.bins()
    assert sum(part["share"] for part in bins) == pytest.approx(1)
    gaps = sum(part["share"] * abs(part["confidence"] - part["accuracy"]) for part in bins)
    assert gaps == pytest.approx(calibration.error())


def test_calibration_takes_the_nearest_working_pixel() -> None:
    small = np.array([[[0.9, 0.3]], [[0.1, 0.7]]], dtype=np.float32)
    calibration = Calibration(CLASSES[:2])
    calibration.update(small, np.array([[0, 0, 0, 1], [0, 0, 1, 1]]))
    assert calibration.bins() == [
        pytest.approx({"confidence": 0.7, "accuracy": 3 / 4, "share": 1 / 2}),
        pytest.approx({"confidence": 0.9, "accuracy": 1, "share": 1 / 2}),
    ]


def test_certainty_counts_in_the_last_bin() -> None:
    calibration = Calibration(CLASSES[:2])
    assert (calibration.error(), calibration.bins()) == (0, []), "nothing was measured"
    calibration.update(np.array([[[1.0]], [[0.0]]], dtype=np.float32), np.array([[1]]))
    assert calibration.error() == 1
    assert calibration.bins() == [{"confidence": 1, "accuracy": 0, "share": 1}]


def test_a_corruption_is_measured_and_kept_apart(
    data: Path,
    own_weights: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own_weights(CARD.name)
    seen = []

    def run(engine: Engine, name: str, request: SegmentRequest) -> Run:
        seen.append(request.image)
        labels = np.zeros(request.image.shape[:2], dtype=np.uint8)
        return Run(Segmentation(labels, np.ones((1, 1, 1), np.float32)), name, "cpu", 0.0, 0.0)

    monkeypatch.setattr(Engine, "run", run)
    command = ["evaluate", "--model", CARD.name, "--data", str(data), "--split", "val", "--write"]
    harm = Corruption("fog", 3)
    assert main([*command, "--corruption", harm.name, "--severity", str(harm.severity)]) == 0
    assert f"{CARD.name} on {CARD.dataset} val+fog-3" in capsys.readouterr().out
    assert main(command) == 0
    pairs = datasets.pairs(data / CARD.dataset, "val")
    clean = [images.read(pair.image) for pair in pairs]
    assert len(clean) > 1
    expected = [*(harm(image, number) for number, image in enumerate(clean)), *clean]
    assert all((one == other).all() for one, other in zip(seen, expected, strict=True))

    reports = CARD.metrics()[CARD.dataset]
    assert reports["val+fog-3"]["corruption"] == {"name": "fog", "severity": 3}
    assert (reports["val+fog-3"]["split"], "corruption" in reports["val"]) == ("val", False)
    assert {key(report) for report in reports.values()} >= {"val", "val+fog-3"}
    rows = [row for row in model_card(CARD).splitlines() if row.startswith(f"| {CARD.dataset} |")]
    assert "| val |" in rows[0]
    assert "| val+fog-3 |" in rows[-1]


def test_the_main_figure_is_the_clean_one(own_weights: Callable[[str], Path]) -> None:
    own_weights(CARD.name)
    (CARD.weights / "metrics.json").unlink(missing_ok=True)
    report = {"data": CARD.dataset, "split": "val", "items": 1, "metrics": {"mean_iou": 0.25}}
    store(CARD, {**report, "corruption": {"name": "fog", "severity": 3}})
    assert "0.250" not in beside(CARD, "en")
    store(CARD, {**report, "metrics": {"mean_iou": 0.75}})
    assert "0.750" in beside(CARD, "en")


def test_the_network_itself_is_measured_beside_its_copy(
    data: Path, own_weights: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    name = "unet-camvid"
    folder = own_weights(name)
    (folder / "metrics.json").unlink()
    for extra in ([], ["--float32"]):
        command = ["evaluate", "--model", name, "--data", str(data), "--split", "val", "--write", *extra]
        assert main(command) == 0
    assert f"{name} on {CARD.dataset} val+float32" in capsys.readouterr().out
    stored = json.loads((folder / "metrics.json").read_text())[CARD.dataset]
    copied, network = stored["val"], stored["val+float32"]
    assert (copied.get("int8"), network.get("int8"), network["float32"]) == (True, None, True)
    assert copied["metrics"]["mean_iou"] != network["metrics"]["mean_iou"]
    assert "onnxruntime" in copied["versions"]
    assert "onnxruntime" not in network["versions"]
    measured = {"int8": copied["metrics"]["mean_iou"], "float32": network["metrics"]["mean_iou"]}
    assert registry.card(name).int8() == measured
    assert registry.card(name).report()["split"] == "val"
    assert registry.card(name).report() == copied


@pytest.mark.parametrize(
    "options",
    [
        ["--corruption", "snow", "--severity", "3"],
        ["--corruption", "fog", "--severity", "0"],
        ["--corruption", "fog", "--severity", "6"],
        ["--corruption", "fog"],
        ["--severity", "3"],
    ],
    ids=" ".join,
)
def test_a_corruption_that_is_none_is_a_usage_error(
    options: list[str], data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--model", CARD.name, "--data", str(data), "--split", "val", *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.endswith(".\n")


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
    assert fault() == "folder_unusable"
    picture.write_bytes(whole)
    mask = data / CARD.dataset / "val" / "masks" / "0.png"
    mask.write_bytes(images.encode(np.full((48, 64), 99, dtype=np.uint8)))
    assert fault() == "folder_unusable"
    mask.write_bytes(images.encode(np.zeros((48, 63), dtype=np.uint8)))
    assert fault() == "folder_unusable"
    write_classes(data / CARD.dataset, CLASSES[1:])
    assert fault() == "classes_ids"
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
