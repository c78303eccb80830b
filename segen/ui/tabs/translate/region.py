"""A translation only there: in the region of a segmented class or instance, or everywhere but there."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from segen import registry
from segen.data.synthetic import scenes
from segen.errors import InputError
from segen.imaging import images, png_text
from segen.registry import ModelCard, segmenters
from segen.text import words
from segen.types import SURE, Segmentation, SegmentRequest, TranslateRequest
from segen.ui.framework.downloads import download_button, saved
from segen.ui.framework.figures import empty
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Values
from segen.ui.framework.queue import QUIET, READING, end_at, on_device, picks, press, press_when_moved, steps
from segen.ui.framework.templates import render
from segen.ui.tabs.translate.panel import Panel
from segen.ui.widgets.picture import Picture, opened

if TYPE_CHECKING:
    from segen.engine import Engine

SIDES = ("inside", "outside")
MAX_BORDER = 40
SHOWN_SIDE = 960
FIRST = {"camvid": scenes.TREE}
"""By data set, the class whose region is translated first: on trees one sees a season best."""
NOWHERE = -1.0
"""The place of a click before there was one."""


def region_panel(
    engine: Engine, picture: Picture, model: gr.Dropdown, direction: gr.Radio, stop: gr.Button
) -> Panel:
    """Lay out what limits a translation of the chosen picture to a region."""
    with gr.Tab(say("translate.region"), id="region", elem_id="translate-region") as page:
        region = Region(engine)
        region.wire(picture, model, direction, stop)
    outputs = [region.segmenter, region.known, region.side, *region.outputs]
    return Panel(page, outputs, region.of_card, lambda card: bool(_segmenters_for(card)), region.nothing)


class Region:
    """The components of the view, and the work behind them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        names = [card.name for card in segmenters()]
        gr.Markdown(say("translate.region_help"), elem_classes="help")
        with gr.Row():
            self.segmenter = gr.Dropdown(
                names,
                value=names[0],
                label=say("translate.segmenter"),
                min_width=200,
                elem_id="translate-segmenter",
            )
            self.known = gr.Dropdown(
                ["0"], value="0", label=say("translate.class"), elem_id="translate-class"
            )
            self.side = gr.Radio(SIDES, value=SIDES[0], label=say("translate.side"), elem_id="translate-side")
        with gr.Row(elem_classes="beside"):
            self.border = gr.Slider(
                0,
                MAX_BORDER,
                6,
                step=1,
                label=say("translate.border"),
                buttons=[],
                elem_id="translate-border",
            )
            self.run = gr.Button(
                say("translate.region_run"),
                variant="primary",
                scale=0,
                min_width=150,
                elem_id="region-run",
            )
        self._lay_out_result()
        self.place = [gr.Number(NOWHERE, visible=False), gr.Number(NOWHERE, visible=False)]
        self.outputs = [self.view, self.told, self.row, *self.place]

    def _lay_out_result(self) -> None:
        self.view = gr.Image(
            label=say("translate.region_view"),
            interactive=False,
            buttons=["fullscreen"],
            visible=False,
            elem_id="translate-region-view",
        )
        self.told = gr.HTML(elem_classes="told", padding=False, elem_id="translate-region-told")
        with gr.Row(visible=False, elem_classes="downloads") as self.row:
            self.download = download_button("translate.download", elem_id="translate-region-download")

    def wire(self, picture: Picture, model: gr.Dropdown, direction: gr.Radio, stop: gr.Button) -> None:
        """Let clicks and choices start the work."""
        nowhere = [NOWHERE, NOWHERE]
        self.view.select(_clicked, picture, self.place, **READING).then(**press(self.run))
        picks(self.known).change(lambda: nowhere, None, self.place, **QUIET).then(**press(self.run))
        picked = picks(self.segmenter).change
        end_at(picked, stop)
        picked(self.classes, self.segmenter, [self.known, *self.outputs], **QUIET)
        press_when_moved(self.run, self.border)
        on_device(
            [self.run.click, self.side.input],
            self.limit,
            [picture, model, direction, self.segmenter, self.known, self.side, self.border, *self.place],
            [*self.outputs, self.download],
            stop=stop,
            shows=self.told,
        )

    def limit(
        self,
        file: Path | None,
        name: str,
        direction: str,
        segmenter: str,
        known: str,
        side: str,
        border: float,
        x: float,
        y: float,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        """Translate the picture, and keep the translation within the region or outside it."""
        language = language_of(request)
        picked = yield from opened(file, self.nothing(language))
        if picked is None:
            return
        image, stem = picked
        card = registry.card(segmenter, "segment")
        asked = SegmentRequest(image)
        found = (yield from steps(self.engine, segmenter, asked, progress, language)).value
        wanted = TranslateRequest(image, direction)  # type: ignore[arg-type]  # it checks
        other = (yield from steps(self.engine, name, wanted, progress, language)).value.image
        mask, what = _region(found, card, known, (x, y), language)
        mixed = images.blend(image, other, mask if side == SIDES[0] else ~mask, border)
        told = words(language, f"translate.region_{side}", what=what, share=f"{float(mask.mean()):.1%}")
        yield {
            self.view: gr.Image(images.fit(mixed, SHOWN_SIDE), visible=True),
            self.told: render("tabs/translate/told.html", sees="", notice="", took=told),
            self.row: gr.Row(visible=True),
            self.download: saved(
                f"{stem}.{name}.{side}.png", png_text.marked(mixed, "compositeWithTrainedAlgorithmicMedia")
            ),
        }

    def nothing(self, language: str) -> Values:
        """Without a result, and with no place clicked: values of `outputs`."""
        said = empty(words(language, "translate.region_empty"))
        hidden = {self.view: gr.Image(visible=False), self.row: gr.Row(visible=False)}
        return {**hidden, self.told: said, **dict.fromkeys(self.place, NOWHERE)}

    def classes(self, name: str, request: gr.Request) -> Values:
        """The classes of a segmenter that was picked, and nothing of the one before."""
        card, language = registry.card(name, "segment"), language_of(request)
        return {self.known: _classes(card, language), **self.nothing(language)}

    def of_card(self, card: ModelCard, language: str) -> Values:
        """The segmenters that know the pictures of a card that translates."""
        kept = _segmenters_for(card)
        if not kept:
            return self.nothing(language)
        titles = [(each.title[language], each.name) for each in kept]
        sides = [(words(language, f"translate.side_{each}"), each) for each in SIDES]
        return {
            self.segmenter: gr.Dropdown(titles, value=kept[0].name),
            self.known: _classes(kept[0], language),
            self.side: gr.Radio(sides, value=SIDES[0]),
            **self.nothing(language),
        }


def _segmenters_for(card: ModelCard) -> list[ModelCard]:
    return [each for each in segmenters() if each.dataset == card.options.region]


def _clicked(event: gr.SelectData, file: Path | None) -> list[float]:
    """The place of a click as shares of the picture's sides."""
    if file is None:
        return [NOWHERE, NOWHERE]
    height, width = images.fit(images.read(file), SHOWN_SIDE).shape[:2]
    column, line = event.index
    return [(column + 0.5) / width, (line + 0.5) / height]


def _classes(card: ModelCard, language: str) -> gr.Dropdown:
    choices = [(known.name[language], str(known.id)) for known in card.classes]
    first = FIRST.get(card.dataset, card.classes[-1].id)
    return gr.Dropdown(choices, value=str(first))


def _region(
    found: Segmentation, card: ModelCard, known: str, place: tuple[float, float], language: str
) -> tuple[NDArray[np.bool_], str]:
    """The pixels meant, H x W, and their name: the instance or class at the place, else the class chosen.

    `place` is x and y as shares of the picture's sides, NOWHERE before a click.
    """
    height, width = found.labels.shape
    names = {each.id: each.name[language] for each in card.classes}
    if known not in map(str, names):
        raise InputError("arguments")
    chosen = int(known)
    if place[0] >= 0:
        x, y = (min(int(part * most), most - 1) for part, most in zip(place, (width, height), strict=True))
        for number, each in enumerate(found.instances or ()):
            if each.score < SURE:
                continue
            left, top, wide, high = each.box
            if left <= x < left + wide and top <= y < top + high and each.mask[y - top, x - left]:
                mask = np.zeros((height, width), dtype=np.bool_)
                mask[top : top + high, left : left + wide] = each.mask
                return mask, words(language, "translate.instance", number=number + 1)
        chosen = int(found.labels[y, x])
    return found.labels == chosen, names.get(chosen, "")
