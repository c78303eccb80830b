"""The model cards: what Segen can do, read from `cards/*.toml` and from the metrics beside the weights.

This module imports no torch, so that listing models costs nothing.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Generic, Literal, get_args, overload

from typing_extensions import TypeVar

from segen.errors import CardError, InputError
from segen.registry import datasets
from segen.registry.datasets import ClassInfo as ClassInfo
from segen.registry.datasets import dataset_classes as dataset_classes
from segen.registry.datasets import dataset_folder as dataset_folder
from segen.registry.datasets import dataset_title as dataset_title
from segen.registry.options import (
    ClusterOptions,
    GenerateOptions,
    Options,
    SegmentOptions,
    TranslateOptions,
    Words,
    read,
)
from segen.registry.reached import Reached as Reached
from segen.registry.reached import main_figure
from segen.text import LANGUAGES

Task = Literal["segment", "cluster", "generate", "translate"]
TASKS: tuple[Task, ...] = get_args(Task)
AnyOptions = TypeVar("AnyOptions", bound=Options, default=Any)
MEASURING = ("classifier-fashion",)
"""Weights that ship to measure what cards make, and belong to none."""
SEGMENT_MODELS = ("unet-animals", "unet-camvid", "maskrcnn-nuclei")
"""The card that is offered for each kind of picture, the one that segments where none is named first."""
SEGMENT_MODEL = SEGMENT_MODELS[0]
TEACH_MODEL = "deeplabv3plus-animals"
"""The card whose network tells pixel classifiers what a pixel is like."""
MULTIPLES: dict[Task, int] = {"segment": 32, "translate": 16}
"""By task, what every side of a network's input must be a multiple of."""
INT8 = "int8.onnx"
"""Beside the weights of what segments: a copy of the network in whole numbers of 8 bits."""
FLOAT32 = "+float32"
"""After a split: a report of the network itself, where that of the split is of the copy."""
FILM, SNAPSHOTS = "snapshots.webp", "snapshots.json"
"""Beside the weights of what generates: samples during its training, and what was logged."""


def weights_root() -> Path:
    """The folder that holds one weights folder for each card: `$SEGEN_WEIGHTS`, else `assets/weights`."""
    chosen = os.environ.get("SEGEN_WEIGHTS")
    return Path(chosen) if chosen else Path(__file__).resolve().parents[2] / "assets" / "weights"


@dataclass(frozen=True)
class ModelCard(Generic[AnyOptions]):
    """What one model is, in two languages, and where its loader stands.

    `input_size` is (height, width) in pixels, the size that `multiply_adds` and the metrics refer to.
    `loader` names a function `module:function` in `segen.models`; `options` are the loader's own, of a
    type in `segen.registry.options`.
    `licence` has "weights", "data" and "credit", each by language. `multiply_adds` is in units of one, not
    millions.
    """

    name: str
    task: Task
    title: Words
    summary: Words
    architecture: Words
    dataset: str
    source: Words
    loader: str
    training: str
    checkpoint: Words
    input_size: tuple[int, int]
    parameters: int
    multiply_adds: int
    licence: dict[str, Words]
    classes: tuple[ClassInfo, ...] = ()
    directions: tuple[str, ...] = ()
    options: AnyOptions = field(kw_only=True)
    folder: Path | None = field(default=None, kw_only=True)
    """Of the weights of a card that does not ship; see `segen.registry.folders`."""

    @property
    def weights(self) -> Path:
        """The folder of this card's weights; it may not be there."""
        return self.folder or weights_root() / self.name

    @property
    def conditional(self) -> bool:
        """Whether a class can be asked for, of a card that generates."""
        return isinstance(self.options, GenerateOptions) and self.options.conditional

    def metrics(self) -> dict[str, Any]:
        """What `segen evaluate --write` measured, by split; empty before it has run."""
        path = self.weights / "metrics.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def snapshots(self) -> dict[str, Any]:
        """The `steps` of the frames of FILM, and the `numbers` logged, by name; empty where none are kept."""
        path = self.weights / SNAPSHOTS
        kept = path.is_file() and (self.weights / FILM).is_file()
        return json.loads(path.read_text(encoding="utf-8")) if kept else {}

    def report(self) -> dict[str, Any]:
        """What was measured on the card's own data as it is, on val if it was; empty before."""
        reports: dict[str, dict[str, Any]] = self.metrics().get(self.dataset, {})
        plain = [report for kept, report in reports.items() if kept == report["split"]]
        return min(plain, key=lambda report: report["split"] != "val", default={})

    def int8(self) -> dict[str, float] | None:
        """Of a copy in 8 bits: its mean IoU on val, and "float32", that of the network; None without one."""
        if not (self.weights / INT8).is_file():
            return None
        reports = self.metrics().get(self.dataset, {})
        found = {"int8": reports.get("val"), "float32": reports.get(f"val{FLOAT32}")}
        return {name: report["metrics"]["mean_iou"] for name, report in found.items() if report}

    def int8_figures(self) -> dict[str, str]:
        """What `int8` gives, as it is written; empty where it was not measured, too."""
        found = self.int8() or {}
        return {name: f"{value:.4f}" for name, value in found.items()} if len(found) == 2 else {}

    def reached(self) -> Reached | None:
        """The main figure of `report`; None where none was measured."""
        second = self.classes[1].name if len(self.classes) == 2 else {}
        return main_figure(self.report(), self.name, second)

    def palette(self) -> tuple[tuple[int, int, int], ...]:
        """The colour of each class id from 0 to the highest, black where an id has no class."""
        colors = {known.id: known.color for known in self.classes}
        return tuple(colors.get(id, (0, 0, 0)) for id in range(max(colors, default=-1) + 1))


