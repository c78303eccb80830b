"""Degrade a picture step by step, and see how long each network's answer stays that for the clean one."""

from __future__ import annotations

import traceback
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from segen import errors, registry
from segen.errors import InputError, SegenError
from segen.imaging import images
from segen.imaging.corruptions import CORRUPTIONS, SEVERITIES, Corruption
from segen.registry import ModelCard, segmenters
from segen.text import words
from segen.types import Image, Labels, SegmentRequest
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Values, remember
from segen.ui.framework.queue import on_device, picks, steps
from segen.ui.tabs.segment.degraded import Point, column, likeness, plot, strip, told
from segen.ui.tabs.segment.shared import Shared, View
from segen.ui.widgets.picture import opened

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "robustness"
SIDE = 640
"""The longer side, at most, of the picture that is degraded: networks work at no more."""
DEFAULT = ("fog",)
SEED = 0
"""Of every corruption, so that one picture is always degraded in the same way."""


def build(engine: Engine, shared: Shared) -> View:
    """Lay out the view inside the current gr.Tab."""
    view = RobustnessView(engine, shared)
    return View([view.kinds, view.models], view.fill)


class RobustnessView:
    """The components of the view and what they do."""

    def __init__(self, engine: Engine, shared: Shared) -> None:
        self.engine, self.picture = engine, shared.picture
        names = [card.name for card in segmenters()]
        self.kinds = gr.CheckboxGroup(
            list(CORRUPTIONS), value=list(DEFAULT), label=say("robustness.kinds"), elem_id="robustness-kinds"
        )
        with gr.Row(elem_classes="controls"):
            self.models = gr.Dropdown(
                names,
                value=names[:1],
                multiselect=True,
                label=say("robustness.models"),
                scale=3,
                elem_id="robustness-models",
            )
            run = gr.Button(say("robustness.run"), variant="primary", min_width=110, elem_id="robustness-run")
            stop = gr.Button(say("page.stop"), interactive=False, min_width=80, elem_id="robustness-stop")
        self.told = gr.HTML(elem_classes="told", padding=False, elem_id="robustness-told")
        with gr.Row(visible=False, elem_id="robustness-plots") as self.row:
            self.plots = {kind: gr.LinePlot(height=260, min_width=280, visible=False) for kind in CORRUPTIONS}
        self.strips = {
            kind: gr.HTML(elem_classes="strip", padding=False, visible=False, elem_id=f"robustness-{kind}")
            for kind in CORRUPTIONS
        }
        outputs = [self.picture, self.told, self.row, *self.plots.values(), *self.strips.values()]
        on_device(
            [self.kinds.input, run.click],
            self.degrade,
            [self.picture, self.kinds, self.models],
            outputs,
            stop=stop,
            shows=self.told,
        )
        shared.follow(picks(self.models).change, self.models, _dataset)
        remember(NAME, {"kinds": self.kinds, "models": self.models})

    def fill(self, link: Link, language: str) -> tuple[Values, str]:
        """What the link asks for."""
        known = {card.name: card.title[language] for card in segmenters()}
        picked = link.several("models", list(known), list(known)[:1])
        kinds = link.several("kinds", list(CORRUPTIONS), DEFAULT)
        named = [(words(language, f"corruptions.{kind}"), kind) for kind in CORRUPTIONS]
        titles = [(title, name) for name, title in known.items()]
        values: Values = {
            self.kinds: gr.CheckboxGroup(named, value=kinds),
            self.models: gr.Dropdown(titles, value=picked, multiselect=True),
        }
        return values, _dataset(picked)

    def degrade(
        self,
        file: Path | None,
        kinds: list[str],
        models: list[str],
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        """Segment the picture at every severity of each corruption, and show what is left of the answers.

        Raises InputError where no corruption or no network is chosen.
        """
        language = language_of(request)
        picked = yield from opened(file, {self.picture: None, **self._nothing()})
        if picked is None:
            return
        yield self._nothing()
        if not kinds or not models:
            raise InputError("nothing_chosen")
        corruptions = [kind for kind in CORRUPTIONS if kind in kinds]
        cards = [registry.card(name, "segment") for name in models]
        work = _Work(self.engine, cards, len(corruptions), progress, language)
        image = images.fit(picked[0], SIDE)
        clean = yield from work.clean(image)
        yield {self.told: told(work.faults, bool(clean), language)}
        cards = [card for card in cards if card.name in clean]
        if not cards:
            return

        # All lines start at once: a plot that is shown takes in no more of them.
        points = [Point(kind, 0, card, 1.0, 1.0) for kind in corruptions for card in cards]
        for kind in corruptions:
            columns = [column(image, 0, kind, cards, clean, points, language)]
            for severity in SEVERITIES:
                degraded = Corruption(kind, severity)(image, SEED)
                found: dict[str, Labels] = {}
                for card in cards:
                    found[card.name] = yield from work.segment(card, degraded)
                    likely = likeness(card, found[card.name], clean[card.name])
                    points.append(Point(kind, severity, card, *likely))
                columns.append(column(degraded, severity, kind, cards, found, points, language))
                yield {
                    self.row: gr.Row(visible=True),
                    self.strips[kind]: gr.HTML(strip(kind, columns, language), visible=True),
                    **self._plotted(kind, corruptions, points, language),
                }

    def _plotted(self, kind: str, corruptions: list[str], points: list[Point], language: str) -> Values:
        """The plot of a corruption; of a single network, one plot shows all corruptions."""
        alone = len({point.card.name for point in points}) == 1
        shown = [point for point in points if alone or point.corruption == kind]
        return {self.plots[corruptions[0] if alone else kind]: plot(shown, language)}

    def _nothing(self) -> Values:
        hidden: Values = {self.told: "", self.row: gr.Row(visible=False)}
        hidden |= {each: gr.LinePlot(visible=False) for each in self.plots.values()}
        return hidden | {each: gr.HTML("", visible=False) for each in self.strips.values()}


class _Work:
    """The runs of one request, counted; `faults` tells why some networks have no answer."""

    def __init__(
        self, engine: Engine, cards: Sequence[ModelCard], kinds: int, progress: gr.Progress, language: str
    ) -> None:
        self.engine, self.cards, self.progress, self.language = engine, cards, progress, language
        self.total = len(cards) * (1 + len(SEVERITIES) * kinds)
        self.count = 0
        self.faults: list[str] = []

    def segment(self, card: ModelCard, image: Image) -> Generator[Values, None, Labels]:
        """The labels that a network gives the picture."""
        self.progress((self.count, self.total), desc=words(self.language, "page.working"))
        self.count += 1
        done = yield from steps(self.engine, card.name, SegmentRequest(image), self.progress, self.language)
        return done.value.labels

    def clean(self, image: Image) -> Generator[Values, None, dict[str, Labels]]:
        """The labels of the clean picture by card; one that fails is left out, so that the others go on."""
        found: dict[str, Labels] = {}
        for card in self.cards:
            try:
                found[card.name] = yield from self.segment(card, image)
            except Exception as fault:
                if not isinstance(fault, SegenError):
                    traceback.print_exc()
                self.faults.append(f"{card.title[self.language]}: {errors.sentence(fault, self.language)}")
        return found


def _dataset(models: Sequence[str]) -> str:
    return registry.card(models[0]).dataset if models else ""
