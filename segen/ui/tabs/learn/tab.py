"""The tab Learn: chapters that lead through the lab, and models that train while one watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from segen.ui.framework.language import say
from segen.ui.framework.link import Link, Tab, Values
from segen.ui.framework.queue import QUIET
from segen.ui.tabs.learn import chapters, live, playground

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "learn"
VIEWS = (chapters, playground, live)
"""Modules of one view each; the first is open at the start."""


def build(engine: Engine) -> Tab:
    """Lay out the tab inside the current gr.Tab."""
    built: dict[str, Tab] = {}
    with gr.Tabs(overflow_behavior="wrap", elem_id="learn-views", elem_classes="views") as views:
        for view in VIEWS:
            with gr.Tab(say(f"{view.NAME}.tab"), id=view.NAME) as page:
                built[view.NAME] = view.build(engine)
            page.select(None, js=f"() => segen.view('{NAME}', '{view.NAME}')", **QUIET)

    def fill(link: Link, language: str) -> Values:
        opened = link.choice("view", list(built))
        values: Values = {views: gr.Tabs(selected=opened)}
        for name, view in built.items():
            values |= view.fill(link if name == opened else Link({}), language)
        return values

    return Tab([views, *(output for view in built.values() for output in view.outputs)], fill)
