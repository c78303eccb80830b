"""Measuring what generates: the report, its floor and ceiling, and data that does not fit."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segen import registry
from segen.cli import commands
from segen.cli.main import main
from segen.data import datasets, raw
from segen.data.synthetic import garments
from segen.engine import Engine
from segen.errors import DataError, UsageError
from segen.evaluation import generation
from segen.evaluation.model_card import model_card
from segen.evaluation.runner import evaluate
from segen.imaging.corruptions import Corruption
from segen.models.features import classifier
from segen.registry import ModelCard, weights_root
from segen.registry.options import DiffusionOptions, GenerateOptions
from segen.types import ElboTerms, ElboTermsRequest, Generation, Priors, PriorsRequest, Run
from tests.sentences import exactly

NONE = {"en": ""}
CARD = ModelCard(
    "garments", "generate", {"en": "g"}, {"en": "g"}, NONE, "fashion", NONE, "", "", NONE, (28, 28), 1, 1,
    dict.fromkeys(("weights", "data", "credit"), NONE), registry.dataset_classes("fashion"),
    options=GenerateOptions("gan", grey=True),
)  # fmt: skip
COUNT = {"train": 100, "test": 120}


def write_raw(root: Path) -> Path:
    """Fashion-MNIST's four files, holding garments that the code draws."""
    folder = root / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    for split, prefix, first in (("train", "train", 0), ("test", "t10k", 1000)):
        drawn = [garments.garment(seed) for seed in range(first, first + COUNT[split])]
        pictures = np.stack([picture for picture, _ in drawn])
        labels = np.array([label for _, label in drawn], np.uint8)
        sizes = np.array([2051, *pictures.shape], ">u4")
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(sizes.tobytes() + pictures.tobytes())
        sizes = np.array([2049, len(labels)], ">u4")
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(sizes.tobytes() + labels.tobytes())
    return root


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_raw(tmp_path / "data")


