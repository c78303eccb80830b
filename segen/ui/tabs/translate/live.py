"""Live translation, computed by the visitor's own browser."""

from __future__ import annotations

import gradio as gr

from segen.registry import ModelCard
from segen.ui.framework.language import say
from segen.ui.framework.link import Values
from segen.ui.tabs.translate.panel import Panel
from segen.ui.widgets import camera


def live_panel() -> Panel:
    """Lay out the view of a card whose networks a browser can feed."""
    with gr.Tab(say("translate.live"), id="stream", elem_id="translate-stream") as page:
        gr.Markdown(say("translate.live_help"), elem_classes="help")
        view = camera.camera(elem_id="stream")

    def of_card(card: ModelCard, language: str) -> Values:
        return {view: camera.translating([card] if is_of(card) else [], language)}

    return Panel(page, [view], of_card, is_of)


def is_of(card: ModelCard) -> bool:
    """Whether a browser can read what some network of the card is given; lines are drawn on the pad."""
    return not card.options.pad and any(given in camera.READ for given in card.options.given.values())
