"""A map of ids that a visitor paints: classes of a street, or ink on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from segen.errors import InputError
from segen.imaging import images
from segen.types import Labels
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
