"""Lines coloured by a network in the visitor's own browser, while they are drawn."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import gradio as gr

from segen.imaging import png_text
from segen.registry import ModelCard
from segen.types import TranslateRequest
from segen.ui.framework.component import component


def coloring(**options: Any) -> gr.HTML:
    """What becomes of the lines, and a button that saves it; its value is what `contents` returns."""
    return component("coloring", padding=False, **options)


def contents(card: ModelCard, board: str, fallback: str) -> dict[str, Any]:
    """The network of a card, the selector of the board that is drawn on, the marks of a file that is saved.

    `fallback` is the id of the button that asks the server where the network cannot run.
    """
    height, width = card.input_size
    return {
        "network": f"{card.name}.{TranslateRequest.direction}",
        "width": width,
        "height": height,
        "board": board,
        "fallback": fallback,
        "file": f"{card.name}.png",
        "mark": b64encode(png_text.chunks("compositeWithTrainedAlgorithmicMedia")).decode(),
    }
