"""The model cards: what Segen can do, read from `cards/*.toml` and from the metrics beside the weights.

This module imports no torch, so that listing models costs nothing.
"""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

from segen.errors import CardError

Task = Literal["segment", "cluster", "generate", "translate"]
TASKS: tuple[Task, ...] = get_args(Task)
Words = dict[str, str]


def weights_root() -> Path:
    """The folder that holds one weights folder for each card: `$SEGEN_WEIGHTS`, else `assets/weights`."""
    chosen = os.environ.get("SEGEN_WEIGHTS")
    return Path(chosen) if chosen else Path(__file__).resolve().parent.parent / "assets" / "weights"


@dataclass(frozen=True)
class ClassInfo:
    """One class of a label map: the id in the masks, its name by language, its colour in RGB, 0 to 255.

    An `ignored` class ("unlabelled") stands in masks only: no network predicts it, no metric counts it.
    """

    id: int
    name: Words
    color: tuple[int, int, int]
    ignored: bool = False


@dataclass(frozen=True)
class ModelCard:
    """What one model is, in two languages, and where its loader stands.

    `input_size` is (height, width) in pixels, the size that `multiply_adds` and the metrics refer to.
    `loader` names a function `module:function` in `segen.models`; `options` are the loader's own.
    `licence` has "weights", "data" and "credit". `multiply_adds` is in units of one, not millions.
    """

    name: str
    task: Task
    title: Words
    summary: Words
    architecture: str
    dataset: str
    source: str
    loader: str
    training: str
    checkpoint: Words
    input_size: tuple[int, int]
    parameters: int
    multiply_adds: int
    licence: dict[str, str]
    classes: tuple[ClassInfo, ...] = ()
    directions: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def weights(self) -> Path:
        """The folder of this card's weights; it may not be there."""
        return weights_root() / self.name

    def metrics(self) -> dict[str, Any]:
        """What `segen evaluate --write` measured, by split; empty before it has run."""
        path = self.weights / "metrics.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def palette(self) -> tuple[tuple[int, int, int], ...]:
        """The colour of each class id from 0 to the highest, black where an id has no class."""
        colors = {known.id: known.color for known in self.classes}
        return tuple(colors.get(id, (0, 0, 0)) for id in range(max(colors, default=-1) + 1))


@cache
def _datasets() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("segen").joinpath("datasets.toml").read_text(encoding="utf-8"))


@cache
def dataset_classes(dataset: str) -> tuple[ClassInfo, ...]:
    """The classes in the masks of a data set that the cards know, the ignored one last; else empty."""
    return _classes(_datasets().get(dataset, {}).get("classes", []))


def _classes(entries: list[dict[str, Any]]) -> tuple[ClassInfo, ...]:
    return tuple(
        ClassInfo(entry["id"], entry["name"], tuple(entry["color"]), entry.get("ignored", False))
        for entry in entries
    )


@cache
def _read_all() -> dict[str, ModelCard]:
    found: dict[str, ModelCard] = {}
    for file in sorted(files("segen").joinpath("cards").iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            name = file.name.removesuffix(".toml")
            found[name] = _parse(name, tomllib.loads(file.read_text(encoding="utf-8")))
    return found


def _parse(name: str, fields: dict[str, Any]) -> ModelCard:
    dataset = _datasets().get(fields["dataset"], {})
    classes = _classes(fields.pop("classes", [])) or dataset_classes(fields["dataset"])
    licence = {"data": dataset.get("licence", ""), "credit": dataset.get("credit", "")}
    height, width = fields.pop("input_size")
    return ModelCard(
        name=name,
        classes=tuple(known for known in classes if not known.ignored),
        input_size=(height, width),
        directions=tuple(fields.pop("directions", [])),
        licence={**licence, **fields.pop("licence")},
        **fields,
    )


def cards(task: Task | None = None) -> list[ModelCard]:
    """All cards in order of name, or those of one task."""
    return [card for card in _read_all().values() if task is None or card.task == task]


def card(name: str, task: Task | None = None) -> ModelCard:
    """The card of that name. Raises CardError for any other string, a path included, or another task."""
    try:
        found = _read_all()[name]
    except KeyError:
        raise CardError("unknown_card", known=", ".join(_read_all())) from None
    if task not in (None, found.task):
        known = ", ".join(card.name for card in cards(task))
        raise CardError("wrong_task", model=name, task=task, known=known)
    return found


def describe(card: ModelCard) -> dict[str, Any]:
    """The card as plain JSON values, with its metrics: what `segen models --json` and `/models` give."""
    return {
        "name": card.name,
        "task": card.task,
        "title": card.title,
        "summary": card.summary,
        "architecture": card.architecture,
        "dataset": card.dataset,
        "classes": [
            {"id": known.id, "name": known.name, "color": list(known.color)} for known in card.classes
        ],
        "directions": list(card.directions),
        "input_size": list(card.input_size),
        "parameters": card.parameters,
        "multiply_adds": card.multiply_adds,
        "licence": card.licence,
        "source": card.source,
        "training": card.training,
        "checkpoint": card.checkpoint,
        "metrics": card.metrics(),
    }
