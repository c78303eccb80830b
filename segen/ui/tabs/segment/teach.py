"""Teach a pixel classifier by strokes on the picture, which is classified anew after each of them."""

from __future__ import annotations

from collections.abc import Generator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from segen.data import classifiers, scribbled
from segen.errors import InputError
from segen.imaging import export, formats, images
from segen.registry import TEACH_MODEL, ModelCard
from segen.text import words
from segen.types import (
    MAX_TAUGHT,
    UNDRAWN,
    ApplyRequest,
    Image,
    Labels,
    PixelClassifier,
    Segmentation,
    TeachRequest,
)
from segen.ui.framework.downloads import download_button, download_row, saved, segmentation_buttons
from segen.ui.framework.figures import empty
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Values
from segen.ui.framework.queue import on_device, press, steps
from segen.ui.framework.visit import uploaded
from segen.ui.tabs.segment import strokes
from segen.ui.tabs.segment.shared import Shared, View
from segen.ui.tabs.segment.taught import curve, scores, told
from segen.ui.widgets import paint
from segen.ui.widgets.examples import example_in

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "teach"
BOARD_SIDE = 640
"""The longer side of the board at most; the encoder sees no more of a picture."""
BRUSH = 6
MAX_FURTHER = 10
SHOWN_SIDE = 480
"""Of further pictures in the gallery."""


def build(engine: Engine, shared: Shared) -> View:
    """Lay out the view inside the current gr.Tab."""
    view = TeachView(engine, shared)
    return View([view.told, view.row, view.gallery, view.zip, view.scores, view.curve], view.fill)