@pytest.fixture
def artist(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that draws garments itself, of the class asked for if one is."""

    def run(engine: Engine, name: str, request: Any) -> Run:
        if isinstance(request, ElboTermsRequest):
            ones = np.ones(len(request.images), np.float32)
            return Run(ElboTerms(-5 * ones, 2 * ones, ones, request.images), name, "cpu", 0.0, 0.0)
        if isinstance(request, PriorsRequest):
            ones = np.ones((len(request.seeds), 2), np.float32)
            black = np.zeros((len(ones), 28, 28, 3), np.uint8)
            return Run(Priors(ones, ones, ones[:, 0], ones[:, 0], black), name, "cpu", 0.0, 0.0)
        label = request.label
        seeds = [5000 + seed if label is None else 10 * seed + label for seed in request.seeds]
        pictures = np.stack([garments.garment(seed)[0] for seed in seeds])[..., None].repeat(3, 3)
        return Run(Generation(pictures, None, tuple(request.seeds), True), name, "cpu", 0.0, 0.0)

    monkeypatch.setattr(Engine, "run", run)


@cache
def drawn() -> dict[bytes, int]:
    """The class of each of 1,300 drawn garments by its pixels."""
    return {garments.garment(seed)[0].tobytes(): seed % 10 for seed in range(10 * 130)}


def know(network: Any, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A classifier that knows each drawn garment, and says 0 else; features are some of the pixels."""
    classes = np.array([drawn().get(picture.tobytes(), 0) for picture in pictures])
    return pictures.reshape(len(pictures), -1)[:, ::40].astype(np.float32), classes


def test_a_perfect_artist_stands_at_the_floor(artist: None, weights: Path, data: Path) -> None:
    report = evaluate(Engine("cpu"), CARD, data, "test")
    assert list(report) == [
        "model", "data", "split", "items", "real_items", "metrics", "features", "definitions", "versions"
    ]  # fmt: skip
    assert (report["data"], report["split"]) == ("fashion", "test")
    assert (report["items"], report["real_items"]) == (COUNT["train"], COUNT["test"])
    assert report["definitions"].keys() == report["metrics"].keys()
    numbers = classifier.shipped().hidden.out_features
    assert report["features"] == f"{classifier.NAME}, last hidden layer, {numbers} numbers"
    found = report["metrics"]
    assert 0.5 < found["frechet_distance"] / found["frechet_floor"] < 2
    assert found["kernel_distance"]["low"] < 0.02
    assert "frechet_ratio" not in found, "a ratio to the floor hides the number of pictures"
    assert found["frechet_ceiling"] > 5 * found["frechet_distance"]
    for kind in ("distance", "floor", "ceiling"):
        assert found[f"kernel_{kind}"]["low"] <= found[f"kernel_{kind}"]["high"]
    assert found["manifold_precision"] > 0.7
    assert found["manifold_recall"] > 0.7
    assert 0.8 < found["diversity"] < 1.2
    assert sum(found["class_shares"].values()) == pytest.approx(1)
    assert found["largest_class_share"] == max(found["class_shares"].values())
    assert "label_agreement" not in found
    assert "elbo" not in found
    assert str(data) not in json.dumps(report)


def test_what_only_some_cards_have_is_measured_there(
    artist: None, weights: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = replace(CARD, options=GenerateOptions("gan", grey=True, conditional=True, encodes=True))
    monkeypatch.setattr(generation, "SAMPLES", 50)
    monkeypatch.setattr(generation.classifier, "look", know)
    report = evaluate(Engine("cpu"), card, data, "test")
    found = report["metrics"]
    assert report["items"] == 50
    assert (found["elbo"], found["log_likelihood"], found["kl"]) == (-7, -5, 2)
    assert (found["elbo_learned"], found["kl_learned"]) == (-6, 1)
    assert found["kernel_reconstructions"]["value"] == pytest.approx(found["kernel_floor"]["value"])
    assert found["kernel_normal_prior"]["low"] > found["kernel_floor"]["high"], "black pictures"
    assert found["label_agreement"] == 1, "asked and seen stay in one order"
    assert found["class_shares"] == pytest.approx(dict.fromkeys(found["class_shares"], 0.1))
    assert found["classes_hit"] == 10
    assert "frechet_by_guidance" not in found, "nothing here diffuses"


def test_diffusion_is_measured_with_guidance_too(
    weights: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = DiffusionOptions(grey=True, conditional=True)
    monkeypatch.setattr(generation, "SAMPLES", 50)

    def run(engine: Engine, name: str, request: Any) -> Run:
        """Bags whatever is asked for, but what is asked for with guidance of 3."""
        label = 8 if request.guidance < 3 else request.label
        pictures = np.stack([garments.garment(10 * seed + label)[0] for seed in request.seeds])
        return Run(Generation(pictures[..., None].repeat(3, 3), None, request.seeds, True), name, "cpu", 0, 0)

    monkeypatch.setattr(Engine, "run", run)
    monkeypatch.setattr(generation.classifier, "look", know)
    found = evaluate(Engine("cpu"), replace(CARD, options=options), data, "test")["metrics"]
    assert found["label_agreement"] == pytest.approx(0.1)
    assert found["agreement_by_guidance"] == pytest.approx({"1.5": 0.1, "3": 1})
    distances = found["frechet_by_guidance"]
    assert distances["1.5"] == pytest.approx(found["frechet_distance"])
    assert distances["3"] < distances["1.5"] / 2


def test_a_collapsed_artist_is_told(weights: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(engine: Engine, name: str, request: Any) -> Run:
        picture = garments.garment(3)[0][None, ..., None].repeat(3, 3).repeat(len(request.seeds), 0)
        return Run(Generation(picture, None, tuple(request.seeds), True), name, "cpu", 0.0, 0.0)

    monkeypatch.setattr(Engine, "run", run)
    found = evaluate(Engine("cpu"), CARD, data, "test")["metrics"]
    assert (found["classes_hit"], found["largest_class_share"], found["diversity"]) == (1, 1, 0)
    assert found["manifold_recall"] < 0.05
    assert found["frechet_distance"] > 3 * found["frechet_floor"]
    assert found["kernel_distance"]["low"] > found["kernel_floor"]["high"]


def test_faults_of_the_data_are_told(artist: None, weights: Path, data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=exactly("raw_split_missing", split="val")):
        evaluate(Engine("cpu"), CARD, data, "val")
    with pytest.raises(DataError, match=exactly("data_missing", dataset="fashion")):
        evaluate(Engine("cpu"), CARD, tmp_path, "test")
    with pytest.raises(UsageError, match=exactly("nothing_to_degrade", model=CARD.name)):
        evaluate(Engine("cpu"), CARD, data, "test", corruption=Corruption("fog", 3))
    with pytest.raises(UsageError, match=exactly("not_seen_once", model=CARD.name)):
        evaluate(Engine("cpu"), CARD, data, "test", once=True)
    file = data / "FashionMNIST" / "raw" / "t10k-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DataError, match=exactly("raw_files")):
        evaluate(Engine("cpu"), CARD, data / "FashionMNIST", "test")


@pytest.mark.skipif(
    not (weights_root() / classifier.NAME).is_dir() or "SEGEN_DATA" not in os.environ,
    reason="needs the shipped classifier and $SEGEN_DATA",
)
def test_the_shipped_classifier_knows_its_garments() -> None:
    pictures, labels = raw.read(datasets.locate(None, "fashion"), "test")
    _, seen = classifier.look(classifier.shipped(), pictures)
    assert (seen == labels).mean() > 0.92


def test_the_command_prints_and_writes(
    artist: None,
    own_weights: Callable[[str], Path],
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own_weights(classifier.NAME)
    CARD.weights.mkdir()
    monkeypatch.setattr(registry, "_read_all", lambda: {CARD.name: CARD})
    command = ["evaluate", "--model", CARD.name, "--data", str(data), "--split", "test"]
    assert main([*command, "--json", "--write"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert CARD.metrics()["fashion"]["test"] == report
    reached = CARD.reached()
    assert reached
    kernel, frechet = report["metrics"]["kernel_distance"], report["metrics"]["frechet_distance"]
    assert reached.phrase("en") == (
        f"kernel distance {kernel['value']:.4f} ({kernel['low']:.4f} to {kernel['high']:.4f}), "
        f"squared Fréchet distance {frechet:.2f}, of 100 generated and 120 real pictures of test"
    )
    assert all(f"{kernel[part]:.4f}" in reached.phrase("zh") for part in kernel)
    readme = (CARD.weights / "README.md").read_text()
    assert readme == model_card(CARD)
    assert "GenerateRequest" in readme
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "100 generated, 120 real pictures" in printed
    assert f"{kernel['low']:.4f}" in printed
    assert commands.MEASURED == ("segment", "generate", "translate")
