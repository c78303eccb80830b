"""The first page: shipped results, doors, what the rooms hold, the chapters; nothing asks the server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from segen.ui.framework.component import component
from segen.ui.framework.link import Link, Tab, Values
from segen.ui.framework.templates import render
from segen.ui.tabs.learn.chapters import chapter_list

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "start"
PICTURES = Path(__file__).resolve().parents[4] / "assets" / "start"
"""Made by make.py there, and served under /start."""
TO_TRY = ("woman_and_dog", "cat", "horse_race", "astronaut")
"""Examples that are segmented on one click."""
ROOMS = ("segment", "generate", "translate", "pipelines", "models")


def build(_engine: Engine) -> Tab:
    """Lay out the tab inside the current gr.Tab."""
    page = render("tabs/start/start.html", to_try=TO_TRY, rooms=ROOMS)
    gr.HTML(html_template=page, js_on_load="segen.parts(element)", padding=False, elem_id="start")
    chapters = component("learn", padding=False, elem_id="start-chapters")

    def fill(_link: Link, language: str) -> Values:
        return {chapters: chapter_list(language, heading=True)}

    return Tab([chapters], fill)
