"""All models with what they reach and cost, their licences and credits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from segen.ui.framework.link import Tab
from segen.ui.widgets import cards

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "models"


def build(_engine: Engine) -> Tab:
    """Lay out the tab inside the current gr.Tab."""
    table = gr.HTML(elem_classes="table", padding=False)
    return Tab([table], lambda _link, language: {table: cards.table(language)})
