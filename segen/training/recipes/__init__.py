"""Every recipe by the name of its card: a configuration, and the class that trains it."""

from __future__ import annotations

from segen.training.recipe import Config, Place, Recipe
from segen.training.recipes import segmentation

RECIPES: dict[str, Config] = {config.name: config for config in segmentation.CONFIGS}


def build(config: Config, place: Place) -> Recipe:
    """The recipe that trains `config`. Raises SegenError when its data or starting weights are missing."""
    assert isinstance(config, segmentation.SegmentationConfig)
    return segmentation.Segmentation(config, place)
