"""A translation only there: in the region of a segmented class or instance, or everywhere but there."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from segen import registry
from segen.errors import InputError
from segen.imaging import images
from segen.registry import ModelCard, segmenters
from segen.text import words
from segen.types import SURE, Segmentation, SegmentRequest, TranslateRequest
from segen.ui.framework.downloads import download_button, saved
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import QUIET, on_device, picks, press, steps
from segen.ui.widgets.picture import Picture, opened

if TYPE_CHECKING:
    from segen.engine import Engine

SIDES = ("inside", "outside")
MAX_BORDER = 40
SHOWN_SIDE = 960
NOWHERE = -1.0
"""The place of a click before there was one."""


def region_panel(
    engine: Engine, picture: Picture, model: gr.Dropdown, direction: gr.Radio, stop: gr.Button
) -> Part:
    """Lay out what limits a translation of the chosen picture to a region."""
    names = [card.name for card in segmenters()]
    with gr.Column(elem_classes="latent", elem_id="translate-region") as panel:
        gr.Markdown(say("translate.region"), elem_classes="heading")
        gr.Markdown(say("translate.region_help"), elem_classes="help")
        with gr.Row():
            segmenter = gr.Dropdown(
                names,
                value=names[0],
                label=say("translate.segmenter"),
                min_width=200,
                elem_id="translate-segmenter",
            )
            known = gr.Dropdown(["0"], value="0", label=say("translate.class"), elem_id="translate-class")
            side = gr.Radio(SIDES, value=SIDES[0], label=say("translate.side"), elem_id="translate-side")
        with gr.Row(elem_classes="beside"):
            border = gr.Slider(
                0,
                MAX_BORDER,
                6,
                step=1,
                label=say("translate.border"),
                buttons=[],
                elem_id="translate-border",
            )
            run = gr.Button(
                say("translate.region_run"),
                variant="primary",
                scale=0,
                min_width=150,
                elem_id="translate-region-run",
            )
        view = gr.Image(
            label=say("translate.region_view"),
            interactive=False,
            buttons=["fullscreen"],
            visible=False,
            elem_id="translate-region-view",
        )
        told = gr.HTML(elem_classes="told", padding=False, elem_id="translate-region-told")
        with gr.Row(visible=False, elem_classes="downloads") as row:
            download = download_button("translate.download", elem_id="translate-region-download")
    place = [gr.Number(NOWHERE, visible=False), gr.Number(NOWHERE, visible=False)]

    def limit(
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
    ) -> Generator[dict[Any, Any], None, None]:
        language = language_of(request)
        empty = {view: gr.Image(visible=False), told: "", row: gr.Row(visible=False)}
        picked = yield from opened(file, empty)
        if picked is None:
            yield {told: words(language, "translate.region_empty")}
            return
        image, stem = picked
        card = registry.card(segmenter, "segment")
        found = (yield from steps(engine, segmenter, SegmentRequest(image), progress, language)).value
        asked = TranslateRequest(image, direction)  # type: ignore[arg-type]  # it checks
        other = (yield from steps(engine, name, asked, progress, language)).value.image
        mask, what = _region(found, card, known, (x, y), language)
        share = float(mask.mean())
        mixed = images.blend(image, other, mask if side == SIDES[0] else ~mask, border)
        yield {
            view: gr.Image(images.fit(mixed, SHOWN_SIDE), visible=True),
            told: words(language, f"translate.region_{side}", what=what, share=f"{share:.1%}"),
            row: gr.Row(visible=True),
            download: saved(f"{stem}.{name}.{side}.png", images.encode(mixed)),
        }

    def clicked(event: gr.SelectData, file: Path | None) -> list[float]:
        if file is None:
            return [NOWHERE, NOWHERE]
        height, width = images.fit(images.read(file), SHOWN_SIDE).shape[:2]
        column, line = event.index
        return [(column + 0.5) / width, (line + 0.5) / height]

    view.select(clicked, picture, place, **QUIET).then(**press(run))
    picks(known).change(lambda: [NOWHERE, NOWHERE], None, place, **QUIET).then(**press(run))
    on_device(
        [run.click, side.input, border.release],
        limit,
        [picture, model, direction, segmenter, known, side, border, *place],
        [view, told, row, download],
        stop=stop,
        shows=told,
    )

    def classes(name: str, request: gr.Request) -> Values:
        card = registry.card(name, "segment")
        return {known: _classes(card, language_of(request)), **dict.fromkeys(place, NOWHERE)}

    picks(segmenter).change(classes, segmenter, [known, *place], **QUIET)

    def of_card(card: ModelCard, language: str) -> Values:
        kept = [each for each in segmenters() if each.dataset == card.options.region]
        titles = [(each.title[language], each.name) for each in kept]
        if not kept:
            return {panel: gr.Column(visible=False), told: "", place[0]: NOWHERE}
        sides = [(words(language, f"translate.side_{each}"), each) for each in SIDES]
        return {
            panel: gr.Column(visible=True),
            segmenter: gr.Dropdown(titles, value=kept[0].name),
            known: _classes(kept[0], language),
            side: gr.Radio(sides, value=SIDES[0]),
            view: gr.Image(visible=False),
            told: "",
            place[0]: NOWHERE,
        }

    return Part([panel, segmenter, known, side, view, told, place[0]], of_card)


def _classes(card: ModelCard, language: str) -> gr.Dropdown:
    choices = [(known.name[language], str(known.id)) for known in card.classes]
    return gr.Dropdown(choices, value=choices[-1][1] if len(choices) == 2 else choices[0][1])


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
