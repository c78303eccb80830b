"""Cards of the user's own: folders that `segen pack` wrote, checked before anything in them is used.

Such a folder is named when the program starts, never by a visitor. It holds data alone: `card.toml`, the
weights with their checksums, and what describes them. Nothing in it is run; what could be is refused.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NotRequired

from typeguard import TypeCheckError, check_type
from typing_extensions import TypedDict

from segen import registry
from segen.errors import CardError, UsageError, WeightsError
from segen.registry import ModelCard, sums
from segen.registry.options import Words
from segen.text import LANGUAGES

CARD, CONFIG, WEIGHTS, METRICS = "card.toml", "config.json", "model.safetensors", "metrics.json"
ENDINGS = (".toml", ".json", ".safetensors", ".md", ".txt", ".csv", ".png", ".jpg", ".webp")
"""What the names of files in a card's folder may end in; any other file could be code, but for NAMES."""
NAMES = (
    "sha256sums", "license", "licence", "readme", "notice", ".gitattributes", ".gitignore",
    ".ds_store", "thumbs.db", "desktop.ini",
)  # fmt: skip
"""Further files, in lower case, that may be there: texts without an ending, and what systems leave behind."""
CODE = ("auto_map", "custom_pipeline", "_module")
"""Keys by which configurations name code to run."""
NAME = re.compile(r"\w[\w-]{0,59}")
MAX_BYTES = 1_000_000
"""Of a card, a configuration or the metrics."""
ENCODER = "mobilenet_v2"
LOADERS = "segen.models.segmentation."
"""Where the loaders are that a card may name."""
MAX_NUMBER = 1024
"""Of channels and the like in a configuration: more would fill the memory before weights are compared."""
MAX_SIDE = 4096
"""Of a picture as a network sees it."""
SIDES = range(1, 16_385)


class ClassTable(TypedDict):
    """A class of a card."""

    id: int
    name: Words
    color: list[int]


class CardTable(TypedDict):
    """What `card.toml` holds."""

    name: str
    task: Literal["segment"]
    title: Words
    summary: Words
    architecture: Words | str
    dataset: str
    source: Words | str
    loader: str
    training: str
    checkpoint: Words
    input_size: list[int]
    parameters: int
    multiply_adds: int
    licence: dict[str, Words | str]
    classes: list[ClassTable]
    options: NotRequired[dict[str, Any]]


class Report(TypedDict):
    """What the page reads of a measurement; there may be more."""

    split: str
    items: int
    metrics: dict[str, Any]


def real(folder: Path) -> Path:
    """Where links and dots lead; links in a circle, for which Path.resolve raises, stay."""
    return Path(os.path.realpath(folder))


def add_all(folder: Path) -> list[ModelCard]:
    """Let the card of a folder, or those of its sub-folders, be found by name, and return them.

    Raises UsageError for a folder that is no card, cannot be trusted, or has the name of another card.
    """
    inside = [folder / CARD] if (folder / CARD).is_file() else sorted(folder.glob(f"*/{CARD}"))
    if not inside:
        raise UsageError("cards_missing", folder=real(folder).name, file=CARD)
    return [_add(read(file.parent)) for file in inside]


def _add(card: ModelCard) -> ModelCard:
    for known in registry.cards():
        if known.name == card.name and known.folder != card.folder:
            raise UsageError("card_taken", name=card.name)
        if (
            known.dataset == card.dataset
            and known.task == "segment"
            and class_names(known) != class_names(card)
        ):
            raise UsageError("card_dataset", folder=card.name, dataset=card.dataset, other=known.name)
    registry.add(card)
    return card


def of_other_classes(dataset: str, names: list[str], apart: str = "") -> str:
    """A card, if there is one but for `apart`, of a data set of that name with other classes; else ""."""
    cards = (card for card in registry.cards("segment") if card.dataset == dataset and card.name != apart)
    return next((card.name for card in cards if class_names(card) != names), "")


def class_names(card: ModelCard) -> list[str]:
    """The English names of its classes, by id."""
    return [known.name["en"] for known in card.classes]


def read(folder: Path) -> ModelCard:
    """The card of a folder, whose weights are as they were sealed. Raises UsageError as `add_all` does."""
    folder = real(folder)
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            continue
        if not path.is_file():
            raise UsageError("card_no_file", folder=folder.name, what=_told(path.name))
        if path.name.lower() in NAMES:
            continue
        if path.suffix.lower() not in ENDINGS:
            raise UsageError("card_code", folder=folder.name, what=_told(path.name))
    card = replace(_card(folder), folder=folder)
    _check_network(folder, card)
    _check_metrics(folder, card)
    try:
        if not {CONFIG, WEIGHTS} <= set(sealed := sums.read(folder)) or any(map(_leads_out, sealed)):
            raise UsageError("card_unsealed", folder=folder.name)
        sums.verify(folder)
    except WeightsError:
        raise UsageError("card_unsealed", folder=folder.name) from None
    return card


def _leads_out(name: str) -> bool:
    return name != Path(name).name


