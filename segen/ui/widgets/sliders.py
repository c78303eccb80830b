"""Latent space under sliders, drawn by a generator in the visitor's own browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from segen.registry import ModelCard
from segen.ui.framework.component import component


def sliders(**options: Any) -> gr.HTML:
    """The sliders and the pictures; its value is what `contents` returns."""
    return component("sliders", padding=False, **options)


def contents(cards: Sequence[ModelCard], language: str) -> dict[str, Any]:
    """The generators to choose from, the first one chosen; of several, there is a list."""
    return {
        "cards": [
            {
                "name": card.name,
                "title": card.title[language],
                "classes": [known.name[language] for known in card.classes],
            }
            for card in cards
        ]
    }
