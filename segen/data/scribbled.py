"""Strokes on pictures as files, from which a pixel classifier is taught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segen.data import class_file, datasets
from segen.data.listing import is_picture
from segen.errors import DataError, InputError
from segen.imaging import images, labels
from segen.registry import ClassInfo
from segen.types import UNDRAWN, Image, Labels, TaughtClass

COLORS = (
    (0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (213, 94, 0),
    (240, 228, 66), (120, 94, 240),
)  # fmt: skip
"""For classes without a colour of their own, told apart by colour-blind readers (Okabe and Ito 2008)."""


@dataclass(frozen=True)
class Strokes:
    """A picture, H x W x 3, and the class ids of the strokes on it, H x W, UNDRAWN where there is none."""

    image: Image
    ids: Labels


def read(folder: Path, picture: Path) -> Strokes | None:
    """A picture and its strokes, a PNG in `folder` of the picture's stem; None where there is no such file.

    Strokes are turned with their picture as masks are (`datasets.upright`). Raises InputError for a picture
    or strokes that cannot be used, and DataError where two files have strokes of the picture, and as there.
    """
    image, turn = images.read_turned(picture)
    found = [path for path in sorted(folder.glob("*")) if _is_of(path, picture)]
    if not found:
        return None
    if len(found) > 1:
        raise DataError("scribbles_twice", first=found[0].name, second=found[1].name, file=picture.name)
    try:
        drawn = labels.read_strokes(found[0], _known(folder))
    except InputError as fault:
        raise InputError("item_unusable", file=found[0].name, fault=fault) from None
    pair = datasets.Pair(picture, found[0])
    ids = datasets.upright(drawn.values.astype(np.uint8), pair, image.shape[:2], turn, drawn.turned)
    return Strokes(image, ids)


def _is_of(path: Path, picture: Path) -> bool:
    return path.suffix.lower() == ".png" and path.stem in (picture.stem, picture.name)


def unused(folder: Path, pictures: Sequence[Path]) -> list[Path]:
    """The pictures in a folder of strokes that are no strokes of any of these."""
    shown = [path for path in sorted(folder.glob("[!.]*")) if path.is_file() and is_picture(path)]
    return [path for path in shown if not any(_is_of(path, picture) for picture in pictures)]


def _known(folder: Path) -> tuple[ClassInfo, ...]:
    return datasets.classes(folder, "") if class_file.find(folder) else ()


def classes(folder: Path, drawn: Sequence[Strokes]) -> tuple[TaughtClass, ...]:
    """The classes of `folder/classes.json`, as of a data set, else one for each id up to the greatest drawn.

    Raises DataError for a damaged classes.json, and InputError for a name in it that TaughtClass refuses.
    """
    if known := _known(folder):
        try:
            return tuple(TaughtClass(each.name["en"], each.color) for each in known)
        except InputError as fault:
            raise InputError("item_unusable", file="classes.json", fault=fault) from None
    most = max(int(each.ids[each.ids != UNDRAWN].max(initial=0)) for each in drawn)
    return tuple(TaughtClass(f"class {id}", color(id)) for id in range(most + 1))


def color(id: int) -> tuple[int, int, int]:
    """A colour for the class of this id: one of COLORS, darker each time they are used up."""
    darker = 0.7 ** (id // len(COLORS))
    red, green, blue = np.rint(np.array(COLORS[id % len(COLORS)]) * darker).astype(int).tolist()
    return red, green, blue
