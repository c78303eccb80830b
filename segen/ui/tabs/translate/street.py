"""Paint a street: a label map that a visitor paints, photographs of it, and what is found in them again."""

from __future__ import annotations

import random
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from markupsafe import escape

from segen import registry
from segen.data.synthetic import scenes
from segen.errors import InputError
from segen.imaging import images
from segen.imaging.labels import read_labels, resize_labels
from segen.imaging.palettes import nearest_classes
from segen.registry import ClassInfo, ModelCard
from segen.text import words
from segen.types import Labels, SegmentRequest, TranslateRequest, seed_range
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Values
from segen.ui.framework.queue import QUIET, on_device, steps
from segen.ui.framework.visit import onward
from segen.ui.tabs.generate.seeds import seed_of
from segen.ui.tabs.translate.panel import Panel
from segen.ui.tabs.translate.street_results import (
    StreetResult,
    agreement,
    colors,
    report,
    street_results_viewer,
)
from segen.ui.widgets import paint
from segen.ui.widgets.picture import Picture, opened

if TYPE_CHECKING:
    from segen.engine import Engine

COUNTS = range(1, 7)
"""How many photographs are made of one map."""
USUAL_COUNT = 3
FIRST_SCENE = 5
SCENES = 1_000_000
"""The seed of another scene lies below this."""
BRUSH = 16
"""Pixels across; the board is as large as the network's input."""


def street_panel(engine: Engine, picture: Picture, model: gr.Dropdown, stop: gr.Button) -> Panel:
    """Lay out the board of a card that makes photographs of label maps, and what comes of a map.

    The card's option `paints` names the card that segments the photographs again.
    """
    with gr.Tab(say("street.title"), id="street", elem_id="translate-street", elem_classes="pad") as page:
        gr.Markdown(say("street.help"), elem_classes="help")
        with gr.Row():
            with gr.Column(scale=5, min_width=300):
                board = paint.board(elem_id="street-board")
            with gr.Column(scale=2, min_width=220):
                scene, photo, label_map = (
                    gr.Button(say(f"street.from_{kind}"), size="md", elem_id=f"street-from-{kind}")
                    for kind in ("scene", "photo", "map")
                )
                count = gr.Radio(
                    list(COUNTS), value=USUAL_COUNT, label=say("street.count"), elem_id="street-count"
                )
                seed = gr.Textbox("0", label=say("generate.seed"), max_length=19, elem_id="street-seed")
                run = gr.Button(say("street.run"), variant="primary", elem_id="street-run")
                told = gr.HTML(elem_classes="told", padding=False, elem_id="street-told")
        street = Street(engine, board, told)
        onward("#street-view .painted img", "pipelines&chain=street")
    painting, view = [board, told], street.view
    scene.click(street.draw, model, painting, **QUIET)
    for button, work in ((photo, street.trace), (label_map, street.take)):
        on_device([button.click], work, [picture, model], painting, stop=stop, shows=board)
    on_device([run.click], street.make, [model, board, count, seed], [view, told], stop=stop, shows=told)

    def of_card(card: ModelCard, language: str) -> Values:
        if not card.options.paints:
            return {board: None, told: "", view: ""}
        return {**street.shown(card, _scene(card, FIRST_SCENE), "", language), view: ""}

    return Panel(page, [*painting, view], of_card, lambda card: bool(card.options.paints))


