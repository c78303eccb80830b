"""A view of the Translate tab that only some cards have."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.events import Dependency

from segen.registry import ModelCard
from segen.ui.framework.language import language_of
from segen.ui.framework.link import Values
from segen.ui.framework.queue import QUIET, in_page

DRAWN = ("pad", "street")
"""The views that look at what is drawn, not at the picture."""


@dataclass(frozen=True)
class Panel:
    """A view as it was built, in `page`: `of_card(card, language)` gives the values of `outputs`.

    `is_of(card)` says whether the card has this view. `nothing(language)` gives those of `outputs` that are
    of one picture, for when another comes.
    """

    page: gr.Tab
    outputs: Collection[Any]
    of_card: Callable[[ModelCard, str], Values]
    is_of: Callable[[ModelCard], bool]
    nothing: Callable[[str], Values] = lambda _language: {}


def nothing_of(panels: Collection[Panel], language: str) -> Values:
    """What the views show while they have not looked at the picture: values of `outputs` of all."""
    values: Values = {}
    for panel in panels:
        values |= panel.nothing(language)
    return values


def outputs_of(panels: Collection[Panel]) -> list[Any]:
    """The `outputs` of all."""
    return [each for panel in panels for each in panel.outputs]


def clear_at(triggers: Sequence[Callable[..., Any]], panels: Collection[Panel], saves: gr.Row) -> Dependency:
    """When another picture comes, take away what is of the one before, in `saves` its file; the event."""

    def cleared(request: gr.Request) -> Values:
        return {saves: gr.Row(visible=False), **nothing_of(panels, language_of(request))}

    event: Dependency = gr.on(triggers, cleared, None, [saves, *outputs_of(panels)], **QUIET)
    return event


def to_run(script: str, *done: str) -> dict[str, Any]:
    """An event that lets each view run when it is opened, but for `done`: see `segen.fresh` in page.js."""
    return in_page(f"segen.{script}(...{json.dumps(['translate', *done, *DRAWN])})")
