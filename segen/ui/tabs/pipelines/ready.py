"""Ready-made chains to start from, each with the example that it begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from markupsafe import Markup

from segen.data.synthetic.scenes import TREE
from segen.evaluation.pipelines.recipe import Recipe, RecipeStep
from segen.imaging import images
from segen.ui.framework.data_uri import data_uri
from segen.ui.framework.templates import render
from segen.ui.widgets.examples import MAPS, MASKS, PAGODA, PARIS, Example

STREETS, PHOTOGRAPHER, SEASONS = "unet-camvid", "pix2pix-camvid-photo", "cyclegan-yosemite"


@dataclass(frozen=True)
class Ready:
    """A chain, and the picture that it begins with, None where it generates one.

    Its title is the sentence `pipelines.ready_NAME` of the catalogue.
    """

    recipe: Recipe
    example: Example | None = None


def _translate(model: str, source: Any = "image", mask: int | None = None, **options: Any) -> RecipeStep:
    return RecipeStep("translate", model, options, source, mask)


def _segment(model: str, source: Any = "image") -> RecipeStep:
    return RecipeStep("segment", model, {}, source)


READY: Mapping[str, Ready] = {
    "street": Ready(Recipe((_translate(PHOTOGRAPHER, seed=1), _segment(STREETS, 0))), MAPS[1]),
    "nuclei": Ready(Recipe((_translate("pix2pix-nuclei"), _segment("maskrcnn-nuclei", 0))), MASKS[0]),
    "seasons": Ready(
        Recipe((_segment(STREETS), _translate(SEASONS, "image", 0, **{"class": TREE}), _segment(STREETS, 1))),
        PAGODA,
    ),
    "round": Ready(
        Recipe((_segment(STREETS), _translate(PHOTOGRAPHER, 0, seed=1), _segment(STREETS, 1))), PARIS
    ),
    "landscape": Ready(
        Recipe(
            (
                RecipeStep("generate", "dcgan-yosemite", {"seed": 55}),
                _translate(SEASONS, 0),
                RecipeStep("cluster", "kmeans", {"k": 4}, 1),
            )
        )
    ),
}
"""By the names that links give them; the first is there when the tab is opened."""


def ready_buttons(language: str) -> Markup:
    """The chains as HTML buttons with `data-chain`, each with a thumbnail, a title and its models."""
    chains = [
        (name, _thumbnail(name), [step.card.title[language] for step in ready.recipe.steps])
        for name, ready in READY.items()
    ]
    return render("tabs/pipelines/ready.html", chains=chains, language=language)


@cache
def _thumbnail(name: str) -> str:
    example = READY[name].example
    if example is None:
        return ""
    return data_uri(images.encode(images.fit(example.draw(), 120), "JPEG", quality=80), "image/jpeg")
