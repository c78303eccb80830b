"""The first page: shipped results, three doors, and what the rooms hold; nothing of it asks the server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from segen.ui.framework.link import Link, Tab, Values
from segen.ui.framework.templates import render

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "start"
PICTURES = Path(__file__).resolve().parents[4] / "assets" / "start"
"""Made by make.py there, and served under /start."""
TO_TRY = ("pagoda", "ruins", "horse_race", "paris")
"""Examples that are segmented on one click."""
ROOMS = ("segment", "generate", "translate", "pipelines", "models")


def build(_engine: Engine) -> Tab:
    """Lay out the tab inside the current gr.Tab."""
    page = render("tabs/start/start.html", to_try=TO_TRY, rooms=ROOMS)
    gr.HTML(html_template=page, js_on_load="segen.parts(element)", padding=False, elem_id="start")

    def fill(_link: Link, _language: str) -> Values:
        return {}

    return Tab([], fill)
