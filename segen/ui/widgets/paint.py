"""A map of ids that a visitor paints: classes of a street, ink on paper, strokes on a photograph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from segen.data import classifiers
from segen.errors import InputError
from segen.imaging import images
from segen.types import MAX_TAUGHT, UNDRAWN, Image, Labels, TaughtClass
from segen.ui.framework.component import component
from segen.ui.framework.data_uri import data_uri, sent


@dataclass(frozen=True)
class Pen:
    """What a stroke leaves: an id, its name in the visitor's language, its colour."""

    id: int
    name: str
    color: tuple[int, int, int]


def board(**options: Any) -> gr.HTML:
    """A map to paint on. Its value is what `contents` returns, in the end with the `ids` that were painted.

    Its event `paint` comes after each stroke, fill, undo, redo and clearing.
    """
    return component("paint", **options)


def contents(
    pens: Sequence[Pen],
    height: int,
    width: int,
    size: int,
    ids: Labels | None = None,
    held: int | None = None,
) -> dict[str, Any]:
    """What the board shows, as JSON values: `ids`, height x width, or the first pen's all over.

    The pen of the id `held` is chosen at first, else the last one, its brush `size` pixels across.
    """
    return {
        "width": width,
        "height": height,
        "size": size,
        "classes": [{"id": pen.id, "name": pen.name, "color": list(pen.color)} for pen in pens],
        "blank": pens[0].id,
        "pen": pens[-1].id if held is None else held,
        "ids": None if ids is None else data_uri(images.encode(ids), "image/png"),
    }


def painted(value: object, pens: Sequence[int], height: int, width: int) -> Labels:
    """The map in a board's value, height x width. Raises InputError for anything but ids of `pens`."""
    labels: Labels = sent(value.get("ids") if isinstance(value, dict) else None)[..., 0]
    if labels.shape != (height, width) or not np.isin(labels, list(pens)).all():
        raise InputError("not_drawn_here")
    return labels


def on_photo(
    pens: Sequence[Pen],
    image: Image,
    size: int,
    ids: Labels | None,
    picture: str,
    spares: Sequence[tuple[int, int, int]],
) -> dict[str, Any]:
    """What the board shows for strokes on a photograph, whose classes the visitor adds, names and removes.

    `ids`, of the picture's size, are UNDRAWN where no stroke is. The value that comes back carries the
    `picture`, by which one tells whose strokes these are; new classes have the colours of `spares`.
    """
    photo = images.encode(image, "JPEG", quality=88)
    height, width = image.shape[:2]
    return contents(pens, height, width, size, ids) | {
        "blank": UNDRAWN,
        "photo": data_uri(photo, "image/jpeg"),
        "picture": picture,
        "spares": [list(color) for color in spares],
    }


def answer(board: dict[str, Any], ids: Labels, mark: tuple[float, float]) -> dict[str, Any]:
    """A value that lays `ids`, of pens, h x w, under the board's strokes, which it leaves alone.

    `board` is what `on_photo` returned: a page that does not show this picture yet shows it first, one that
    does needs its `picture` only. `mark` is a place to point out, x and y as shares of the sides.
    """
    height, width = ids.shape
    laid = {"ids": data_uri(images.encode(ids), "image/png"), "width": width, "height": height}
    return board | {"answer": laid | {"mark": list(mark)}}


def unanswered(board: dict[str, Any]) -> dict[str, Any]:
    """A value that takes away the answer under the board's strokes; of `board` as in `answer`."""
    return board | {"answer": None}


def drawn_on(value: object, height: int, width: int) -> tuple[Labels, list[tuple[int, TaughtClass]]]:
    """The strokes on a photograph, height x width ids, UNDRAWN where there is none, and each id's class.

    Raises InputError for what the board does not send: other ids, ids given twice, classes without a name.
    """
    entries = value.get("classes") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(entries, list):
        raise InputError("not_drawn_here")
    if len(entries) > MAX_TAUGHT:
        raise InputError("too_many_taught", count=len(entries), most=MAX_TAUGHT)
    known = [
        (entry.get("id"), classifiers.taught_class(entry)) for entry in entries if isinstance(entry, dict)
    ]
    pens = [(id, each) for id, each in known if type(id) is int and 0 <= id < UNDRAWN]
    if len({id for id, _ in pens}) < len(entries):
        raise InputError("not_drawn_here")
    if value.get("ids") is None:
        return np.full((height, width), UNDRAWN, np.uint8), pens
    return painted(value, [UNDRAWN, *(id for id, _ in pens)], height, width), pens
