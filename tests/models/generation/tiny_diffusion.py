"""A card and a recipe of a tiny network that diffuses."""

from __future__ import annotations

from typing import Any

from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.registry import ModelCard, dataset_classes
from segen.registry.options import DiffusionOptions
from segen.training.recipe import Place
from segen.training.recipes.diffusion import DiffusionConfig
from segen.types import (
    GenerateRequest,
)

NOTHING = {"en": "", "zh": ""}
CARD = ModelCard(
    "tiny-ddpm", "generate", {"en": "Tiny", "zh": "小"}, {"en": "t", "zh": "t"}, NOTHING, "fashion", NOTHING,
    "segen.models.generation.diffusion:load", "", {"en": "", "zh": ""}, (28, 28), 1, 1,
    {"weights": NOTHING, "data": NOTHING, "credit": NOTHING}, dataset_classes("fashion"),
    options=DiffusionOptions(grey=True, conditional=True),
)  # fmt: skip
TINY = DiffusionConfig("tiny-ddpm", batch_size=4, channels=(4, 8), groups=2)
SYNTHETIC = Place(data="synthetic")
PICTURE = scenes.street(0, 60, 90)[0]


def drawn(engine: Engine, seeds: Any, **options: Any) -> Any:
    return engine.run(CARD.name, GenerateRequest(seeds, **{"steps": 3, **options})).value
