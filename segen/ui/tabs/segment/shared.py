"""What all views look at: one picture, given once, with examples beside it; and the choice of a model."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from segen import registry
from segen.errors import InputError
from segen.imaging import images
from segen.registry import ModelCard, segmenters
from segen.text import words
from segen.types import Image
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Values
from segen.ui.framework.queue import QUIET, in_page, picks
from segen.ui.widgets import cards
from segen.ui.widgets.examples import example_in, examples_of, named
from segen.ui.widgets.gallery import gallery, gallery_input, on_choice
from segen.ui.widgets.picture import Picture, picture_input

NAME = "segment"
"""Of the tab that the views belong to; page.js knows it by this."""
AGAIN = in_page(f"segen.again('{NAME}')")
"""An event after which every view has to start again, the open one at once."""


@dataclass(frozen=True)
class View:
    """A view as it was built.

    `fill(link, language)` gives the values of `outputs` when a page opens, and the data set whose examples
    belong beside them. `model` is the choice that another view may take over.
    """

    outputs: Collection[Any]
    fill: Callable[[Link, str], tuple[Values, str]]
    model: ModelChoice | None = None


@dataclass(frozen=True)
class Shared:
    """The picture, the gallery of `pick`, and the name of the example in the picture, if it is one.

    The `change` of `replaced` is the event of another picture than the one that the page opened with, or than
    the one before.
    """

    picture: Picture
    pick: gr.HTML
    example: gr.Textbox
    replaced: gr.Textbox

    @property
    def outputs(self) -> list[Any]:
        """What `fill` and `fit` give values for."""
        return [self.picture, self.pick, self.example]

    def fill(self, dataset: str, link: Link, language: str) -> Values:
        """The examples of a data set, and in the picture the one that the link names, else the first."""
        first = examples_of(dataset)[0].name
        chosen = named()[link.choice("example", [first, *named()])]
        examples = gallery(examples_of(dataset), language)
        return {self.pick: examples, self.picture: chosen.file(), self.example: chosen.name}

    def fit(self, dataset: str, file: Path | None, language: str) -> Values:
        """The examples of a data set; its first one replaces an example of another data set in the picture.

        A picture of the visitor's own stays.
        """
        examples = examples_of(dataset)
        values: Values = {self.pick: gallery(examples, language)}
        known = example_in(file)
        if known and known not in [each.name for each in examples]:
            values[self.picture] = examples[0].file()
        return values

    def follow(self, trigger: Any, choice: Any, dataset_of: Callable[[Any], str]) -> None:
        """At `trigger`, show the examples of the data set of what was chosen, and start again."""

        def fit(chosen: Any, file: Path | None, request: gr.Request) -> Values:
            return self.fit(dataset_of(chosen), file, language_of(request))

        trigger(fit, [choice, self.picture], self.outputs, **QUIET).then(**AGAIN)


def card_and_picture(file: Path | None, name: str) -> tuple[ModelCard, Image]:
    """The card of `name` and the picture in the file.

    Raises CardError for no card of the task, InputError for no file, or one that is no picture.
    """
    if file is None:
        raise InputError("no_picture")
    return registry.card(name, "segment"), images.read(file)


def share() -> Shared:
    """Lay out the picture and its examples inside the current column.

    A new picture starts the view that is open, by its button `#VIEW-run`.
    """
    picture = picture_input(height=220, elem_id="segment-picture")
    pick = gallery_input(elem_id="segment-examples")
    example, replaced = (gr.Textbox("", visible="hidden") for _ in range(2))
    on_choice(pick, picture)
    picture.change(None, picture, replaced, js="(picture) => segen.replaced(picture)", **QUIET)
    replaced.change(example_in, picture, example, **QUIET)
    look = f"(picture) => picture && segen.again('{NAME}')"  # while one is uploaded, there is none
    picture.change(None, picture, None, js=look, **QUIET)
    return Shared(picture, pick, example, replaced)


class ModelChoice:
    """A network to choose for a view, which pictures it is for, and, in `about`, its card."""

    def __init__(self, view: str) -> None:
        names = [card.name for card in segmenters()]
        label = say(f"{view}.model")
        self.model = gr.Dropdown(names, value=names[0], label=label, scale=3, elem_id=f"{view}-model")
        self.about = gr.HTML(elem_classes="about", padding=False, render=False)
        self.offer: gr.Button | None = None

    def lay_about(self) -> None:
        """Lay out the card of the choice here."""
        self.about.render()  # type: ignore[no-untyped-call]

    def lay_offer(self) -> None:
        """Lay out the button with which `offering` offers another card here."""
        self.offer = gr.Button(visible=False, size="sm", elem_id="segment-offer")
        self.offered = gr.State("")

    def offering(self, card: ModelCard | None, language: str) -> Values:
        """Offer a card, or none."""
        if card is None:
            return {self.offer: gr.Button(visible=False), self.offered: ""}
        label = words(language, "segment.offer", model=card.title[language])
        return {self.offer: gr.Button(label, visible=True), self.offered: card.name}

    @property
    def outputs(self) -> list[Any]:
        """What `fill` and `show` give values for."""
        return [self.model, self.about]

    def show(self, card: ModelCard, language: str) -> Values:
        """The card as the one that is chosen."""
        titles = [(each.title[language], each.name) for each in segmenters()]
        info = words(language, "segment.fits", data=registry.dataset_title(card.dataset)[language])
        return {
            self.model: gr.Dropdown(titles, value=card.name, info=info),
            self.about: cards.beside(card, language),
        }

    def fill(self, link: Link, language: str) -> tuple[Values, str]:
        """The choice that the link names, else the first, and its data set."""
        card = registry.card(link.choice("model", [each.name for each in segmenters()]))
        return self.show(card, language), card.dataset

    def carry(self, shared: Shared, others: Collection[ModelChoice]) -> None:
        """When another model is picked, or an offer taken, pick it for `others`, too."""

        def carry(name: str, file: Path | None, request: gr.Request) -> Values:
            card, language = registry.card(name, "segment"), language_of(request)
            values = shared.fit(card.dataset, file, language)
            for each in (self, *others):
                values |= each.show(card, language)
            return values

        outputs = [*shared.outputs, *self.outputs, *(output for each in others for output in each.outputs)]
        picked = picks(self.model).change(carry, [self.model, shared.picture], outputs, **QUIET)
        picked.then(**AGAIN)
        if self.offer:
            taken = self.offer.click(carry, [self.offered, shared.picture], outputs, **QUIET)
            taken.then(**AGAIN)