class TeachView:
    """The components of the view and what they do."""

    def __init__(self, engine: Engine, shared: Shared) -> None:
        self.engine, self.picture = engine, shared.picture
        with gr.Row(elem_classes="controls"):
            run = gr.Button(say("teach.run"), variant="primary", min_width=110, elem_id="teach-run")
            stop = gr.Button(say("page.stop"), interactive=False, min_width=80, elem_id="teach-stop")
        self.board = paint.board(elem_id="teach-board")
        self.told = gr.HTML(elem_classes="told", padding=False, elem_id="teach-told")
        files = gr.Button(say("teach.files"), size="sm", scale=0, min_width=320, elem_id="teach-files")
        self.row, self.downloads = download_row(NAME)
        with self.row:
            self.cutouts = download_button("teach.cutouts", elem_id="teach-cutouts")
            self.classifier = download_button("teach.classifier", elem_id="teach-classifier")
        with gr.Accordion(say("teach.further"), open=False, elem_id="teach-further"):
            self.others = gr.File(
                file_count="multiple", label=say("teach.others"), height=120, elem_id="teach-others"
            )
            apply = gr.Button(say("teach.apply"), size="sm", elem_id="teach-apply")
            self.gallery = gr.Gallery(
                label=say("teach.applied"), visible=False, columns=4, buttons=[], elem_id="teach-applied"
            )
            self.zip = download_button("teach.zip", visible=False, elem_id="teach-zip")
        with gr.Accordion(say("teach.measured"), open=False, elem_id="teach-measured"):
            self.scores = gr.HTML(elem_classes="scores", padding=False)
            self.curve = gr.LinePlot(height=260)
        self.board.paint(**press(run))
        given = [self.picture, self.board]
        further = [self.gallery, self.zip]
        taken = [self.row, *self.downloads, self.cutouts, self.classifier]
        for button, work, inputs, outputs in (
            (run, self.teach, given, [self.board, self.told, self.row, *further]),
            (files, self.take, given, taken),
            (apply, self.apply, [*given, self.others], further),
        ):
            on_device([button.click], work, inputs, outputs, stop=stop, shows=self.told)

    def fill(self, link: Link, language: str) -> tuple[Values, str]:
        """Nothing is shown until the picture is looked at."""
        return {
            self.told: empty(words(language, "teach.empty")),
            **self._no_files(),
            self.scores: scores(language),
            self.curve: curve(language),
        }, NAME

    def teach(
        self,
        file: Path | None,
        drawing: object,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        """Classify every pixel by the strokes; a picture that is new to the board is put on it first."""
        language = language_of(request)
        if file is None:
            yield {self.told: empty(words(language, "teach.empty")), **self._no_files()}
            return
        small = _seen(file)
        shows: dict[str, Any] = {"picture": _picture(file)}
        if not _drawn_on(drawing, file):
            shows = drawing = board(small, example_in(file), language) | {"picture": _picture(file)}
            yield {self.board: drawing, **self._no_files()}
        asked = _asked(drawing, small)
        if asked is None:
            yield {
                self.board: paint.unanswered(shows),
                self.told: empty(words(language, "teach.empty")),
                **self._no_files(),
            }
            return
        done = yield from steps(self.engine, TEACH_MODEL, asked[0], progress, language)
        found = done.value
        x, y = found.uncertain
        mark = ((x + 0.5) / small.shape[1], (y + 0.5) / small.shape[0])
        ids = np.array(asked[1], np.uint8)[found.segmentation.labels]
        yield {
            self.board: paint.answer(shows, ids, mark),
            self.told: told(done, language),
            **self._no_files(),  # they are of the answer before
        }

    def take(
        self,
        file: Path | None,
        drawing: object,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        """Make the files to take home: of the picture at its full size, and of the classifier.

        Raises InputError without a picture, and for strokes of fewer than two classes.
        """
        language = language_of(request)
        classifier = yield from self._learned(file, drawing, progress, language)
        assert file is not None
        image = images.read(file)
        card, result = yield from self._applied(classifier, image, progress, language)
        buttons = segmentation_buttons(card, image, result, file.stem, language)
        cutouts = formats.archive(_cutouts(card, image, result, file.stem))
        yield {
            self.row: gr.Row(visible=True),
            **dict(zip(self.downloads, buttons, strict=True)),
            self.cutouts: saved(f"{file.stem}.cutouts.zip", cutouts),
            self.classifier: saved("classifier.json", classifiers.encode(classifier)),
        }

    def apply(
        self,
        file: Path | None,
        drawing: object,
        others: list[str] | None,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        """Classify further pictures by the same strokes, and put their files into one ZIP.

        Raises InputError for none, for more than MAX_FURTHER, for strokes of fewer than two classes, and in
        the end for pictures that could not be read.
        """
        language = language_of(request)
        paths = [Path(uploaded(path)) for path in others or []]
        if not 1 <= len(paths) <= MAX_FURTHER:
            raise InputError("further_pictures", most=MAX_FURTHER)
        yield self._none_further()
        classifier = yield from self._learned(file, drawing, progress, language)
        shown: list[tuple[Image, str]] = []
        kept: dict[str, bytes] = {}
        faults: list[InputError] = []
        for number, path in enumerate(paths, start=1):
            progress((number, len(paths)), desc=words(language, "page.working"))
            try:
                image = images.read(path)
            except InputError as fault:
                faults.append(InputError("item_unusable", file=path.name, fault=fault))
                continue
            card, result = yield from self._applied(classifier, image, progress, language)
            shown.append((images.fit(export.overlay(card, image, result.labels), SHOWN_SIDE), path.name))
            stem = f"{number:02d}-{path.stem}"
            for ending, content in export.contents(card, image, result, language).items():
                kept[f"{stem}{ending}"] = content
            kept |= _cutouts(card, image, result, stem)
            yield {self.gallery: gr.Gallery(shown, visible=True)}
        if kept:
            yield {
                self.zip: gr.DownloadButton(value=saved("taught.zip", formats.archive(kept)), visible=True)
            }
        if faults:
            raise InputError("further_unusable", faults=tuple(faults))

    def _no_files(self) -> Values:
        return {self.row: gr.Row(visible=False), **self._none_further()}

    def _none_further(self) -> Values:
        return {self.gallery: gr.Gallery(visible=False), self.zip: gr.DownloadButton(visible=False)}

    def _learned(
        self, file: Path | None, drawing: object, progress: gr.Progress, language: str
    ) -> Generator[Values, None, PixelClassifier]:
        """The classifier that the strokes on the board teach. Raises InputError where there are none."""
        if file is None:
            raise InputError("no_picture")
        asked = _asked(drawing, _seen(file)) if _drawn_on(drawing, file) else None
        if asked is None:
            raise InputError("scribbles_of_one")
        done = yield from steps(self.engine, TEACH_MODEL, asked[0], progress, language)
        return done.value.classifier

    def _applied(
        self, classifier: PixelClassifier, image: Image, progress: gr.Progress, language: str
    ) -> Generator[Values, None, tuple[ModelCard, Segmentation]]:
        """The card of the classifier's classes, and what it makes of a picture at its full size."""
        asked = ApplyRequest(image, classifier)
        done = yield from steps(self.engine, TEACH_MODEL, asked, progress, language)
        return export.taught_card(classifier), done.value


@lru_cache(maxsize=16)
def _seen(file: Path) -> Image:
    """The picture as the board shows it; kept, since each stroke asks for it."""
    return images.fit(images.read(file), BOARD_SIDE)


def _picture(file: Path) -> str:
    """What tells the pictures of a visit apart: Gradio's folder is named after what the file holds."""
    return f"{file.parent.name}/{file.name}"


def _drawn_on(drawing: object, file: Path) -> bool:
    """Whether the board shows this picture, and so its strokes are meant for it."""
    return isinstance(drawing, dict) and drawing.get("picture") == _picture(file)


def board(small: Image, example: str, language: str) -> dict[str, Any]:
    """The board with a picture that is new to it, and the strokes that the example of this name has."""
    pens = [
        paint.Pen(id, words(language, f"teach.{key}"), scribbled.color(id))
        for id, key in enumerate(strokes.classes(example))
    ]
    height, width = small.shape[:2]
    ids = strokes.drawn(example, height, width, BRUSH)
    spares = tuple(map(scribbled.color, range(MAX_TAUGHT)))
    return paint.on_photo(pens, small, BRUSH, ids, example, spares)


def _asked(drawing: object, small: Image) -> tuple[TeachRequest, list[int]] | None:
    """The request of what is drawn, and the board's id of each of its classes; None without two classes.

    Raises InputError for what this page did not draw.
    """
    ids, pens = paint.drawn_on(drawing, *small.shape[:2])
    if len(set(np.unique(ids).tolist()) - {UNDRAWN}) < 2:
        return None
    places = np.full(256, UNDRAWN, np.uint8)
    board_ids = [id for id, _ in pens]
    places[board_ids] = np.arange(len(pens))
    scribbles: Labels = places[ids]
    return TeachRequest((small,), (scribbles,), tuple(known for _, known in pens)), board_ids


def _cutouts(card: ModelCard, image: Image, result: Segmentation, stem: str) -> dict[str, bytes]:
    """A cut-out and a mask of each class, by the file's name."""
    found = formats.contents(card, image, result, ("cutouts", "masks"), stem)
    return {f"{stem}{ending}": content for ending, content in found.items()}
