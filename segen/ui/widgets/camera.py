"""Live segmentation in the visitor's browser: of a camera, a video file or the picture of the tab."""

from __future__ import annotations

from typing import Any

import gradio as gr

from segen.registry import segmenters
from segen.ui.framework.component import component
from segen.ui.framework.link import Link


def camera(**options: Any) -> gr.HTML:
    """The view; its value is what `contents` returns. Its button `#camera-run` segments the tab's picture."""
    return component("camera", padding=False, **options)


def contents(link: Link, language: str) -> dict[str, Any]:
    """The networks to choose from, the default first, and the one that the link asks for, "" if none."""
    offered = [card for card in segmenters() if card.options.onnx]
    cards = [
        {
            "name": card.name,
            "title": card.title[language],
            "classes": [
                {"id": known.id, "name": known.name[language], "color": list(known.color)}
                for known in card.classes
            ],
        }
        for card in offered
    ]
    return {"cards": cards, "asked": link.choice("model", ["", *(card.name for card in offered)])}
