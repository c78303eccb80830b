"""Compare networks: one picture through every model of a data set, and a map of where they disagree."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from segen import errors, registry
from segen.errors import SegenError
from segen.imaging import images
from segen.registry import ModelCard
from segen.text import words
from segen.types import Image, SegmentRequest
from segen.ui.framework.downloads import download_button, saved
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Values, remember
from segen.ui.framework.queue import on_device, steps
from segen.ui.tabs.segment.answers import Answer, grid, plot, table, told, whole
from segen.ui.tabs.segment.shared import Shared, View
from segen.ui.widgets.picture import opened

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "compare"
SIDE = 640
"""The longer side, at most, of the picture that all get: networks work at no more."""


def build(engine: Engine, shared: Shared) -> View:
    """Lay out the view inside the current gr.Tab."""
    view = CompareView(engine, shared)
    return View([view.data, view.plot], view.fill)


class CompareView:
    """The components of the view and what they do."""

    def __init__(self, engine: Engine, shared: Shared) -> None:
        self.engine, self.picture = engine, shared.picture
        datasets = compared_datasets()
        with gr.Row(elem_classes="controls"):
            self.data = gr.Radio(
                datasets, value=datasets[0], label=say("compare.data"), scale=3, elem_id="compare-data"
            )
            run = gr.Button(say("compare.run"), variant="primary", min_width=110, elem_id="compare-run")
            stop = gr.Button(say("page.stop"), interactive=False, min_width=80, elem_id="compare-stop")
        self.plot = gr.HTML(elem_classes="quality", padding=False, elem_id="compare-plot")
        self.told = gr.HTML(elem_classes="told", padding=False, elem_id="compare-told")
        self.grid = gr.HTML(elem_classes="compare", padding=False, elem_id="compare-grid")
        with gr.Row(visible=False, elem_classes="downloads") as self.row:
            self.downloads = [
                download_button(f"compare.{kind}", elem_id=f"compare-{kind}") for kind in ("table", "sheet")
            ]
        outputs = [self.picture, self.plot, self.told, self.grid, self.row, *self.downloads]
        inputs = [self.picture, self.data]
        on_device([run.click], self.compare, inputs, outputs, stop=stop, shows=self.told)
        shared.follow(self.data.input, self.data, lambda dataset: dataset)
        remember(NAME, {"data": self.data})

    def fill(self, link: Link, language: str) -> tuple[Values, str]:
        """What the link asks for, and what is known of the networks before they run."""
        datasets = compared_datasets()
        chosen = link.choice("data", datasets)
        titles = [(registry.dataset_title(dataset)[language], dataset) for dataset in datasets]
        values: Values = {
            self.data: gr.Radio(titles, value=chosen),
            self.plot: plot(compared(chosen), language),
        }
        return values, chosen

    def compare(
        self,
        file: Path | None,
        dataset: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        """Ask one network after the other, and show each answer as it comes."""
        language = language_of(request)
        chosen = compared(dataset)
        hidden = {self.row: gr.Row(visible=False), self.plot: plot(chosen, language)}
        picked = yield from opened(file, {self.picture: None, self.told: "", self.grid: "", **hidden})
        if picked is None:
            return
        read, stem = picked
        image = images.fit(read, SIDE)
        answers: list[Answer] = []
        yield {self.grid: grid(image, chosen, answers, language), **hidden}
        for number, card in enumerate(chosen):
            progress((number, len(chosen)), desc=words(language, "page.working"))
            answers.append((yield from self._answer(card, image, progress, language)))
            yield {self.grid: grid(image, chosen, answers, language)}
        done = [answer for answer in answers if answer.labels is not None]
        yield {self.told: told(done, image, language)}
        if done:
            files = [
                saved(f"{stem}.models.csv", table(answers)),
                saved(f"{stem}.models.png", images.encode(whole(image, answers))),
            ]
            yield {self.row: gr.Row(visible=True), **dict(zip(self.downloads, files, strict=True))}

    def _answer(
        self, card: ModelCard, image: Image, progress: gr.Progress, language: str
    ) -> Generator[Values, None, Answer]:
        """One model's answer; a fault is told in its place, so that the others go on."""
        asked = SegmentRequest(image)
        try:
            if card.name not in self.engine.loaded():  # the first pass is slow: it must not count
                yield from steps(self.engine, card.name, asked, progress, language)
            done = yield from steps(self.engine, card.name, asked, progress, language)
        except Exception as fault:
            if not isinstance(fault, SegenError):
                traceback.print_exc()
            return Answer(card, fault=errors.sentence(fault, language))
        return Answer(card, done.value.labels, done.seconds, done.device, int8=done.value.int8)


def compared_datasets() -> list[str]:
    """The data sets that more than one network learned from, in the order of the models to choose."""
    counts = Counter(card.dataset for card in registry.segmenters())
    return [dataset for dataset, count in counts.items() if count > 1]


def compared(dataset: str) -> list[ModelCard]:
    """The models of a data set, the highest mean IoU first, those not measured last."""

    def measured(card: ModelCard) -> float:
        found = card.reached()
        return found.value if found else -1.0

    known = [card for card in registry.cards("segment") if card.dataset == dataset]
    return sorted(known, key=measured, reverse=True)
