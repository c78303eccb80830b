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
from segen.evaluate import model_card
from segen.registry import ModelCard, cards, weights_root
from segen.text import LANGUAGES
from segen.training.recipes import RECIPES
from segen.types import Clustering, ClusterRequest, Request, Segmentation, SegmentRequest

MEGABYTE = 1_000_000
MOST_MEGABYTES = {"segen.models.smp:load": 9}
"""By loader, what a folder of weights may weigh; any other, and all together, as below."""
MOST_MEGABYTES_ELSE = 16
MOST_MEGABYTES_TOGETHER = 160

every_card = pytest.mark.parametrize("card", cards(), ids=lambda card: card.name)
trained_card = pytest.mark.parametrize(
    "card", [card for card in cards() if card.parameters], ids=lambda card: card.name
)


def request_for(card: ModelCard, height: int, width: int) -> Request:
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return {"segment": SegmentRequest, "cluster": ClusterRequest}[card.task](image)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine("cpu")


@every_card
def test_fields_say_something(card: ModelCard) -> None:
    for text in (card.title, card.summary, card.checkpoint, *(known.name for known in card.classes)):
        assert set(text) == set(LANGUAGES)
        assert all(words.strip() for words in text.values())
    assert card.architecture
    assert card.source
    assert card.licence["weights"]
    assert min(card.input_size) > 0
    if card.parameters:
        assert card.training.startswith(f"python train.py {card.name} ")
        assert card.name in RECIPES
        assert card.licence["data"]
        assert card.licence["credit"]
    if card.task == "segment":
        assert [known.id for known in card.classes] == list(range(len(card.classes)))
        assert len({known.color for known in card.classes}) == len(card.classes) > 0


@every_card
def test_loader_is_there(card: ModelCard) -> None:
    module, function = card.loader.split(":")
    assert module.startswith("segen.models.")
    assert callable(getattr(import_module(module), function))


@every_card
def test_numbers_are_those_of_the_network(card: ModelCard, weights: Path, engine: Engine) -> None:
    network = models.load(card).network
    assert sum(parameter.numel() for parameter in network.parameters()) == card.parameters
    request = request_for(card, *card.input_size)
    with FlopCounterMode(display=False) as counter:
        engine.run(card.name, request)
    assert counter.get_total_flops() / 2 == card.multiply_adds


@every_card
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


@trained_card
def test_weights_hold_data_alone_and_keep_to_their_size(card: ModelCard, weights: Path) -> None:
    folder = weights / card.name
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} <= {
        ".json",
        ".safetensors",
        ".md",
        "",
    }
    limit = MOST_MEGABYTES.get(card.loader, MOST_MEGABYTES_ELSE)
    assert sum(path.stat().st_size for path in folder.rglob("*")) <= limit * MEGABYTE


def test_all_weights_keep_to_their_size(weights: Path) -> None:
    assert sum(path.stat().st_size for path in weights.rglob("*")) <= MOST_MEGABYTES_TOGETHER * MEGABYTE


@pytest.mark.parametrize(
    "card", [card for card in cards() if card.weights.is_dir()], ids=lambda card: card.name
)
def test_shipped_weights_were_measured_and_say_so(card: ModelCard) -> None:
    assert card.metrics(), "run: segen evaluate --write"
    assert (card.weights / "README.md").read_text(encoding="utf-8") == model_card(card)


def test_what_ships_belongs_to_a_card() -> None:
    assert {path.name for path in weights_root().glob("*/")} <= {card.name for card in cards()}


@pytest.mark.parametrize(
    "card", [card for card in cards() if card.loader == "segen.models.smp:load"], ids=lambda card: card.name
)
def test_smp_loads_the_folder_as_we_do(card: ModelCard, weights: Path) -> None:
    import segmentation_models_pytorch

    theirs = segmentation_models_pytorch.from_pretrained(weights / card.name).eval()
    ours = models.load(card).network.eval()
    pixels = torch.rand((1, 3, 64, 96), generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        assert torch.equal(theirs(pixels), ours(pixels))
