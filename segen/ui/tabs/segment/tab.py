"""Segment a picture, look at the result pixel by pixel, take it home."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from segen import registry
from segen.evaluation.test_time_augmentation import AUGMENTATIONS, disagreement
from segen.imaging import images
from segen.registry import ModelCard, segmenters
from segen.text import device_name, words
from segen.types import Image, Run, Segmentation, SegmentRequest
from segen.ui.framework.downloads import download_row, segmentation_buttons
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Tab, Taker, Values, remember
from segen.ui.framework.queue import QUIET, on_device, picks, steps
from segen.ui.framework.visit import onward
from segen.ui.tabs.segment.measure import measure_panel
from segen.ui.widgets import cards
from segen.ui.widgets.examples import OF_DATASET, STREETS, drawn_labels
from segen.ui.widgets.gallery import gallery, gallery_input, on_choice
from segen.ui.widgets.picture import opened, picture_input
from segen.ui.widgets.viewer import VIEWS, contents, entropy, viewer

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "segment"


def build(engine: Engine) -> Tab:
    """Lay out the tab inside the current gr.Tab."""
    names = [card.name for card in segmenters()]

    with gr.Row(elem_classes="work"):
        with gr.Column(scale=2, min_width=300):
            picture = picture_input(height=220, elem_id="segment-picture")
            pick = gallery_input(elem_id="segment-examples")
            model = gr.Dropdown(names, value=names[0], label=say("segment.model"), elem_id="segment-model")
            with gr.Row():
                run = gr.Button(say("segment.run"), variant="primary", min_width=120, elem_id="segment-run")
                stop = gr.Button(say("page.stop"), interactive=False, min_width=80, elem_id="segment-stop")
            about = gr.HTML(elem_classes="about", padding=False)
        with gr.Column(scale=5, min_width=300):
            view = viewer(VIEWS, tab=NAME, elem_id="segment-viewer")
            row, downloads = download_row(NAME)
            onward("#segment-picture img", "translate")
            with gr.Row(visible=False) as further:
                again = gr.Button(
                    say("segment.disagree"), size="sm", scale=0, min_width=320, elem_id="segment-disagree"
                )
            drawn = measure_panel(engine, picture, model, stop)
    outputs = [picture, view, row, *downloads, further, drawn]

    def nothing() -> dict[Any, Any]:
        hidden = {row: gr.Row(visible=False), further: gr.Row(visible=False)}
        return {picture: None, view: None, **hidden}

    def describe(name: str, request: gr.Request) -> list[str]:
        card, language = registry.card(name), language_of(request)
        return [gallery(OF_DATASET.get(card.dataset, STREETS), language), cards.beside(card, language)]

    def answered(
        file: Path | None, name: str, progress: gr.Progress, language: str
    ) -> Generator[dict[Any, Any], None, tuple[ModelCard, Image, str, Run[Segmentation]] | None]:
        """The card, the picture, the stem of its name and what the network made of it; None for no file."""
        picked = yield from opened(file, nothing())
        if picked is None:
            return None
        image, stem = picked
        card = registry.card(name, "segment")
        done = yield from steps(engine, name, SegmentRequest(image), progress, language)
        return card, image, stem, done

    def segment(
        file: Path | None,
        name: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[dict[Any, Any], None, None]:
        language = language_of(request)
        answer = yield from answered(file, name, progress, language)
        if answer is None:
            return
        card, image, stem, done = answer
        yield {view: contents(card, image, done.value) | _told(card, done, language)}
        files = segmentation_buttons(card, image, done.value, stem, language)
        known = drawn_labels(image, card.dataset) is not None
        yield {
            row: gr.Row(visible=True),
            further: gr.Row(visible=True),
            **dict(zip(downloads, files, strict=True)),
            drawn: gr.Button(interactive=known),
        }

    def disagree(
        file: Path | None,
        name: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[dict[Any, Any], None, None]:
        language = language_of(request)
        answer = yield from answered(file, name, progress, language)
        if answer is None:
            return
        card, image, _, done = answer
        height, width = done.value.probabilities.shape[1:]
        small = images.resize(image, height, width)
        answers = [done.value.probabilities]
        for augmentation in AUGMENTATIONS[1:]:
            progress((len(answers), len(AUGMENTATIONS)), desc=words(language, "page.working"))
            asked = SegmentRequest(augmentation.apply(small))
            other = yield from steps(engine, name, asked, progress, language)
            answers.append(augmentation.undo(other.value.probabilities, height, width))
        apart = disagreement(answers)
        told = _told(card, done, language)
        told["sentence"] += words(
            language, "segment.disagreed", times=len(answers), mean=f"{apart.mean():.3f}"
        )
        yield {view: contents(card, image, done.value, apart) | told}

    on_device([again.click], disagree, [picture, model], [picture, view, row, further], stop=stop, shows=view)
    on_device(
        [picture.input, picks(model).change, run.click],
        segment,
        [picture, model],
        outputs,
        stop=stop,
        shows=view,
    )
    on_choice(pick, picture, run)
    model.change(describe, model, [pick, about], **QUIET)
    remember(NAME, {"model": model})

    def fill(link: Link, language: str) -> Values:
        chosen = link.choice("model", names)
        link.choice("show", VIEWS)  # these two are the viewer's own, which reads the address itself
        link.whole("opacity", range(101), 0)
        titles = [(registry.card(name).title[language], name) for name in names]
        card = registry.card(chosen)
        return {
            pick: gallery(OF_DATASET.get(card.dataset, STREETS), language),
            model: gr.Dropdown(titles, value=chosen),
            about: cards.beside(card, language),
        }

    return Tab([pick, model, about], fill, Taker(picture, run))


def _told(card: ModelCard, run: Run[Segmentation], language: str) -> dict[str, str]:
    """What the viewer says below the picture: what the run took, and whether to trust it."""
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
    doubt = float(entropy(run.value).mean())
    unfamiliar = doubt >= card.options.unfamiliar_entropy
    notice = words(language, "segment.unfamiliar", entropy=f"{doubt:.2f}") if unfamiliar else ""
    return {"sentence": sentence, "notice": notice}