def _card(folder: Path) -> ModelCard:
    try:
        table = tomllib.loads(_text(folder / CARD))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError("card_unreadable", folder=folder.name, reason=_told(error)) from None
    try:
        check_type(table, CardTable)
        problem = _problem(table)
    except TypeCheckError as error:
        problem = _told(error).replace("value of key ", "").replace(" of dict ", " ")
    if problem:
        raise UsageError("card_wrong", folder=folder.name, problem=problem)
    known = {card.loader for card in registry.cards("segment") if card.loader.startswith(LOADERS)}
    if table["loader"] not in known:
        raise UsageError(
            "card_loader", folder=folder.name, loader=_told(table["loader"]), known=", ".join(sorted(known))
        )
    try:
        return registry.parse(table.pop("name"), table)
    except CardError as error:
        raise UsageError("card_wrong", folder=folder.name, problem=error) from None


def _problem(table: dict[str, Any]) -> str:
    """What is wrong with a table of the right types; "" for nothing."""
    classes, size, licence = table["classes"], table["input_size"], table["licence"]
    texts = [table[part] for part in ("title", "summary", "architecture", "source", "checkpoint")]
    texts += [*licence.values(), *(each["name"] for each in classes)]
    named, options = _named(classes), table.get("options", {})
    max_side, zoom, scales = options.get("max_side", 1), options.get("zoom", 1), options.get("scales", [1])
    rules = {
        "name: letters, digits, hyphens": NAME.fullmatch(table["name"]),
        f"a text in {' and '.join(LANGUAGES)}": all(
            isinstance(text, str) or set(text) == set(LANGUAGES) for text in texts
        ),
        "a title that is not empty": all(text.strip() for text in table["title"].values()),
        "licence: weights, data, credit": set(licence) == {"weights", "data", "credit"},
        "input_size: height and width": len(size) == 2 and all(side in SIDES for side in size),
        "classes: at least 2, ids 0, 1, 2 …": 2 <= len(classes) <= 255
        and [each["id"] for each in classes] == list(range(len(classes))),
        f"{CARD}, classes[{named}]: a name of its own": named == len(classes),
        "color: three numbers from 0 to 255": all(
            len(each["color"]) == 3 and all(0 <= value <= 255 for value in each["color"]) for each in classes
        ),
        "parameters and multiply_adds: not below 0": min(table["parameters"], table["multiply_adds"]) >= 0,
        f"max_side: 1 to {MAX_SIDE}": max_side in range(1, MAX_SIDE + 1),
        "zoom: 0.1 to 8": isinstance(zoom, int | float) and 0.1 <= zoom <= 8,
        "scales: 1 to 5 numbers from 0.5 to 2": isinstance(scales, list)
        and 1 <= len(scales) <= 5
        and all(isinstance(scale, int | float) and 0.5 <= scale <= 2 for scale in scales),
    }
    return next((rule for rule, holds in rules.items() if not holds), "")


def _named(classes: list[dict[str, Any]]) -> int:
    """How many classes come before the first without a name, or with that of one before it, in a language."""
    taken: set[tuple[str, str]] = set()
    for place, each in enumerate(classes):
        names = {(language, " ".join(name.split())) for language, name in each["name"].items()}
        if names & taken or not all(name for _, name in names):
            return place
        taken |= names
    return len(classes)


def _check_network(folder: Path, card: ModelCard) -> None:
    """Raise UsageError for a configuration that asks for code, or of a network that tells no such classes."""
    try:
        config = json.loads(_text(folder / CONFIG))
        entries = list(_entries(config))
        channels = config["classes"]
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        raise UsageError("card_unsealed", folder=folder.name) from None
    if code := [key for key, _ in entries if key in CODE]:
        raise UsageError("card_code", folder=folder.name, what=code[0])
    if channels not in {len(card.classes), 1 if len(card.classes) == 2 else len(card.classes)}:
        raise UsageError("card_wrong", folder=folder.name, problem=f"classes: {_told(channels)} in {CONFIG}")
    foreign = config.get("encoder_weights") or config.get("encoder_name", ENCODER) != ENCODER
    if config.get("activation"):  # what is asked for are logits
        raise UsageError("card_wrong", folder=folder.name, problem=f"activation in {CONFIG}")
    if foreign or any(isinstance(value, int) and value > MAX_NUMBER for _, value in entries):
        raise UsageError("card_wrong", folder=folder.name, problem=CONFIG)


def _check_metrics(folder: Path, card: ModelCard) -> None:
    """Raise UsageError for metrics.json, which is not sealed, of another form."""
    if not (folder / METRICS).is_file():
        return
    try:
        by_data = check_type(json.loads(_text(folder / METRICS)), dict[str, dict[str, dict[str, Any]]])
        for report in (report for splits in by_data.values() for report in splits.values()):
            check_type({key: report[key] for key in Report.__annotations__}, Report)
            check_type(
                [value for _, value in _entries(report["metrics"])], list[dict[str, Any] | float | None]
            )
        card.reached()
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError, TypeCheckError):
        raise UsageError("card_wrong", folder=folder.name, problem=METRICS) from None


def _text(file: Path) -> str:
    if file.stat().st_size > MAX_BYTES:
        raise ValueError("too large")
    return file.read_text(encoding="utf-8-sig")


def _entries(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of nested JSON with the key that it stands under."""
    yield key, value
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _entries(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from _entries(each, key)


def _told(value: Any) -> str:
    """A word of the folder's, short and on one line."""
    return "".join(letter if letter.isprintable() else " " for letter in str(value))[:120]