@cache
def _read_all() -> dict[str, ModelCard]:
    found: dict[str, ModelCard] = {}
    for file in sorted(files(__name__).joinpath("cards").iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            name = file.name.removesuffix(".toml")
            found[name] = parse(name, tomllib.loads(file.read_text(encoding="utf-8")))
    return found


def parse(name: str, fields: dict[str, Any]) -> ModelCard:
    """A card from its table. Raises CardError for options that its loader does not know."""
    dataset = datasets.known().get(fields["dataset"], {})
    classes = datasets.classes(fields.pop("classes", [])) or dataset_classes(fields["dataset"])
    licence = {part: dataset.get(field, "") for part, field in (("data", "licence"), ("credit", "credit"))}
    licence |= fields.pop("licence")
    height, width = fields.pop("input_size")
    return ModelCard(
        name=name,
        classes=tuple(known for known in classes if not known.ignored),
        input_size=(height, width),
        directions=tuple(fields.pop("directions", [])),
        architecture=_by_language(fields.pop("architecture")),
        source=_by_language(fields.pop("source")),
        licence={part: _by_language(text) for part, text in licence.items()},
        options=read(name, fields["task"], fields["loader"], fields.pop("options", {})),
        **fields,
    )


def _by_language(text: str | Words) -> Words:
    """A text by language; one that is the same in all of them, such as a licence's name, may stand alone."""
    return dict.fromkeys(LANGUAGES, text) if isinstance(text, str) else text


@overload
def cards(task: Literal["segment"]) -> list[ModelCard[SegmentOptions]]: ...
@overload
def cards(task: Literal["cluster"]) -> list[ModelCard[ClusterOptions]]: ...
@overload
def cards(task: Literal["generate"]) -> list[ModelCard[GenerateOptions]]: ...
@overload
def cards(task: Literal["translate"]) -> list[ModelCard[TranslateOptions]]: ...
@overload
def cards(task: Task | None = None) -> list[ModelCard]: ...
def cards(task: Task | None = None) -> list[ModelCard]:
    """All cards in order of name, or those of one task."""
    return [card for card in _read_all().values() if task is None or card.task == task]


def segmenters() -> list[ModelCard[SegmentOptions]]:
    """The cards that segment, SEGMENT_MODELS first."""
    return sorted(cards("segment"), key=lambda card: (*SEGMENT_MODELS, card.name).index(card.name))


@overload
def card(name: str, task: Literal["segment"]) -> ModelCard[SegmentOptions]: ...
@overload
def card(name: str, task: Literal["cluster"]) -> ModelCard[ClusterOptions]: ...
@overload
def card(name: str, task: Literal["generate"]) -> ModelCard[GenerateOptions]: ...
@overload
def card(name: str, task: Literal["translate"]) -> ModelCard[TranslateOptions]: ...
@overload
def card(name: str, task: Task | None = None) -> ModelCard: ...
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


def add(card: ModelCard) -> None:
    """Let a card that is in no file be found by its name, for as long as the program runs."""
    _read_all()[card.name] = card


def class_id(card: ModelCard, given: str) -> int | None:
    """The class that is meant by an id or by a name in any language; None for an empty text.

    Raises InputError for what no class of the card is called, and for a card that takes no class.
    """
    text = given.strip().casefold()
    if not text:
        return None
    if not card.conditional:
        raise InputError("unconditional", model=card.name)
    for known in card.classes:
        if text in (str(known.id), *(name.casefold() for name in known.name.values())):
            return known.id
    raise InputError("unknown_label", known=", ".join(known.name["en"] for known in card.classes))


def check_labels(card: ModelCard, labels: Sequence[int] | None) -> None:
    """Raise InputError for a class that the card lacks, and for none where it needs one."""
    if card.conditional and labels is None:
        raise InputError("labels_missing")
    for label in set(labels or ()):
        class_id(card, str(label))


def check_direction(card: ModelCard, direction: str) -> None:
    """Raise InputError for a direction that the card lacks."""
    if card.task != "translate":
        raise InputError("direction_unread", model=card.name)
    if direction not in card.directions:
        raise InputError("direction_missing", model=card.name, known=", ".join(card.directions))


def describe(card: ModelCard) -> dict[str, Any]:
    """The card as plain JSON values, with its metrics: what `segen models --json` and `/models` give.

    Architecture, source and licences are given in English alone.
    """
    return {
        "version": 1,
        "name": card.name,
        "task": card.task,
        "title": card.title,
        "summary": card.summary,
        "architecture": card.architecture["en"],
        "dataset": card.dataset,
        "classes": [
            {"id": known.id, "name": known.name, "color": list(known.color)} for known in card.classes
        ],
        "conditional": card.conditional,
        "directions": list(card.directions),
        "input_size": list(card.input_size),
        "parameters": card.parameters,
        "multiply_adds": card.multiply_adds,
        "licence": {part: text["en"] for part, text in card.licence.items()},
        "source": card.source["en"],
        "training": card.training,
        "checkpoint": card.checkpoint,
        "int8": card.int8(),
        "metrics": card.metrics(),
    }
