"""A view of the Translate tab that only some cards have."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import gradio as gr

from segen.registry import ModelCard
from segen.ui.framework.link import Values


@dataclass(frozen=True)
class Panel:
    """A view as it was built, in `page`: `of_card(card, language)` gives the values of `outputs`.

    `is_of(card)` says whether the card has this view.
    """

    page: gr.Tab
    outputs: Collection[Any]
    of_card: Callable[[ModelCard, str], Values]
    is_of: Callable[[ModelCard], bool]
