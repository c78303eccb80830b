"""Segment a picture, look at the result pixel by pixel, take it home."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from segen import registry
from segen.evaluation.test_time_augmentation import AUGMENTATIONS, disagreement
from segen.evaluation.unfamiliar import better_card, kind_classifier, unfamiliar
from segen.imaging import images
from segen.registry import ModelCard
from segen.registry.options import SegmentOptions
from segen.text import device_name, words
from segen.types import Image, PooledFeaturesRequest, Run, Segmentation, SegmentRequest
from segen.ui.framework.downloads import download_row, segmentation_buttons
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Values, remember
from segen.ui.framework.queue import on_device, steps
from segen.ui.framework.visit import onward
from segen.ui.tabs.segment.mask import MaskPanel
from segen.ui.tabs.segment.measure import MeasurePanel
from segen.ui.tabs.segment.several import SeveralPanel
from segen.ui.tabs.segment.shared import ModelChoice, Shared, View
from segen.ui.tabs.segment.take_home import TakeHomePanel
from segen.ui.widgets.examples import drawn_labels
from segen.ui.widgets.picture import opened
from segen.ui.widgets.viewer import VIEWS, contents, viewer

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "segment"
Kinds = dict[str, float]
"""How probable each kind of picture is; see `segen.evaluation.unfamiliar`."""
Answer = tuple[ModelCard[SegmentOptions], Image, str, Run[Segmentation], Kinds]
"""The card, the picture, the stem of its name, what the network made of it and what kind it is of."""


def build(engine: Engine, shared: Shared) -> View:
    """Lay out the view inside the current gr.Tab."""
    view = SegmentView(engine, shared)
    return View([*view.choice.outputs, *view.mask.outputs], view.fill, view.choice)


class SegmentView:
    """The components of the view and what they do."""

    def __init__(self, engine: Engine, shared: Shared) -> None:
        self.engine, self.picture = engine, shared.picture
        with gr.Row(elem_classes="controls"):
            self.choice = ModelChoice(NAME)
            run = gr.Button(say("segment.run"), variant="primary", min_width=110, elem_id="segment-run")
            stop = gr.Button(say("page.stop"), interactive=False, min_width=80, elem_id="segment-stop")
        self.viewer = viewer(VIEWS, tab=NAME, elem_id="segment-viewer")
        self.choice.lay_offer()
        self.row, self.downloads = download_row(NAME)
        onward("#segment-picture img", "translate", "pipelines&chain=round")
        with gr.Row(visible=False) as self.further:
            again = gr.Button(
                say("segment.disagree"), size="sm", scale=0, min_width=320, elem_id="segment-disagree"
            )
        model = self.choice.model
        TakeHomePanel(engine, shared, model, stop)
        self.drawn = MeasurePanel(engine, shared, model, stop).drawn
        self.mask = MaskPanel()
        SeveralPanel(engine, model)
        self.choice.lay_about()

        offer = (self.choice.offer, self.choice.offered)
        result = [self.picture, self.viewer, self.row, self.further, *offer]
        for button, work, outputs in (
            (run, self.segment, [*result, *self.downloads, self.drawn]),
            (again, self.disagree, result),
        ):
            on_device([button.click], work, [self.picture, model], outputs, stop=stop, shows=self.viewer)
        remember(NAME, {"model": model})

    def fill(self, link: Link, language: str) -> tuple[Values, str]:
        """What the link asks for; `show` and `opacity` are the viewer's, which reads the address itself."""
        link.choice("show", VIEWS)
        link.whole("opacity", range(101), 0)
        values, dataset = self.choice.fill(link, language)
        return values | self.mask.fill(language), dataset

    def segment(
        self,
        file: Path | None,
        name: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        """Label the picture and make the files to take home."""
        language = language_of(request)
        answer = yield from self._answer(file, name, progress, language)
        if answer is None:
            return
        card, image, stem, done, kinds = answer
        yield {
            self.viewer: contents(card, image, done.value) | _told(card, done, kinds, stem, language),
            self.row: gr.Row(visible=False),  # its files are of the picture before
            **self.choice.offering(better_card(card, kinds), language),
        }
        files = segmentation_buttons(card, image, done.value, stem, language)
        known = drawn_labels(image, card.dataset) is not None
        yield {
            self.row: gr.Row(visible=True),
            self.further: gr.Row(visible=True),
            **dict(zip(self.downloads, files, strict=True)),
            self.drawn: gr.Button(interactive=known),
        }

    def disagree(
        self,
        file: Path | None,
        name: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        """Ask for the picture mirrored and smaller, too, and show where the answers differ."""
        language = language_of(request)
        answer = yield from self._answer(file, name, progress, language)
        if answer is None:
            return
        card, image, stem, done, kinds = answer
        height, width = done.value.probabilities.shape[1:]
        small = images.resize(image, height, width)
        answers: list[NDArray[np.float32]] = []
        for augmentation in AUGMENTATIONS:
            progress((len(answers), len(AUGMENTATIONS)), desc=words(language, "page.working"))
            asked = SegmentRequest(augmentation.apply(small), once=True)
            other = yield from steps(self.engine, name, asked, progress, language)
            answers.append(augmentation.undo(other.value.probabilities, height, width))
        apart = disagreement(answers)
        told = _told(card, done, kinds, stem, language)
        mean = f"{apart.mean():.3f}"
        told["sentence"] += words(language, "segment.disagreed", times=len(answers), mean=mean)
        yield {self.viewer: contents(card, image, done.value, apart) | told}

    def _answer(
        self, file: Path | None, name: str, progress: gr.Progress, language: str
    ) -> Generator[Values, None, Answer | None]:
        """What the network makes of the file; None for no file."""
        hidden = {self.row: gr.Row(visible=False), self.further: gr.Row(visible=False)}
        hidden |= self.choice.offering(None, language)
        picked = yield from opened(file, {self.picture: None, self.viewer: None, **hidden})
        if picked is None:
            return None
        image, stem = picked
        card = registry.card(name, "segment")
        done = yield from steps(self.engine, name, SegmentRequest(image), progress, language)
        known = kind_classifier()
        asked = PooledFeaturesRequest(image)
        pooled = yield from steps(self.engine, known.encoder, asked, progress, language)
        return card, image, stem, done, known.probabilities(pooled.value.values)


def _told(
    card: ModelCard[SegmentOptions], run: Run[Segmentation], kinds: Kinds, stem: str, language: str
) -> dict[str, Any]:
    """What the viewer says of the picture: what the run took, and whether to trust it."""
    height, width = run.value.labels.shape
    sentence = words(
        language,
        "segment.took",
        model=card.title[language],
        seconds=f"{run.seconds:.2f}",
        device=device_name(run.device),
        width=width,
        height=height,
    )
    if run.value.int8 and (figures := card.int8_figures()):
        sentence += words(language, "segment.int8", **figures)
    known = kind_classifier()
    right, pictures = sum(known.right.values()), sum(known.pictures.values())
    sentence += words(language, "segment.check", right=right, pictures=pictures)
    data = registry.dataset_title(card.dataset)[language]
    notice = words(language, "segment.unfamiliar", data=data) if unfamiliar(card, kinds) else ""
    return {"picture": stem, "sentence": sentence, "notice": notice}
