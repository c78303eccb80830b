"""Live segmentation and translation: a camera, a file or the tab's picture, in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import gradio as gr

from segen.registry import ModelCard, segmenters
from segen.registry.options import Direction, TranslateOptions
from segen.ui.framework.component import component
from segen.ui.framework.link import Link

READ = ("photograph", "grey", "microscopy", "lines")
"""The kinds of picture that reading.js knows how a network of translation reads."""


def camera(**options: Any) -> gr.HTML:
    """The view; its value is what `segmenting` or `translating` returns."""
    return component("camera", padding=False, **options)


def segmenting(link: Link, language: str) -> dict[str, Any]:
    """The networks of segmentation to choose from, the default first, and the one that the link asks for."""
    offered = [card for card in segmenters() if card.options.onnx]
    cards = [
        {
            "name": card.name,
            "title": card.title[language],
            "classes": [
                {
                    "id": known.id,
                    "name": known.name[language],
                    "color": list(known.color),
                    "shown": list(known.shown),
                }
                for known in card.classes
            ],
        }
        for card in offered
    ]
    asked = link.choice("model", ["", *(card.name for card in offered)])
    return {
        "cards": cards,
        "asked": asked,
        "place": "camera",
        "beside": "segment",
        "picture": "#segment-picture img",
    }


def translating(cards: Sequence[ModelCard[TranslateOptions]], language: str) -> dict[str, Any]:
    """The networks of translation cards to choose from, one for each direction, the one that leads first."""
    networks = []
    for card in cards:
        for direction in sorted(card.directions, key=lambda each: each != card.options.leads):
            reads = card.options.given[cast(Direction, direction)]
            if reads in READ:
                title = f"{card.title[language]}: {card.options.way(direction, language)}"
                networks.append({"name": f"{card.name}.{direction}", "title": title, "reads": reads})
    picture = "#translate-picture img"
    return {"cards": networks, "asked": "", "place": "stream", "beside": "stream", "picture": picture}
