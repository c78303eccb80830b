"""Cards of small untrained translators, and pictures for them."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from segen import registry
from segen.imaging import images
from segen.registry import ModelCard
from segen.training import data as training_data
from segen.training.recipe import Place
from segen.training.recipes import RECIPES, build
from segen.types import Image

TOML = """
task = "translate"
title = {en = "Small", zh = "小"}
summary = {en = "Small.", zh = "小。"}
checkpoint = {en = "Last.", zh = "末。"}
architecture = "small"
source = "none"
training = ""
parameters = 0
multiply_adds = 0
loader = "segen.models.translation.predictor:load"
licence = {weights = "CC0"}
"""
NUCLEI = """
dataset = "nuclei"
directions = ["forward", "backward"]
input_size = [256, 256]
[options]
domains = [{en = "a", zh = "a"}, {en = "b", zh = "b"}]
scale = 0.5
grey = ["forward", "backward"]
given = {forward = "microscopy", backward = "grey"}
measure = {masks = "forward"}
"""
EMOJI = """
dataset = "emoji"
directions = ["forward"]
input_size = [64, 64]
[options]
domains = [{en = "a", zh = "a"}, {en = "b", zh = "b"}]
whole = true
given = {forward = "lines"}
measure = {drawings = "forward"}
"""
STREETS = """
dataset = "camvid"
directions = ["forward"]
input_size = [192, 256]
[options]
domains = [{en = "a", zh = "a"}, {en = "b", zh = "b"}]
whole = true
given = {forward = "labels"}
measure = {streets = "forward"}
"""
SMALL = {"channels": 4, "blocks": 1, "discriminator_channels": 4}
PHOTOGRAPHS = registry.card("cyclegan-yosemite", "translate").options
CARDS = {
    "small-nuclei": ("cyclegan-nuclei", NUCLEI, {"side": 32, "history": 2}),
    "small-emoji": ("pix2pix-emoji", EMOJI, {}),
    "small-streets": ("pix2pix-camvid-photo", STREETS, {"side": 64}),
}


def card_of(name: str) -> ModelCard:
    return registry.parse(name, tomllib.loads(TOML + CARDS[name][1]))


def noise(height: int, width: int) -> Image:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


class Fixed(nn.Module):
    """Draws what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels


def write(folder: Path, name: str, image: Image) -> Path:
    path = folder / name
    path.write_bytes(images.encode(image))
    return path


def write_weights(root: Path) -> None:
    """Write the untrained weights of all CARDS below `root`."""
    for name, (recipe, _, options) in CARDS.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 1, "val": 1})
            built = build(replace(RECIPES[recipe], name=name, **SMALL, **options), Place(data="synthetic"))
        built.export(built.networks, root / name)
