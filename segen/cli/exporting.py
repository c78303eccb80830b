"""`segen export`: a network for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tyro

from segen import registry
from segen.cli.packing import Cards, add_cards
from segen.cli.pictures import make_folder, name
from segen.errors import UsageError
from segen.types import Direction, TranslateRequest


def export(
    *,
    model: Annotated[str, tyro.conf.arg(metavar="NAME")],
    format: Literal["onnx"] = "onnx",
    direction: Direction = TranslateRequest.direction,
    out: Annotated[Path, tyro.conf.arg(metavar="FILE")],
    cards: Cards = None,
) -> int:
    """Write a model's network for use elsewhere.

    Args:
        model: The name of a model.
        direction: Which of a translation's networks: forward or backward.
        format: The format of the file.
        out: The file.
        cards: Models of your own, too: a folder that segen pack wrote, or that holds several.
    """
    add_cards(cards)
    from segen.models import onnx

    registry.card(model)
    if out.is_dir():
        raise UsageError("out_is_folder", out=name(out))
    make_folder(out.parent)
    onnx.export(model, out, direction)
    return 0
