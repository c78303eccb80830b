"""The files of a chain: a picture for each step, and what the command of its task writes beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from segen.evaluation.pipelines.agreement import agreement
from segen.evaluation.pipelines.recipe import KEYWORD, Recipe
from segen.evaluation.pipelines.runner import Outcome
from segen.imaging import export
from segen.imaging.png_text import with_text
from segen.types import Clustering, Generation, Segmentation, Translation


def endings(recipe: Recipe) -> list[str]:
    """What may stand behind the stem of a picture's name in the files of a recipe."""
    beside = (*export.SEGMENTATION_ENDINGS, export.INSTANCES_ENDING)
    return [f".{index}{ending}" for index in range(len(recipe.steps)) for ending in (".png", *beside)]


def contents(recipe: Recipe, outcome: Outcome, language: str = "en") -> dict[str, bytes]:
    """The content of each file of a step by its ending: `.N.png`, and of labels `.N.labels.png` and so on.

    `.N.png` is what later steps see, of labels the palette PNG; every PNG holds the recipe as text.
    """
    found, value = {".png": _picture(outcome)}, outcome.value
    if isinstance(value, Segmentation | Clustering) and outcome.given is not None:
        found |= export.contents(outcome.card, outcome.given, value, language)
    return {
        f".{outcome.index}{ending}": with_text(content, KEYWORD, recipe.text())
        if ending.endswith(".png")
        else content
        for ending, content in found.items()
    }


def _picture(outcome: Outcome) -> bytes:
    value = outcome.value
    if isinstance(value, Generation):
        return export.picture_file(value, 0)[1]
    if isinstance(value, Translation):
        return export.translated_file(value)
    return export.labels_png(outcome.card, value.labels)


def report(recipe: Recipe, outcomes: Sequence[Outcome], names: Sequence[Sequence[str]]) -> dict[str, Any]:
    """A recipe that was carried out as JSON values: {version, recipe, steps: [{model, files, agreement, …}]}.

    `names` are those of each step's files. `agreement` is null where no map was translated before. A step of
    labels has `regions` as regions.json has them, one that generates the `label` of its picture.
    """
    steps = []
    for outcome, files in zip(outcomes, names, strict=True):
        value, found = outcome.value, agreement(recipe, outcomes, outcome.index)
        step: dict[str, Any] = {"model": outcome.card.name, "files": list(files)}
        step["agreement"] = asdict(found) if found else None
        if isinstance(value, Segmentation | Clustering):
            step["regions"] = export.regions(outcome.card, value)
        if isinstance(value, Generation):
            step["label"] = value.labels[0] if value.labels else None
        steps.append(step)
    return {"version": 1, "recipe": recipe.plain(), "steps": steps}
