"""Generators of photographs that are built on the encoder of a segmentation card."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from segen.errors import UsageError
from segen.models import weights
from segen.models.translation.unet import UnetGenerator
from segen.training import data as training_data
from segen.training import feature_discriminator, start
from segen.training.recipe import Place
from segen.training.recipes import RECIPES
from segen.training.recipes.cyclegan import CycleGan
from tests.sentences import exactly

CONFIG = replace(
    RECIPES["cyclegan-yosemite"], side=64, discriminator_channels=8, lr=0.1, feature_discriminator=""
)


def test_generators_on_a_trained_encoder_begin_by_changing_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the encoder learns, too, but its batch norm stays as it is."""
    monkeypatch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 3, "val": 2})
    recipe = CycleGan(CONFIG, Place(data="synthetic"))
    generator: Any = recipe.generators["a_to_b"]
    own = {name: tensor.clone() for name, tensor in generator.encoder.state_dict().items()}
    shipped = start.shipped("unet-camvid")
    assert all(torch.equal(tensor, shipped[f"encoder.{name}"]) for name, tensor in own.items())
    batch = [torch.stack(part) for part in zip(recipe.train[0], recipe.train[1], strict=True)]
    assert torch.equal(generator(batch[0]), batch[0])
    recipe.generators.train()
    optimizer = recipe.optimizers()["generators"]
    for _ in range(2):  # in the first, gradients end at the last layer, which is 0
        optimizer.zero_grad()
        recipe.step(recipe.networks, batch, lambda name, loss: name == "generators" and loss.backward())
        optimizer.step()
    assert not torch.equal(generator(batch[0]), batch[0])
    changed = {
        name for name, tensor in generator.encoder.state_dict().items() if not torch.equal(tensor, own[name])
    }
    assert {name for name in changed if "running" in name or "tracked" in name} == set()
    assert len(changed) > 100


@pytest.mark.parametrize("size", [(32, 32), (48, 112)])
def test_what_it_draws_is_as_large_and_alike_when_it_is_loaded(size: tuple[int, int], tmp_path: Path) -> None:
    torch.manual_seed(0)
    generator = UnetGenerator().eval()
    torch.nn.init.normal_(generator.last.weight, std=0.1)
    pixels = torch.rand(1, 3, *size) * 2 - 1
    with torch.no_grad():
        drawn = generator(pixels)
        assert drawn.shape == pixels.shape
        assert not torch.equal(drawn, pixels)
        generator.save_pretrained(tmp_path)
        again = weights.network(UnetGenerator, tmp_path).eval()
        assert torch.equal(again(pixels), drawn)


def test_what_has_no_such_encoder_cannot_aid_or_draw() -> None:
    with pytest.raises(UsageError, match=exactly("other_encoder", model="vgg16-nuclei")):
        feature_discriminator.encoder("vgg16-nuclei")
    with pytest.raises(UsageError, match=exactly("other_encoder", model="vgg16-nuclei")):
        CycleGan(replace(CONFIG, encoder="vgg16-nuclei"), Place(data="synthetic"))
