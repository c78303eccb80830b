"""Recipes: what a chain of models does, as data that is checked before anything runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from segen import registry
from segen.errors import InputError, SegenError
from segen.evaluation.pipelines.options import check_options
from segen.imaging.png_text import SIGNATURE, text_in
from segen.registry import TASKS, ModelCard, Task

VERSION = 1
"""Of the form of recipes."""
MAX_STEPS = 20
MAX_CHARACTERS = 100_000
KEYWORD = "segen-recipe"
"""Of the text in a PNG file that holds the recipe it was made by."""
IMAGE: Literal["image"] = "image"
"""The input of a step that works on the picture that is given."""


@dataclass(frozen=True)
class RecipeStep:
    """One model at work: on the given picture or on what step `input` made, within a region of step `mask`.

    Steps are numbered from 0. A step that generates works on nothing, whatever its `input` says. `options`
    are as they were given; `options.OF_TASK` tells the others' defaults.
    """

    task: Task
    model: str
    options: dict[str, Any] = field(default_factory=dict)
    input: int | Literal["image"] = IMAGE
    mask: int | None = None

    @property
    def card(self) -> ModelCard:
        """The model's card."""
        return registry.card(self.model, self.task)


@dataclass(frozen=True)
class Recipe:
    """The steps of a chain, in the order they run."""

    steps: tuple[RecipeStep, ...]

    @property
    def takes_image(self) -> bool:
        """Whether a step works on a picture that is given."""
        return any(step.input == IMAGE and step.task != "generate" for step in self.steps)

    def plain(self) -> dict[str, Any]:
        """The recipe as JSON values."""
        return {"version": VERSION, "steps": [asdict(step) for step in self.steps]}

    def text(self) -> str:
        """The recipe as JSON in ASCII."""
        return json.dumps(self.plain())


def read_file(path: Path) -> Recipe:
    """The recipe in a JSON file, or in a picture that was made by one. Raises InputError."""
    try:
        content = path.read_bytes()
    except OSError:
        if not path.exists():
            raise InputError("no_such_file") from None
        raise InputError("file_unreadable") from None
    if content.startswith(SIGNATURE):
        return parse(text_in(content, KEYWORD) or "")
    return parse(content.decode("utf-8-sig", "replace"))


def parse(given: object) -> Recipe:
    """A recipe from JSON text or values, checked. Raises InputError, which names the step at fault."""
    if isinstance(given, str):
        given = _decoded(given)
    if not isinstance(given, dict) or not isinstance(given.get("steps"), list):
        raise InputError("recipe_form")
    version = given.get("version")
    if type(version) is not int or version < 1:
        raise InputError("recipe_form")
    if version > VERSION:
        raise InputError("recipe_newer", version=version, known=VERSION)
    if not 1 <= len(given["steps"]) <= MAX_STEPS:
        raise InputError("recipe_steps", count=f"{len(given['steps']):,}", most=MAX_STEPS)
    if stray := sorted(set(given) - {"version", "steps"}):
        raise InputError("recipe_key", name=str(stray[0])[:40], known="version, steps")
    steps: list[RecipeStep] = []
    for index, each in enumerate(given["steps"]):
        try:
            steps.append(_step(each, steps))
        except SegenError as reason:
            raise InputError("recipe_step", step=index, reason=reason) from None
    return Recipe(tuple(steps))


def _decoded(text: str) -> object:
    if len(text) > MAX_CHARACTERS:
        raise InputError("recipe_too_long", most=f"{MAX_CHARACTERS:,}")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InputError("recipe_not_json") from None


def _step(given: object, before: Sequence[RecipeStep]) -> RecipeStep:
    """One step, which may look back at those `before` it. Raises SegenError."""
    known = list(RecipeStep.__dataclass_fields__)
    if not isinstance(given, dict):
        raise InputError("recipe_key", name="", known=", ".join(known))
    if stray := sorted(set(given) - set(known)):
        raise InputError("recipe_key", name=str(stray[0])[:40], known=", ".join(known))
    task, model, options = given.get("task"), given.get("model"), given.get("options", {})
    if task not in TASKS:
        raise InputError("unknown_task", known=", ".join(TASKS))
    card = registry.card(model if isinstance(model, str) else "", cast(Task, task))
    if not isinstance(options, dict):
        raise InputError("recipe_options")
    source, mask = given.get("input", IMAGE), given.get("mask")
    if source != IMAGE and not _is_earlier(source, before):
        raise InputError("recipe_input")
    if mask is not None:
        labelled = _is_earlier(mask, before) and before[mask].task in ("segment", "cluster")
        if not labelled or task != "translate":
            raise InputError("recipe_mask")
    check_options(card, options, mask is not None)
    _check_class(options, mask, before)
    return RecipeStep(card.task, card.name, options, source, mask)


def _is_earlier(number: object, before: Sequence[RecipeStep]) -> bool:
    return type(number) is int and 0 <= number < len(before)


def _check_class(options: dict[str, Any], mask: int | None, before: Sequence[RecipeStep]) -> None:
    """Raise InputError for a class that the segmentation of the mask does not know."""
    wanted = options.get("class")
    if mask is None or wanted is None or before[mask].task == "cluster":
        return
    classes = before[mask].card.classes
    if wanted not in [known.id for known in classes]:
        raise InputError("unknown_label", known=", ".join(known.name["en"] for known in classes))
