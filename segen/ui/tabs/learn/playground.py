"""The view Playground of the tab Learn: models of points in the plane, trained in the visitor's browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from segen.ui.framework.language import say
from segen.ui.framework.link import Link, Tab, Values
from segen.ui.widgets import playground

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "playground"


def build(_engine: Engine) -> Tab:
    """Lay out the view inside the current gr.Tab."""
    gr.Markdown(say("playground.help"), elem_classes="help")
    lab = playground.playground(elem_id="playground")

    def fill(link: Link, _language: str) -> Values:
        return {lab: playground.contents(link)}

    return Tab([lab], fill)
