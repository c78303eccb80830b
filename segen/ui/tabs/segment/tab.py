"""One picture: segment it, there or in the browser, teach it, compare networks on it, and more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from segen.ui.framework.language import say
from segen.ui.framework.link import Link, Tab, Taker, Values, remember
from segen.ui.framework.queue import QUIET
from segen.ui.tabs.segment import camera, cluster, compare, inside, robustness, segmentation, teach
from segen.ui.tabs.segment.shared import NAME, View, share

if TYPE_CHECKING:
    from segen.engine import Engine

VIEWS = {view.NAME: view for view in (segmentation, camera, teach, compare, robustness, cluster, inside)}
"""The views by the names that links give them."""


def build(engine: Engine) -> Tab:
    """Lay out the tab inside the current gr.Tab."""
    built: dict[str, View] = {}
    with gr.Row(elem_classes="work"):
        with gr.Column(scale=2, min_width=300):
            shared = share()
        with (
            gr.Column(scale=5, min_width=300),
            gr.Tabs(overflow_behavior="wrap", elem_id="segment-views") as tabs,
        ):
            for name, view in VIEWS.items():
                with gr.Tab(say(f"{name}.tab"), id=name) as page:
                    gr.Markdown(say("segment.hint" if name == NAME else f"{name}.help"), elem_classes="help")
                    built[name] = view.build(engine, shared)
                page.select(None, js=f"() => segen.view('{NAME}', '{name}')", **QUIET)
    choices = [view.model for view in built.values() if view.model]
    for choice in choices:
        choice.carry(shared, [other for other in choices if other is not choice])
    for name in VIEWS:
        remember(name, {"example": shared.example})

    def fill(link: Link, language: str) -> Values:
        opened = link.choice("view", list(VIEWS))
        values: Values = {tabs: gr.Tabs(selected=opened)}
        for name, view in built.items():
            filled, dataset = view.fill(link if name == opened else Link({}), language)
            values |= filled
            if name == opened:
                values |= shared.fill(dataset, link, language)
        return values

    outputs = [output for view in built.values() for output in view.outputs]
    return Tab([tabs, *shared.outputs, *outputs], fill, Taker(shared.picture))
