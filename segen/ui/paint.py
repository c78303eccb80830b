"""A map of ids that a visitor paints: classes of a street, or ink on paper."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from segen import images
from segen.errors import InputError
from segen.types import Labels
from segen.ui.component import component
from segen.ui.picture import data_uri

_HEAD = "data:image/png;base64,"
MOST_CHARACTERS = 1_000_000
"""Of a painted map as it is sent."""


@dataclass(frozen=True)
class Pen:
    """What a stroke leaves: an id, its name in the visitor's language, its colour."""

    id: int
    name: str
    color: tuple[int, int, int]


def board(**options: Any) -> gr.HTML:
    """A map to paint on. Its value is what `contents` returns; its event `paint` carries `ids` for `painted`.

    The event comes after each stroke, fill, undo, redo and clearing.
    """
    return component("paint", **options)


def contents(
    pens: Sequence[Pen], height: int, width: int, size: int, ids: Labels | None = None
) -> dict[str, Any]:
    """What the board shows, as JSON values: `ids`, height x width, or the first pen's all over.

    The last pen is chosen at first, its brush `size` pixels across.
    """
    return {
        "width": width,
        "height": height,
        "size": size,
        "classes": [{"id": pen.id, "name": pen.name, "color": list(pen.color)} for pen in pens],
        "blank": pens[0].id,
        "pen": pens[-1].id,
        "ids": None if ids is None else data_uri(images.encode(ids), "image/png"),
    }


def painted(ids: object, pens: Sequence[int], height: int, width: int) -> Labels:
    """The map that the page sent, height x width. Raises InputError for anything but ids of `pens`."""
    if not isinstance(ids, str) or not ids.startswith(_HEAD) or len(ids) > MOST_CHARACTERS:
        raise InputError("not_painted")
    try:
        labels: Labels = images.read(b64decode(ids[len(_HEAD) :], validate=True))[..., 0]
    except BadBase64:
        raise InputError("not_painted") from None
    if labels.shape != (height, width) or not np.isin(labels, list(pens)).all():
        raise InputError("not_painted")
    return labels
