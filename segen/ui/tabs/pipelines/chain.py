"""The chain on the page: its value, and what a run puts beside its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import gradio as gr
import numpy as np

from segen.evaluation.pipelines.agreement import agreement
from segen.evaluation.pipelines.recipe import Recipe
from segen.evaluation.pipelines.runner import Outcome
from segen.imaging import formats
from segen.registry import ModelCard
from segen.text import device_name, words
from segen.types import Clustering, Labels, Segmentation
from segen.ui.framework.component import component
from segen.ui.framework.downloads import saved
from segen.ui.tabs.pipelines.forms import offered, shown

MOST_REGIONS = 4
"""So many of the largest are named below a step of labels."""


def chain_editor(**options: Any) -> gr.HTML:
    """A chain to edit; its value is what `contents` returns, with the `recipe` as it was edited since."""
    return component("chain", **options)


def contents(recipe: Recipe, language: str, name: str = "", runs: bool = False) -> dict[str, Any]:
    """A chain that is opened, as JSON values, in place of the one before, which can be had again by undo.

    `name` is that of a recipe's file when it is saved; with `runs` it is carried out as soon as it is seen.
    """
    return {
        **offered(language),
        "opened": uuid4().hex,
        "recipe": shown(recipe),
        "name": name or "chain",
        "runs": runs,
        "results": [],
    }


def with_results(value: Mapping[str, Any], ran: object, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The chain as the page sent it, with the results of what was asked for then."""
    return {**value, "ran": ran, "runs": False, "results": list(results)}


def result(
    recipe: Recipe, outcomes: Sequence[Outcome], files: Mapping[str, bytes], language: str
) -> dict[str, Any]:
    """What the page shows of the last of the outcomes, as JSON values; `files` are its files by name."""
    last = outcomes[-1]
    regions = []
    if isinstance(last.value, Segmentation | Clustering):
        regions = _regions(last.card, last.value.labels, language)
    paths = {name: saved(name, content) for name, content in files.items()}
    picture = next(name for name in paths if name.endswith(".overlay.png" if regions else ".png"))
    found = agreement(recipe, outcomes, last.index)
    height, width = last.picture.shape[:2]
    took = words(
        language,
        "pipelines.took",
        width=width,
        height=height,
        seconds=f"{last.run.seconds:.2f}",
        device=device_name(last.run.device),
    )
    return {
        "picture": paths[picture],
        "small": max(width, height) < 100,
        "files": [{"name": name, "path": path} for name, path in paths.items()],
        "took": took,
        "regions": regions,
        "agreement": found.sentence(language) if found else "",
    }


def _regions(card: ModelCard, labels: Labels, language: str) -> list[dict[str, Any]]:
    """The largest regions, by falling size."""
    shares = np.bincount(labels.ravel(), minlength=256) / labels.size
    present = [known for known in card.classes if shares[known.id]]
    present.sort(key=lambda known: -shares[known.id])
    return [
        {
            "name": known.title(language),
            "color": list(known.color),
            "share": f"{shares[known.id]:.0%}",
        }
        for known in present[:MOST_REGIONS]
    ]


def archive(files: Mapping[str, bytes], recipe: Recipe) -> bytes:
    """All files of a chain and its recipe as a ZIP file."""
    return formats.archive({**files, "recipe.json": f"{recipe.text()}\n".encode()})
