"""Values and components matched by name: what a link restores, what a tab fills in, what a card sets.

The options of a tab stand in the address; nothing that is not an option does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import gradio as gr

from segen.registry import ModelCard
from segen.ui.framework.queue import QUIET

Values = dict[Any, Any]
"""New values, or components with new properties, each by its component: what Gradio takes from an event."""
Option = TypeVar("Option")
Number = TypeVar("Number", int, float)


@dataclass
class Link:
    """The options of an address; `nonsense` collects the names of those that cannot be used."""

    options: Mapping[str, str]
    nonsense: list[str] = field(default_factory=list)

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        """The option if it is one of `allowed`, else the first of them."""
        return self._checked(name, lambda text: allowed[allowed.index(text)], allowed[0])

    def whole(self, name: str, allowed: range, default: int) -> int:
        """The option if it is a whole number in `allowed`, else `default`."""
        return self._checked(name, lambda text: allowed[allowed.index(int(text))], default)

    def several(self, name: str, allowed: Sequence[str], default: Sequence[str]) -> list[str]:
        """The option if it lists some of `allowed`, joined by commas, else `default`; in their order."""
        picked = self._checked(
            name, lambda text: {allowed[allowed.index(each)] for each in text.split(",")}, set(default)
        )
        return [each for each in allowed if each in picked]

    def number(self, name: str, low: float, high: float, default: Number) -> Number:
        """The option if it is a number of the default's kind from `low` to `high`, else `default`."""

        def read(text: str) -> Number:
            value = type(default)(text)
            if not low <= value <= high:
                raise ValueError
            return value

        return self._checked(name, read, default)

    def usable(self) -> dict[str, str]:
        """The tab's options as they were given, without those found to be nonsense."""
        others = {"lang", "tab", *self.nonsense}
        return {name: text for name, text in self.options.items() if name not in others}

    def _checked(self, name: str, read: Callable[[str], Option], default: Option) -> Option:
        if name not in self.options:
            return default
        try:
            return read(self.options[name])
        except ValueError:
            self.nonsense.append(name)
            return default


@dataclass(frozen=True)
class Taker:
    """Where a tab puts a picture that a visitor brings along from elsewhere, and what is pressed then.

    No `run` is needed where a new picture starts the work by itself.
    """

    picture: gr.Image
    run: gr.Button | None = None


@dataclass(frozen=True)
class Tab:
    """A tab as it was built: `fill(link, language)` gives the values of `outputs` when a page opens."""

    outputs: Collection[Any]
    fill: Callable[[Link, str], Values]
    takes: Taker | None = None


@dataclass(frozen=True)
class Part:
    """A part of a tab: `of_card(card, language)` gives the values of `outputs` when a card is chosen."""

    outputs: Collection[Any]
    of_card: Callable[[ModelCard, str], Values]


def remember(tab: str, options: Mapping[str, Any]) -> None:
    """Write the options of a tab, components by name, into the address whenever one of them changes."""
    components = list(options.values())
    script = f"(...values) => segen.remember('{tab}', segen.named({json.dumps(list(options))}, values))"
    gr.on([each.change for each in components], None, components, None, js=script, **QUIET)
