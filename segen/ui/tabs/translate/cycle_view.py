"""Cycle consistency: forward and back, what is lost, what is hidden, and the discriminators' scores."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from segen import registry
from segen.imaging import images
from segen.registry import ModelCard
from segen.text import words
from segen.types import Cycle, CycleRequest, Image
from segen.ui.framework.downloads import download_button, saved
from segen.ui.framework.figures import PALETTE, empty, figure, png
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Values
from segen.ui.framework.queue import on_device, press_when_moved, steps
from segen.ui.framework.templates import render
from segen.ui.tabs.translate.panel import Panel
from segen.ui.widgets.picture import Picture, opened

if TYPE_CHECKING:
    from segen.engine import Engine

MIN_ERROR = 0.05
"""The heat map of the error ends at its greatest value, but never below this."""


def cycle_panel(
    engine: Engine, picture: Picture, model: gr.Dropdown, direction: gr.Radio, stop: gr.Button
) -> Panel:
    """Lay out what a card that was trained for cycles shows of the picture that is chosen."""
    with gr.Tab(say("translate.cycle_view"), id="cycle", elem_id="translate-cycle_view") as page:
        gr.Markdown(say("translate.cycle_view_help"), elem_classes="help")
        with gr.Row(elem_classes="beside"):
            levels = _slider(1, 8, 8, 1, "bits")
            blur = _slider(0, 4, 0, 0.5, "blur")
            run = gr.Button(
                say("translate.cycle_view_run"),
                variant="primary",
                scale=0,
                min_width=150,
                elem_id="cycle-run",
            )
        cycle = CycleView(engine)
    press_when_moved(run, levels, blur)
    on_device(
        [run.click],
        cycle.look,
        [picture, model, direction, levels, blur],
        [cycle.view, cycle.row, cycle.download],
        stop=stop,
        shows=cycle.view,
    )

    def of_card(_card: ModelCard, language: str) -> Values:
        return cycle.nothing(language)

    shown = [cycle.view, cycle.row]
    return Panel(page, shown, of_card, lambda card: bool(card.options.cycles), cycle.nothing)


def _slider(low: float, high: float, value: float, step: float, name: str) -> gr.Slider:
    return gr.Slider(
        low,
        high,
        value,
        step=step,
        label=say(f"translate.{name}"),
        buttons=[],
        min_width=160,
        elem_id=f"translate-{name}",
    )


class CycleView:
    """The result's components, and the work behind them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.view = gr.HTML(elem_classes="cycle-view", padding=False, elem_id="translate-cycle-view")
        with gr.Row(visible=False, elem_classes="downloads") as self.row:
            self.download = download_button("translate.cycle_json", elem_id="translate-cycle-json")

    def nothing(self, language: str) -> Values:
        """Without a result."""
        said = empty(words(language, "translate.cycle_view_empty"))
        return {self.view: said, self.row: gr.Row(visible=False)}

    def look(
        self,
        file: Path | None,
        name: str,
        direction: str,
        bits: int,
        blur: float,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        """Send the picture through both networks, and show what is lost and what is hidden."""
        language = language_of(request)
        picked = yield from opened(file, self.nothing(language))
        if picked is None:
            return
        image, stem = picked
        asked = CycleRequest(image, direction, 2**bits, blur)  # type: ignore[arg-type]  # it checks
        done = yield from steps(self.engine, name, asked, progress, language)
        options = registry.card(name, "translate").options
        strays = options.strays(direction, done.value.unknown_pixels, language)
        yield {
            self.view: _shown(done.value, strays, language),
            self.row: gr.Row(visible=True),
            self.download: saved(f"{stem}.{name}.cycle.json", _report(name, asked, done.value)),
        }


def _report(name: str, asked: CycleRequest, found: Cycle) -> bytes:
    """What the view shows as numbers, as a JSON file."""
    height, width = found.error.shape
    report = {
        "model": name,
        "direction": asked.direction,
        "levels": asked.levels,
        "blur": asked.blur,
        "width": width,
        "height": height,
        "cycle_error": round(found.mean_error, 6),
        "identity_error": round(identity_error(found), 6),
        "discriminator_score_given": round(float(found.discriminator_score_given.mean()), 6),
        "discriminator_score_translated": round(float(found.discriminator_score_translated.mean()), 6),
    }
    return (json.dumps(report, indent=1) + "\n").encode()


def identity_error(found: Cycle) -> float:
    """The mean absolute difference of A and its identity output, 0 to 1."""
    return float(np.abs(found.given.astype(np.float32) - found.identity).mean() / 255)


def _shown(found: Cycle, strays: str, language: str) -> Markup:
    """The seven pictures of a cycle over what they are, with their numbers, under what `strays` says."""
    error = found.error / max(float(found.error.max()), MIN_ERROR)
    heat = np.array(PALETTE, dtype=np.uint8)[np.rint(128 + 127 * error).astype(np.uint8)]
    numbers: dict[str, dict[str, str]] = {
        "given": {},
        "translated": {},
        "back": {},
        "error": {"value": f"{found.mean_error:.4f}", "greatest": f"{found.error.max():.2f}"},
        "identity": {"value": f"{identity_error(found):.4f}"},
        "discriminator_score_given": {"value": f"{found.discriminator_score_given.mean():.0%}"},
        "discriminator_score_translated": {"value": f"{found.discriminator_score_translated.mean():.0%}"},
    }
    pictures = {
        "given": found.given,
        "translated": found.passed,
        "back": found.backward,
        "error": heat,
        "identity": found.identity,
        "discriminator_score_given": _patches(found.given, found.discriminator_score_given),
        "discriminator_score_translated": _patches(found.forward, found.discriminator_score_translated),
    }
    figures = Markup().join(
        figure(png(images.fit(each, 512)), words(language, f"translate.cycle_{name}", **numbers[name]))
        for name, each in pictures.items()
    )
    return render("tabs/translate/cycle.html", strays=strays, figures=figures)


def _patches(picture: Image, discriminator_score: NDArray[np.float32]) -> Image:
    """The picture, dark where the discriminator takes its patches for made, bright where for real."""
    height, width = picture.shape[:2]
    light = images.resize(np.rint(255 * discriminator_score).astype(np.uint8), height, width)[
        ..., None
    ] / np.float32(255)
    shaded: Image = np.rint(picture * (0.15 + 0.85 * light)).astype(np.uint8)
    return shaded
