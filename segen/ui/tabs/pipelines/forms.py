"""Recipes as the page edits them: the models with their settings, and recipes to and fro.

The page holds whole numbers as text where a browser's numbers, exact up to 2^53, do not reach.
"""

from __future__ import annotations

from typing import Any

from segen import registry
from segen.evaluation.pipelines.options import (
    OF_MASK,
    OF_TASK,
    Choice,
    Kind,
    Real,
    Whole,
    known_options,
)
from segen.evaluation.pipelines.recipe import MAX_STEPS, VERSION, Recipe, parse
from segen.registry import TASKS, ModelCard
from segen.text import words
from segen.types import SAMPLER_TITLES

MAX_DIGITS = 19
"""Of a seed."""


def offered(language: str) -> dict[str, Any]:
    """What a chain can be made of, as JSON values: each model with its settings, in words.

    `models` has {name, task, title, fields, classes} in order of task and name; a field is {name, label,
    kind, initial} with `low` and `high` of a number, or the `choices` of a list as [value, words].
    """
    models = [
        {
            "name": card.name,
            "task": card.task,
            "title": card.title[language],
            "fields": [_field(card, name, language) for name in _shown_options(card)],
            "classes": [[str(known.id), known.title(language)] for known in card.classes],
        }
        for task in TASKS
        for card in registry.cards(task)
    ]
    return {
        "models": models,
        "tasks": [[task, words(language, f"tasks.{task}")] for task in TASKS],
        "mask": [_field(None, name, language) for name in OF_MASK],
        "most": MAX_STEPS,
    }


def _shown_options(card: ModelCard) -> list[str]:
    """The options of a card that change what it makes."""
    if card.task == "cluster":
        return [*card.options.controls, "space", "position"]
    diffuses = card.task == "generate" and card.options.diffusion
    has = {
        "seed": card.task == "generate" or (card.task == "translate" and bool(card.options.paints)),
        "label": card.conditional,
        **dict.fromkeys(("sampler", "steps"), diffuses),
        "guidance": diffuses and card.conditional,
        "direction": len(card.directions) > 1,
        "strength": card.task == "translate",
    }
    return [name for name, there in has.items() if there]


def _field(card: ModelCard | None, name: str, language: str) -> dict[str, Any]:
    kind: Kind = OF_TASK[card.task][name] if card else OF_MASK[name]
    field: dict[str, Any] = {
        "name": name,
        "label": words(language, f"pipelines.option_{name}"),
        "initial": _initial(card, name, kind),
    }
    if isinstance(kind, Choice):
        choices = [[each, _choice(card, name, each, language)] for each in kind.known]
        return field | {"kind": "list", "choices": choices}
    if name == "label" and card:
        known = [[str(each.id), each.name[language]] for each in card.classes]
        return field | {"kind": "list", "choices": [["", words(language, "pipelines.any")], *known]}
    if name == "class":
        return field | {"kind": "class", "choices": [["", words(language, "pipelines.all_classes")]]}
    if name == "seed":
        return field | {"kind": "seed"}
    assert isinstance(kind, Whole | Real), "labels are lists"
    bounds = {"low": kind.low, "high": kind.high}
    return field | {"kind": "whole" if isinstance(kind, Whole) else "number"} | bounds


def _initial(card: ModelCard | None, name: str, kind: Kind) -> Any:
    if card and name == "direction":
        return card.options.leads
    return _as_shown(kind.default)


def _choice(card: ModelCard | None, name: str, value: str, language: str) -> str:
    """A choice in words."""
    if card and name == "direction":
        return str(card.options.way(value, language))
    if name == "sampler":
        return SAMPLER_TITLES[value]
    return value.upper() if name == "space" else words(language, f"pipelines.{name}_{value}")


def _as_shown(value: Any) -> Any:
    """An option as the page holds it: whole numbers as text, and nothing as an empty text."""
    return "" if value is None else str(value) if type(value) is int else value


def shown(recipe: Recipe) -> dict[str, Any]:
    """A recipe as the page holds it, every option of a step spelled out."""
    steps = []
    for step in recipe.steps:
        known = known_options(step.task, step.mask is not None)
        names = [*_shown_options(step.card), *(OF_MASK if step.mask is not None else ())]
        options = {name: known[name].default for name in names} | step.options
        if options.get("label") is not None:
            options["label"] = registry.class_id(step.card, str(options["label"]))
        plain = {"task": step.task, "model": step.model, "input": step.input, "mask": step.mask}
        steps.append(plain | {"options": {name: _as_shown(value) for name, value in options.items()}})
    return {"version": VERSION, "steps": steps}


def asked(given: object) -> Recipe:
    """The recipe that the page holds. Raises InputError, as `parse` does."""
    if isinstance(given, dict) and isinstance(given.get("steps"), list):
        given = {**given, "steps": [_read(step) for step in given["steps"]]}
    return parse(given)


def _read(step: object) -> object:
    if not isinstance(step, dict) or not isinstance(step.get("options"), dict):
        return step
    return {**step, "options": {name: _value(value) for name, value in step["options"].items()}}


def _value(value: object) -> object:
    """An option that the page holds, as a recipe does."""
    if isinstance(value, str) and value.isdecimal() and len(value) <= MAX_DIGITS:
        return int(value)
    return None if value == "" else value
