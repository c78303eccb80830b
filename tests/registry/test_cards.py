"""Every card: its fields, its weights, and answers for pictures of any size."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from segen import models
from segen.engine import Engine
from segen.evaluation.model_card import model_card
from segen.models.segmentation.maskrcnn import SlimMaskRCNN
from segen.registry import INT8, MEASURING, ModelCard, cards, weights_root
from segen.text import LANGUAGES
from segen.training.recipes import RECIPES
from segen.types import (
    Clustering,
    ClusterRequest,
    GenerateRequest,
    Request,
    Segmentation,
    SegmentRequest,
    TranslateRequest,
)

MEGABYTE = 1_000_000
MAX_MEGABYTES = {"segen.models.segmentation.smp:load": 9, "segen.models.segmentation.maskrcnn:load": 14}
"""By loader, what a folder of weights may weigh; any other, and all together, as below."""
MAX_MEGABYTES_GENERATOR = 8
"""Also of one direction of a translation."""
MAX_MEGABYTES_DISCRIMINATOR = 3
MAX_MEGABYTES_ELSE = 16
MAX_MEGABYTES_TOGETHER = 160
OF_SMP = ("segen.models.segmentation.smp:load", "segen.models.translation.pix2pix:load_labels")
"""Loaders of folders that smp loads, too."""

MAX_MULTIPLY_ADDS_OF_A_TRANSLATION = 8_000_000_000
"""Of 256 x 256 pixels."""
DRAWN = 64
"""Pictures asked of what generates; multiply-adds are for one of them, and for one sampling step."""
every_card = pytest.mark.parametrize("card", cards(), ids=lambda card: card.name)
trained_card = pytest.mark.parametrize(
    "card", [card for card in cards() if card.parameters], ids=lambda card: card.name
)


def request_for(card: ModelCard, height: int, width: int) -> Request:
    if card.task == "generate":
        return GenerateRequest(range(DRAWN), steps=1)
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    kinds = {"segment": SegmentRequest, "cluster": ClusterRequest, "translate": TranslateRequest}
    return kinds[card.task](image)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine("cpu")


@every_card
def test_fields_say_something(card: ModelCard) -> None:
    texts = [
        card.title,
        card.summary,
        card.checkpoint,
        card.architecture,
        card.source,
        card.licence["weights"],
    ]
    for text in [*texts, card.licence["weights"], *(known.name for known in card.classes)]:
        assert set(text) == set(LANGUAGES)
        assert all(words.strip() for words in text.values())
    assert min(card.input_size) > 0
    if card.parameters:
        assert card.training.startswith(f"python train.py {card.name} ")
        assert card.name in RECIPES
        assert all(card.licence[part][language] for part in ("data", "credit") for language in LANGUAGES)
    if card.task == "segment":
        assert [known.id for known in card.classes] == list(range(len(card.classes)))
        assert len({known.color for known in card.classes}) == len(card.classes) > 0


@every_card
def test_loader_is_there(card: ModelCard) -> None:
    module, function = card.loader.split(":")
    assert module.startswith("segen.models.")
    assert callable(getattr(import_module(module), function))


@every_card
def test_numbers_are_those_of_the_network(
    card: ModelCard, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine("cpu", int8=False)  # whose work PyTorch counts
    network = engine._predictor(card.name).network
    if isinstance(network, SlimMaskRCNN):
        # Its work depends on what it finds: 1,000 regions and 100 instances count, whatever the picture.
        for name, value in {"score_thresh": 0.0, "nms_thresh": 1.0}.items():
            monkeypatch.setattr(network.rpn, name, value)
        for name, value in {"score_thresh": -1.0, "nms_thresh": 1.0, "detections_per_img": 100}.items():
            monkeypatch.setattr(network.roi_heads, name, value)
    parameters = models.load(card).network.parameters()
    assert sum(parameter.numel() for parameter in parameters) == card.parameters
    request = request_for(card, *card.input_size)
    with FlopCounterMode(display=False) as counter:
        engine.run(card.name, request)
    pictures = DRAWN if card.task == "generate" else 1
    assert counter.get_total_flops() / 2 == card.multiply_adds * pictures


@pytest.mark.parametrize(
    "card", [card for card in cards() if card.task in ("segment", "cluster")], ids=lambda card: card.name
)
@pytest.mark.parametrize("size", [(1, 1), (20, 3000), (33, 65)])
def test_pictures_of_any_size(card: ModelCard, size: tuple[int, int], weights: Path, engine: Engine) -> None:
    value = engine.run(card.name, request_for(card, *size)).value
    assert isinstance(value, Segmentation | Clustering)
    assert value.labels.shape == size
    assert value.labels.dtype == np.uint8
    if isinstance(value, Segmentation):
        assert set(np.unique(value.labels)) <= {known.id for known in card.classes}
        assert value.probabilities.shape[0] == len(card.classes)
        assert np.abs(value.probabilities.sum(axis=0) - 1).max() < 1e-5


@pytest.mark.parametrize("card", cards("translate"), ids=lambda card: card.name)
@pytest.mark.parametrize("size", [(1, 1), (20, 3000), (33, 65)])
def test_translations_of_any_size(
    card: ModelCard, size: tuple[int, int], weights: Path, engine: Engine
) -> None:
    assert card.directions
    for direction in card.directions:
        image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
        value = engine.run(card.name, TranslateRequest(image, direction)).value
        assert value.image.shape == (*size, 3)
        assert value.image.dtype == np.uint8


@pytest.mark.parametrize("card", cards("translate"), ids=lambda card: card.name)
def test_a_translation_costs_little(card: ModelCard) -> None:
    height, width = card.input_size
    assert card.multiply_adds * 256 * 256 / (height * width) <= MAX_MULTIPLY_ADDS_OF_A_TRANSLATION


@trained_card
def test_weights_hold_data_alone_and_keep_to_their_size(card: ModelCard, weights: Path) -> None:
    folder = weights / card.name
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} <= {
        ".json",
        ".safetensors",
        ".onnx",
        ".md",
        ".webp",
        "",
    }
    drawn = card.task in ("generate", "translate")
    otherwise = MAX_MEGABYTES_GENERATOR if drawn else MAX_MEGABYTES_ELSE
    parts = [folder / direction for direction in card.directions] or [folder]
    for part in parts:
        beside = sum(path.stat().st_size for path in part.rglob("discriminator/*"))
        copies = sum(path.stat().st_size for path in part.glob(INT8))  # see tests/models/test_int8.py
        whole = sum(path.stat().st_size for path in part.rglob("*")) - copies
        assert whole - beside <= MAX_MEGABYTES.get(card.loader, otherwise) * MEGABYTE
        assert beside <= MAX_MEGABYTES_DISCRIMINATOR * MEGABYTE


def test_all_weights_keep_to_their_size(weights: Path) -> None:
    assert sum(path.stat().st_size for path in weights.rglob("*")) <= MAX_MEGABYTES_TOGETHER * MEGABYTE


@pytest.mark.parametrize(
    "card", [card for card in cards() if card.weights.is_dir()], ids=lambda card: card.name
)
def test_shipped_weights_were_measured_and_say_so(card: ModelCard) -> None:
    assert card.metrics(), "run: segen evaluate --write"
    assert (card.weights / "README.md").read_text(encoding="utf-8") == model_card(card)


def test_what_ships_belongs_to_a_card() -> None:
    assert {path.name for path in weights_root().glob("*/")} <= {card.name for card in cards()} | {*MEASURING}


@pytest.mark.parametrize(
    "card", [card for card in cards() if card.loader in OF_SMP], ids=lambda card: card.name
)
def test_smp_loads_the_folder_as_we_do(card: ModelCard, weights: Path) -> None:
    import segmentation_models_pytorch

    theirs = segmentation_models_pytorch.from_pretrained(weights / card.name).eval()
    ours = models.load(card).network.eval()
    pixels = torch.rand((1, 3, 64, 96), generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        assert torch.equal(theirs(pixels), ours(pixels))
