"""Every recipe by the name of its card: a configuration, and the class that trains it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segen.training.recipe import Config, Place, Recipe
from segen.training.recipes import (
    classifier,
    cyclegan,
    diffusion,
    gan,
    instances,
    paired,
    pix2pix,
    segmentation,
    vae,
)

FAMILIES: dict[type[Config], Callable[[Any, Place], Recipe]] = {
    segmentation.SegmentationConfig: segmentation.Segmentation,
    pix2pix.LabelGanConfig: pix2pix.LabelGan,
    cyclegan.CycleConfig: cyclegan.CycleGan,
    paired.PairedConfig: paired.Paired,
    instances.InstancesConfig: instances.Instances,
    gan.GanConfig: gan.Gan,
    vae.VaeConfig: vae.VaeRecipe,
    diffusion.DiffusionConfig: diffusion.Diffusion,
    classifier.ClassifierConfig: classifier.ClassifierRecipe,
}
"""What trains each kind of configuration."""
RECIPES: dict[str, Config] = {
    config.name: config
    for family in (segmentation, pix2pix, cyclegan, paired, instances, gan, vae, diffusion, classifier)
    for config in family.CONFIGS
}


def build(config: Config, place: Place) -> Recipe:
    """The recipe that trains `config`. Raises SegenError when its data or starting weights are missing."""
    return FAMILIES[type(config)](config, place)
