"""What every format of annotations becomes: pictures, each with what draws its label map."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segen.data.datasets import OTHER_ENDINGS
from segen.errors import DataError
from segen.types import Labels

MAX_CLASSES = 255
"""Ids are 0 to 254: 255 is ignored."""
BACKGROUND = "background"


@dataclass(frozen=True)
class Annotated:
    """A picture, its split if the annotations name one, and what draws its label map.

    `draw(height, width)` gives H x W uint8 class ids, IGNORED where nobody knows; it raises DataError for
    shapes that do not fit a picture of that size. `regions` counts the shapes by class id.
    """

    image: Path
    draw: Callable[[int, int], Labels]
    regions: dict[int, int]
    split: str | None = None


@dataclass(frozen=True)
class Annotations:
    """Everything that was found: the names of the classes by id, background first, and the pictures."""

    classes: tuple[str, ...]
    items: tuple[Annotated, ...]
    without: tuple[str, ...] = ()
    """Names of pictures that nothing labels; they are left out."""
    mixed_pixels: int = 0
    """Pixels of masks in colors that have the color of no class, as at soft edges."""


def named(names: list[str]) -> tuple[str, ...]:
    """Class names, background in front whether or not it is among them. Raises DataError for too many."""
    found = (BACKGROUND, *(name for name in dict.fromkeys(names) if name.strip("_").lower() != BACKGROUND))
    if len(found) > MAX_CLASSES:
        raise DataError("import_classes", count=len(found), most=MAX_CLASSES)
    return found


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises DataError, which names it, where it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        raise DataError("import_json", file=path.name) from None


def lie_near(points: Iterable[Any], height: int, width: int) -> bool:
    """Whether all are numbers, none farther from a picture than it is long; C code draws them."""
    longest = max(height, width)
    return all(type(value) in (int, float) and -longest <= value <= 2 * longest for value in points)


def picture_files(root: Path) -> dict[str, list[Path]]:
    """Every file in `root` or below that may be a picture, by its name."""
    found: dict[str, list[Path]] = {}
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() not in OTHER_ENDINGS and path.is_file():
            found.setdefault(path.name, []).append(path)
    return found


def picture_named(files: dict[str, list[Path]], name: str) -> Path | None:
    """The picture that annotations call `name`, by its last part alone; None if it is not there.

    Annotations are other people's: no path of theirs leads out of the folder. Raises DataError where two
    pictures have that name.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    found = files.get(last, [])
    if len(found) > 1:
        raise DataError("import_twice", file=last)
    return found[0] if found else None
