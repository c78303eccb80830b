"""All models with what they reach and cost, their licences and credits; the studies as another view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from segen.registry import cards
from segen.ui.framework.component import component
from segen.ui.framework.language import say
from segen.ui.framework.link import Link, Tab, Values
from segen.ui.framework.queue import QUIET
from segen.ui.tabs.models.overview import overview
from segen.ui.tabs.models.studies import studies

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "models"
VIEWS = ("cards", "studies")


def build(_engine: Engine) -> Tab:
    """Lay out the tab inside the current gr.Tab."""
    with gr.Tabs(overflow_behavior="wrap", elem_classes="views") as views:
        with gr.Tab(say("models.view_cards"), id="cards") as first:
            table = component("model_table", elem_id="models-table", padding=False)
        with gr.Tab(say("models.view_studies"), id="studies") as second:
            plots = gr.HTML(elem_id="models-studies", padding=False)
    for view, page in zip(VIEWS, (first, second), strict=True):
        page.select(None, js=f"() => segen.view('{NAME}', '{view}')", **QUIET)

    def fill(link: Link, language: str) -> Values:
        opened = link.choice("card", ["", *(card.name for card in cards())])
        return {
            views: gr.Tabs(selected=link.choice("view", VIEWS)),
            table: overview(opened, language),
            plots: studies(language),
        }

    return Tab([views, table, plots], fill)