class Street:
    """The board and what comes of it: a map to paint on, its photographs, what is found in them again."""

    def __init__(self, engine: Engine, board: gr.HTML, told: gr.HTML) -> None:
        self.engine, self.board, self.told = engine, board, told
        self.view = street_results_viewer(elem_id="street-view")

    def shown(self, card: ModelCard, labels: Labels, sentence: str, language: str) -> Values:
        """A map of any size on the board, and what is told of it."""
        scaled = resize_labels(labels, *card.input_size)
        known = registry.dataset_classes(card.dataset)
        pens = [paint.Pen(each.id, each.title(language), each.color) for each in known]
        value = paint.contents(pens, *card.input_size, BRUSH, scaled, held=scenes.CAR)
        return {self.board: value, self.told: escape(sentence)}

    def draw(self, name: str, request: gr.Request) -> Values:
        """Another scene that the code draws."""
        card, _ = painting_cards(name)
        return self.shown(card, _scene(card, random.randrange(SCENES)), "", language_of(request))

    def trace(
        self,
        file: Path | None,
        name: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Any, None, None]:
        """What the segmenting network sees in the picture, to paint on."""
        language = language_of(request)
        card, segmenter = painting_cards(name)
        picked = yield from opened(file, {self.told: ""})
        if picked is None:
            yield {self.told: escape(words(language, "street.empty"))}
            return
        asked = SegmentRequest(picked[0])
        done = yield from steps(self.engine, segmenter.name, asked, progress, language)
        sentence = words(language, "street.traced", model=segmenter.title[language])
        yield self.shown(card, done.value.labels, sentence, language)

    def take(self, file: Path | None, name: str, request: gr.Request) -> Generator[Any, None, None]:
        """The picture as a label map, to paint on."""
        language = language_of(request)
        card, _ = painting_cards(name)
        if file is None:
            yield {self.told: escape(words(language, "street.empty"))}
            return
        labels, strays = read_map(file, registry.dataset_classes(card.dataset))
        sentence = card.options.strays(TranslateRequest.direction, strays, language)
        yield self.shown(card, labels, sentence, language)

    def make(
        self,
        name: str,
        painted: object,
        count: int,
        first: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        """Photographs of the painted map, one after the other, each segmented again.

        Raises InputError for a count that is none of COUNTS, for no seed, and as `painted_street` does.
        """
        language = language_of(request)
        card, segmenter = painting_cards(name)
        if count not in COUNTS:
            raise InputError("count_out_of_range", most=COUNTS[-1])
        seeds = seed_range(seed_of(first or ""), count)
        labels = painted_street(card, painted)
        results: list[StreetResult] = []
        for each in seeds:
            progress((len(results), count), desc=words(language, "page.working"))
            results.append(
                (yield from photographed(self.engine, card, segmenter, labels, each, progress, language))
            )
            yield {self.view: report(card, segmenter, labels, results, language), self.told: ""}


def read_map(file: Path | bytes, known: tuple[ClassInfo, ...]) -> tuple[Labels, int]:
    """A label map from a file, H x W, and how many of its pixels had no class's colour.

    Class ids count as they are, as `labels.read_labels` takes them; in any other picture a pixel is of the
    class of the nearest colour. Raises InputError for what is no picture.
    """
    try:
        return read_labels(file, known), 0
    except InputError:
        return nearest_classes(images.read(file), known)


def painted_street(card: ModelCard, painted: object) -> Labels:
    """The H x W map in the value of a board, as large as the network's input.

    Raises InputError for what was not painted here, and for a map with no class in it.
    """
    known = registry.dataset_classes(card.dataset)
    labels = paint.painted(painted, [each.id for each in known], *card.input_size)
    if not np.isin(labels, [each.id for each in card.classes]).any():
        raise InputError("nothing_painted")
    return labels


def photographed(
    engine: Engine,
    card: ModelCard,
    segmenter: ModelCard,
    labels: Labels,
    seed: int,
    progress: gr.Progress,
    language: str,
) -> Generator[dict[str, Any], None, StreetResult]:
    """One photograph of a map, segmented again, as `steps` works and returns.

    Both have the size that the segmenting network learned from, as where `segen evaluate` measures the card.
    """
    large = resize_labels(labels, *segmenter.input_size)
    asked = TranslateRequest(colors(card)[large], seed=seed)
    photo = (yield from steps(engine, card.name, asked, progress, language)).value.image
    seen = yield from steps(engine, segmenter.name, SegmentRequest(photo, once=True), progress, language)
    found = seen.value.labels
    return StreetResult(seed, photo, found, agreement(registry.dataset_classes(card.dataset), found, large))


def painting_cards(name: str) -> tuple[ModelCard, ModelCard]:
    """The card of this name and the one that segments its photographs again.

    Raises CardError, and InputError for a card that makes no photographs.
    """
    card = registry.card(name, "translate")
    if not card.options.paints:
        raise InputError("arguments")
    return card, registry.card(card.options.paints, "segment")


def _scene(card: ModelCard, seed: int) -> Labels:
    """The map of a scene that the code draws."""
    height, width = card.input_size
    labels: Labels = scenes.DRAWN[card.dataset](seed, width, height)[1]
    return labels
