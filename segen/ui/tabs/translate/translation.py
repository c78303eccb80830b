"""A picture and its translation, one over the other; a picture that does not fit is told of before."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import gradio as gr

from segen import registry
from segen.imaging import images, kinds, png_text
from segen.registry import ModelCard
from segen.text import device_name, words
from segen.types import Direction, Image, Run, TranslateRequest, Translation
from segen.ui.framework.downloads import download_button, saved
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Values
from segen.ui.framework.queue import on_device, press, press_when_moved, steps
from segen.ui.framework.templates import render
from segen.ui.framework.visit import onward
from segen.ui.tabs.translate import choice
from segen.ui.widgets.picture import opened

if TYPE_CHECKING:
    from segen.engine import Engine

SHOWN_SIDE = 1280
"""The longer side of the two pictures as they are shown; the file has the picture's own size."""


class TranslationView:
    """The components of the view and what they do."""

    def __init__(self, engine: Engine, chosen: choice.Choice) -> None:
        self.engine, self.picture = engine, chosen.picture
        self.view = gr.ImageSlider(
            label=say("translate.view"),  # type: ignore[arg-type]  # typed str, but takes a token too
            interactive=False,
            buttons=["fullscreen"],
            elem_id="translate-view",
        )
        self.told = gr.HTML(elem_classes="told", padding=False, elem_id="translate-told")
        with gr.Row(visible=False, elem_classes="downloads") as self.row:
            self.download = download_button("translate.download", elem_id="translate-download")
        onward("#translate-view img:last-of-type", "segment", "pipelines&chain=seasons")
        self.arrived = gr.Button(visible="hidden", elem_id="translate-arrived")
        look = gr.Button(visible="hidden", elem_id="translate-look")
        self.outputs = [self.view, self.told, self.row]
        inputs = [self.picture, chosen.model, chosen.direction, chosen.strength]
        outputs = [self.picture, *self.outputs, self.download]
        press_when_moved(chosen.run, chosen.strength)
        for button, work in ((look, self.take_in), (chosen.run, self.translate)):
            on_device([button.click], work, inputs, outputs, stop=chosen.stop, shows=self.view)

    def take(self) -> dict[str, Any]:
        """An event that takes in the picture that was just put there."""
        return press(self.arrived)

    def shipped(
        self, card: ModelCard, direction: str, files: tuple[str, str] | None, language: str
    ) -> Values:
        """An example with its shipped result, and what there is to see."""
        said = choice.sees(card, direction, language)
        return {self.view: files, self.told: _told(said), self.row: gr.Row(visible=False)}

    def take_in(
        self,
        file: Path | None,
        name: str,
        direction: str,
        strength: float,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        """Translate a new picture, unless it does not look like what the direction takes: then say so."""
        picked = yield from self._opened(file)
        if picked is None:
            return
        card = registry.card(name, "translate")
        registry.check_direction(card, direction)
        kind = card.options.given[cast(Direction, direction)]
        palette = [known.color for known in registry.dataset_classes(card.dataset)]
        if not kinds.looks_like(picked[0], kind, palette):
            notice = choice.fault(kind, language_of(request))
            yield {self.view: None, self.told: _told("", notice), self.row: gr.Row(visible=False)}
            return
        yield from self.translate(file, name, direction, strength, request, progress)

    def translate(
        self,
        file: Path | None,
        name: str,
        direction: str,
        strength: float,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        """Translate the picture, whatever it looks like."""
        language = language_of(request)
        picked = yield from self._opened(file)
        if picked is None:
            return
        image, stem = picked
        card = registry.card(name, "translate")
        asked = TranslateRequest(image, direction, strength)  # type: ignore[arg-type]  # it checks
        done = yield from steps(self.engine, name, asked, progress, language)
        yield {
            self.view: (images.fit(image, SHOWN_SIDE), images.fit(done.value.image, SHOWN_SIDE)),
            self.told: _told(
                choice.sees(card, direction, language),
                _warning(card, direction, image, language),
                _took(card, direction, done, language),
            ),
            self.row: gr.Row(visible=True),
            self.download: saved(
                f"{stem}.{name}.{direction}.png",
                png_text.marked(done.value.image, "compositeWithTrainedAlgorithmicMedia"),
            ),
        }

    def _opened(self, file: Path | None) -> Generator[Values, None, tuple[Image, str] | None]:
        nothing = {self.picture: None, self.view: None, self.told: "", self.row: gr.Row(visible=False)}
        return (yield from opened(file, nothing))


def _told(sees: str, notice: str = "", took: str = "") -> str:
    return render("tabs/translate/told.html", sees=sees, notice=notice, took=took)


def _warning(card: ModelCard, direction: str, image: Image, language: str) -> str:
    """That a mask of a bright picture is often inverted; "" for any other."""
    masks = card.options.given[cast(Direction, direction)] == "microscopy"
    return words(language, "translate.bright") if masks and kinds.is_bright(image) else ""


def _took(card: ModelCard, direction: str, run: Run[Translation], language: str) -> str:
    height, width = run.value.image.shape[:2]
    sentence = words(
        language,
        "translate.took",
        model=card.title[language],
        width=width,
        height=height,
        seconds=f"{run.seconds:.2f}",
        device=device_name(run.device),
    )
    return f"{sentence} {card.options.strays(direction, run.value.unknown_pixels, language)}".strip()
