"""Instances: what is learned of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.models.detection.roi_heads import project_masks_on_boxes

from segen.data.synthetic import scenes
from segen.errors import DataError
from segen.imaging import images
from segen.models.segmentation.maskrcnn import SlimMaskRCNN, segment
from segen.training import data as training_data
from segen.training import loop
from segen.training.recipe import Place
from segen.training.recipes import RECIPES
from segen.training.recipes.instances import Instances, InstancesConfig, targets
from tests.known_instances import CARD, SYNTHETIC, Found, whole
from tests.sentences import exactly

pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning:pycocotools.mask")


def test_targets_are_the_boxes_and_masks_of_the_numbers() -> None:
    numbers = np.zeros((12, 16), np.int64)
    numbers[2:5, 3:9], numbers[8:12, 14:16], numbers[0, 2:9] = 7, 300, 4
    given = targets(torch.from_numpy(numbers))
    assert given["boxes"].tolist() == [[3, 2, 9, 5], [14, 8, 16, 12]], "the sliver, 4, is left out"
    assert (given["masks"].numpy() == (numbers == np.array([7, 300])[:, None, None])).all()
    assert given["labels"].tolist() == [1, 1]
    none = targets(torch.zeros((4, 6), dtype=torch.int64))
    assert (none["boxes"].shape, none["masks"].shape) == ((0, 4), (0, 4, 6))


def test_a_learned_mask_comes_back_in_its_place() -> None:
    """What torchvision cuts out to learn from, spread again, is the mask: not half a pixel beside it."""
    numbers = torch.from_numpy(scenes.numbered_nuclei(3)[1]).repeat_interleave(2, 0).repeat_interleave(2, 1)
    given = targets(numbers)
    boxes, masks = given["boxes"], given["masks"].float()
    learned = project_masks_on_boxes(masks, boxes, torch.arange(len(boxes)), 28)[:, None]
    network = Found({"boxes": boxes, "labels": given["labels"], "masks": learned})
    found = segment(network, np.zeros((256, 256, 3), np.uint8), 1024).instances
    assert found is not None
    assert len(found) == len(boxes) > 5
    for instance, mask in zip(found, masks[:, ::2, ::2].numpy() > 0, strict=True):
        inside = whole(instance, (256, 256))
        assert (inside & mask).sum() / (inside | mask).sum() > 0.9


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InstancesConfig:
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path))
    monkeypatch.delenv("SEGEN_DATA", raising=False)
    monkeypatch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 3, "val": 1})
    return InstancesConfig("small", steps=2, batch_size=2, crop=64, seen=64, max_side=128, evaluate_every=2)


def test_training_moves_what_is_not_frozen(small: InstancesConfig) -> None:
    recipe = Instances(small, SYNTHETIC)
    before = {name: value.clone() for name, value in recipe.network.state_dict().items()}
    folder = loop.fit(recipe, SYNTHETIC)
    for name, value in recipe.network.state_dict().items():
        part = name.removeprefix("backbone.encoder.")
        fixed = "running" in name or "num_batches" in name
        fixed |= part != name and int(part.split(".")[0]) < small.frozen
        if fixed or name.endswith("weight"):
            assert torch.equal(before[name], value) == fixed, name
    lines = [json.loads(line) for line in (folder.parent / "log.jsonl").read_text().splitlines()]
    parts = {"loss_classifier", "loss_box_reg", "loss_mask", "loss_objectness", "loss_rpn_box_reg"}
    assert lines[0].keys() == {"step", "loss"} | parts
    assert lines[0]["loss"] == pytest.approx(sum(lines[0][part] for part in parts), rel=1e-5)
    assert lines[-1].keys() == {"step", "val/mask_ap_50", "val/mask_ap"}
    assert isinstance(SlimMaskRCNN.from_pretrained(folder), SlimMaskRCNN)


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_without_instances_is_refused(small: InstancesConfig, tmp_path: Path, split: str) -> None:
    for each in ("train", "val"):
        numbers = np.zeros((64, 64), np.uint16)
        numbers[8:30, 8:30] = 0 if each == split else 7
        for kind, values in (("images", np.zeros((64, 64, 3), np.uint8)), ("masks", numbers)):
            (tmp_path / "nuclei" / each / kind).mkdir(parents=True)
            (tmp_path / "nuclei" / each / kind / "a.png").write_bytes(images.encode(values))
    with pytest.raises(DataError, match=exactly("split_without_instances", split=split)):
        Instances(small, Place(data=str(tmp_path)))


def test_a_crop_without_a_nucleus_is_learned_from(small: InstancesConfig) -> None:
    recipe = Instances(small, SYNTHETIC)
    losses: list[torch.Tensor] = []
    recipe.network.train()
    batch = torch.zeros((2, 3, 64, 64)), torch.zeros((2, 64, 64), dtype=torch.int64)
    recipe.step(recipe.networks, batch, lambda name, loss: losses.append(loss))
    losses[0].backward()
    assert torch.isfinite(losses[0])


def test_the_encoder_starts_from_that_of_another_card(small: InstancesConfig, weights: Path) -> None:
    from segen.models.weights import read_tensors

    recipe = Instances(small, replace(SYNTHETIC, init="unet-nuclei"))
    shipped = read_tensors(weights / "unet-nuclei" / "model.safetensors")
    own = recipe.network.backbone.encoder.state_dict()
    assert len(own) > 250
    for name, value in own.items():
        assert torch.equal(value, shipped[f"encoder.features.{name}"].to(value.dtype)), name


def test_the_recipe_is_the_cards() -> None:
    config = RECIPES[CARD.name]
    assert isinstance(config, InstancesConfig)
    assert config.max_side == CARD.options.max_side
