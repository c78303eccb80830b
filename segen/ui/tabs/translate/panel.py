"""A view of the Translate tab that only some cards have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from segen.registry import ModelCard
from segen.ui.framework.language import language_of
from segen.ui.framework.link import Values
from segen.ui.framework.queue import QUIET


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


def clear_at(triggers: Sequence[Callable[..., Any]], panels: Collection[Panel]) -> None:
    """Take away what the views show of one picture when another comes."""

    def cleared(request: gr.Request) -> Values:
        values: Values = {}
        for panel in panels:
            values |= panel.nothing(language_of(request))
        return values

    gr.on(triggers, cleared, None, [each for panel in panels for each in panel.outputs], **QUIET)
