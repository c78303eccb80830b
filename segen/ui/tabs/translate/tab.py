"""Translate a picture into its other domain, look at what the networks do, and limit it to a region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from segen.ui.framework.language import say
from segen.ui.framework.link import Tab
from segen.ui.framework.queue import QUIET
from segen.ui.tabs.translate.choice import Choice
from segen.ui.tabs.translate.cycle_view import cycle_panel
from segen.ui.tabs.translate.live import live_panel
from segen.ui.tabs.translate.pad import pad_panel
from segen.ui.tabs.translate.panel import clear_at, to_run
from segen.ui.tabs.translate.region import region_panel
from segen.ui.tabs.translate.street import street_panel
from segen.ui.tabs.translate.translation import TranslationView

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "translate"


def build(engine: Engine) -> Tab:
    """Lay out the tab inside the current gr.Tab."""
    with gr.Row(elem_classes=["work", "result-first"]):
        with gr.Column(scale=2, min_width=300):
            choice = Choice()
        with (
            gr.Column(scale=5, min_width=300),
            gr.Tabs(elem_id="translate-views", overflow_behavior="wrap") as tabs,
        ):
            with gr.Tab(say("translate.view_translate"), id=NAME) as first:
                view = TranslationView(engine, choice)
            model, picture, direction, stop = choice.model, choice.picture, choice.direction, choice.stop
            parts = {
                "stream": live_panel(),
                "pad": pad_panel(engine, model, stop),
                "street": street_panel(engine, picture, model, stop),
                "cycle": cycle_panel(engine, picture, model, direction, stop),
                "region": region_panel(engine, picture, model, direction, stop),
            }
    for name, page in {NAME: first, **{name: part.page for name, part in parts.items()}}.items():
        page.select(None, js=f"() => segen.view('{NAME}', '{name}')", **QUIET)
    # Who brings a picture presses `arrived`; its `change` would ask the server while the page is filled
    clear_at([picture.input, view.arrived.click], parts.values(), view.row).then(**to_run("fresh"))
    picture.change(**to_run("begin", NAME))
    return choice.wire(tabs, view, parts)
