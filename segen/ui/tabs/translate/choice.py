"""What is translated: the model, its direction, the picture; each model brings its own example along."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from segen import registry
from segen.imaging import images
from segen.registry import ModelCard
from segen.text import words
from segen.types import DIRECTIONS
from segen.ui.framework.downloads import saved
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Tab, Taker, Values, remember
from segen.ui.framework.queue import QUIET, end_at, picks
from segen.ui.tabs.translate.panel import Panel, nothing_of, outputs_of, to_run
from segen.ui.widgets import cards
from segen.ui.widgets.examples import to_translate
from segen.ui.widgets.gallery import gallery, gallery_input, on_choice
from segen.ui.widgets.picture import picture_input

if TYPE_CHECKING:
    from segen.ui.tabs.translate.translation import TranslationView

OPENS_WITH = "cyclegan-yosemite"
"""The model that is chosen at first: everybody knows a summer and a winter."""
SHIPPED = Path(__file__).resolve().parents[4] / "assets" / "start"
"""Holds CARD.DIRECTION.webp, what each network makes of its first example; made by make.py there."""


class Choice:
    """The components, and what a model or a direction brings along."""

    def __init__(self) -> None:
        self.names = [card.name for card in registry.cards("translate")]
        self.names.sort(key=lambda name: name != OPENS_WITH)
        first = registry.card(self.names[0])
        self.model = gr.Dropdown(
            self.names, value=first.name, label=say("translate.model"), elem_id="translate-model"
        )
        self.direction = gr.Radio(
            list(first.directions),
            value=first.directions[0],
            label=say("translate.direction"),
            elem_id="translate-direction",
        )
        self.picture = picture_input(height=220, elem_id="translate-picture")
        self.pick = gallery_input(elem_id="translate-examples")
        self.strength = gr.Slider(
            0,
            1,
            1,
            step=0.05,
            label=say("translate.strength"),
            info=say("translate.strength_help"),
            buttons=[],
            elem_id="translate-strength",
        )
        with gr.Row():
            self.run = gr.Button(
                say("translate.run"), variant="primary", min_width=120, elem_id="translate-run"
            )
            self.stop = gr.Button(say("page.stop"), interactive=False, min_width=80, elem_id="translate-stop")
        self.about = gr.HTML(elem_classes="about", padding=False)

    def wire(self, tabs: gr.Tabs, view: TranslationView, parts: Mapping[str, Panel]) -> Tab:
        """Let models and directions bring along what is theirs; returns the tab as built."""

        def brought(card: ModelCard, asked: str, strength: float, language: str) -> Values:
            """The example of a direction, with its shipped result at this strength."""
            example = to_translate(card, asked)[0]
            return {
                self.direction: gr.Radio(
                    [(card.options.way(each, language), each) for each in card.directions], value=asked
                ),
                self.pick: gallery(to_translate(card, asked), language),
                self.picture: example.file(),
                **view.shipped(card, asked, shown_files(card.name, asked, strength), language),
            }

        def opened(card: ModelCard, asked: str, strength: float, language: str) -> Values:
            values = {self.about: cards.beside(card, language), **brought(card, asked, strength, language)}
            for part in parts.values():
                values |= part.of_card(card, language)
            return values

        def describe(name: str, strength: float, request: gr.Request) -> Values:
            card = registry.card(name, "translate")
            values = opened(card, card.options.leads, strength, language_of(request))
            return {tabs: _views(card, parts, "translate"), **values}

        def turn(name: str, asked: str, strength: float, request: gr.Request) -> Values:
            language = language_of(request)
            card = registry.card(name, "translate")
            return {**brought(card, asked, strength, language), **nothing_of(parts.values(), language)}

        def fill(link: Link, language: str) -> Values:
            card = registry.card(link.choice("model", self.names))
            leads = card.options.leads
            ordered = [leads, *(each for each in DIRECTIONS if each in card.directions and each != leads)]
            titles = [(registry.card(name).title[language], name) for name in self.names]
            strength = link.number("strength", 0.0, 1.0, 1.0)
            known = ["translate", *(name for name, part in parts.items() if part.is_of(card))]
            return {
                tabs: _views(card, parts, link.choice("view", known)),
                self.model: gr.Dropdown(titles, value=card.name),
                self.strength: strength,
                **opened(card, link.choice("direction", ordered), strength, language),
            }

        of_direction = [self.direction, self.pick, self.picture, *view.outputs]
        of_parts = outputs_of(parts.values())
        picked = picks(self.model).change
        end_at(partial(gr.on, [picked, self.direction.input]), self.stop)
        outputs = [self.about, *of_direction, *of_parts]
        chosen = [self.model, self.direction, self.strength]
        described = picked(describe, [self.model, self.strength], [tabs, *outputs], **QUIET)
        described.then(**to_run("fresh", "translate"))
        turned = self.direction.input(turn, chosen, [*of_direction, *of_parts], **QUIET)
        turned.then(**to_run("fresh", "translate"))
        on_choice(self.pick, self.picture).then(**view.take())
        remember("translate", {"model": self.model, "direction": self.direction, "strength": self.strength})
        return Tab([tabs, self.model, self.strength, *outputs], fill, Taker(self.picture, view.arrived))


def _views(card: ModelCard, parts: Mapping[str, Panel], selected: str) -> gr.Tabs:
    """The views that the card has, one of them open."""
    # Gradio hides no tab that was never opened: translate.css does
    lacks = [f"lacks-{name}" for name, part in parts.items() if not part.is_of(card)]
    return gr.Tabs(selected=selected, elem_classes=lacks)


def shown_files(name: str, direction: str, strength: float = 1.0) -> tuple[str, str] | None:
    """Paths of a card's first example and of its shipped translation, mixed; None where none is shipped."""
    file = SHIPPED / f"{name}.{direction}.webp"
    if not file.is_file():
        return None
    given = _first_example(name, direction)
    if strength == 1:
        return saved(*given), saved(file.name, file.read_bytes())
    mixed = images.mix(images.read(given[1]), images.read(file), strength)
    return saved(*given), saved(f"{file.stem}.png", images.encode(mixed))


@cache
def _first_example(name: str, direction: str) -> tuple[str, bytes]:
    """The name of a file and its content: a card's first example at the size of its translation."""
    example = to_translate(registry.card(name, "translate"), direction)[0]
    height, width = images.read(SHIPPED / f"{name}.{direction}.webp").shape[:2]
    return f"{example.name}.png", images.encode(images.resize(example.draw(), height, width))


def sees(card: ModelCard, direction: str, language: str) -> str:
    """What the eye will see of a direction; "" where the card does not say."""
    return str(card.options.shows.get(direction, {}).get(language, ""))


def fault(kind: str, language: str) -> str:
    """That a picture does not look like what a direction takes."""
    return words(language, "translate.unfit", kind=words(language, f"translate.kind_{kind}"))
