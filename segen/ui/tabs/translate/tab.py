"""Translate a picture into its other domain, look at what the networks do, and limit it to a region."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from segen import registry
from segen.imaging import images
from segen.registry import ModelCard
from segen.text import device_name, words
from segen.types import DIRECTIONS, Run, TranslateRequest, Translation
from segen.ui.framework.downloads import download_button, saved
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Tab, Taker, Values, remember
from segen.ui.framework.queue import QUIET, on_device, picks, steps
from segen.ui.tabs.translate.cycle_view import cycle_panel
from segen.ui.tabs.translate.pad import pad_panel
from segen.ui.tabs.translate.region import region_panel
from segen.ui.tabs.translate.street import street_panel
from segen.ui.widgets import cards
from segen.ui.widgets.examples import to_translate
from segen.ui.widgets.gallery import gallery, gallery_input, on_choice
from segen.ui.widgets.picture import opened, picture_input

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "translate"
SHOWN_SIDE = 1280
"""The longer side of the two pictures as they are shown; the file has the picture's own size."""


def build(engine: Engine) -> Tab:
    """Lay out the tab inside the current gr.Tab."""
    names = [card.name for card in registry.cards("translate")]
    first = registry.card(names[0])

    with gr.Row(elem_classes="work"):
        with gr.Column(scale=2, min_width=300):
            model = gr.Dropdown(
                names, value=names[0], label=say("translate.model"), elem_id="translate-model"
            )
            direction = gr.Radio(
                list(first.directions),
                value=first.directions[0],
                label=say("translate.direction"),
                elem_id="translate-direction",
            )
            picture = picture_input(height=220, elem_id="translate-picture")
            pick = gallery_input(elem_id="translate-examples")
            strength = gr.Slider(
                0,
                1,
                1,
                step=0.05,
                label=say("translate.strength"),
                info=say("translate.strength_help"),
                buttons=[],
                elem_id="translate-strength",
            )
            with gr.Row():
                run = gr.Button(
                    say("translate.run"), variant="primary", min_width=120, elem_id="translate-run"
                )
                stop = gr.Button(say("page.stop"), interactive=False, min_width=80, elem_id="translate-stop")
            about = gr.HTML(elem_classes="about", padding=False)
        with gr.Column(scale=5, min_width=300):
            pad = pad_panel(engine, model, stop)
            street = street_panel(engine, picture, model, stop)
            view = gr.ImageSlider(
                label=say("translate.view"),  # type: ignore[arg-type]  # typed str, but takes a token too
                interactive=False,
                buttons=["fullscreen"],
                elem_id="translate-view",
            )
            told = gr.HTML(elem_classes="told", padding=False, elem_id="translate-told")
            with gr.Row(visible=False, elem_classes="downloads") as row:
                download = download_button("translate.download", elem_id="translate-download")
            panels = [
                pad,
                street,
                cycle_panel(engine, picture, model, direction, stop),
                region_panel(engine, picture, model, direction, stop),
            ]

    def translate(
        file: Path | None,
        name: str,
        direction: str,
        strength: float,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[dict[Any, Any], None, None]:
        language = language_of(request)
        picked = yield from opened(file, {picture: None, view: None, told: "", row: gr.Row(visible=False)})
        if picked is None:
            return
        image, stem = picked
        card = registry.card(name, "translate")
        asked = TranslateRequest(image, direction, strength)  # type: ignore[arg-type]  # it checks
        done = yield from steps(engine, name, asked, progress, language)
        both = (images.fit(image, SHOWN_SIDE), images.fit(done.value.image, SHOWN_SIDE))
        yield {
            view: both,
            told: _told(card, done, language),
            row: gr.Row(visible=True),
            download: saved(f"{stem}.{name}.{direction}.png", images.encode(done.value.image)),
        }

    picked = picks(model)
    on_device(
        [picture.input, picked.change, direction.input, strength.release, run.click],
        translate,
        [picture, model, direction, strength],
        [picture, view, told, row, download],
        stop=stop,
        shows=view,
    )
    on_choice(pick, picture, run)

    def shown(card: ModelCard, asked: str, language: str) -> Values:
        values: Values = {
            direction: gr.Radio(
                [(ways(card, each, language), each) for each in card.directions], value=asked
            ),
            pick: gallery(to_translate(card, asked), language),
            about: cards.beside(card, language),
        }
        for panel in panels:
            values |= panel.of_card(card, language)
        return values

    of_card = [direction, pick, about, *(output for panel in panels for output in panel.outputs)]

    def describe(name: str, direction: str, request: gr.Request) -> Values:
        card = registry.card(name, "translate")
        known = direction if direction in card.directions else card.directions[0]
        return shown(card, known, language_of(request))

    picked.change(describe, [model, direction], of_card, **QUIET)

    def offer(name: str, direction: str, request: gr.Request) -> str:
        return gallery(to_translate(registry.card(name, "translate"), direction), language_of(request))

    direction.input(offer, [model, direction], pick, **QUIET)
    remember(NAME, {"model": model, "direction": direction, "strength": strength})

    def fill(link: Link, language: str) -> Values:
        card = registry.card(link.choice("model", names))
        titles = [(registry.card(name).title[language], name) for name in names]
        asked = link.choice("direction", [each for each in DIRECTIONS if each in card.directions])
        return {
            model: gr.Dropdown(titles, value=card.name),
            strength: link.number("strength", 0.0, 1.0, 1.0),
            **shown(card, asked, language),
        }

    return Tab([model, strength, *of_card], fill, Taker(picture, run))


def ways(card: ModelCard, direction: str, language: str) -> str:
    """A direction of a card in words, such as "summer → winter"."""
    domains = [domain[language] for domain in card.options.domains]
    return " → ".join(domains if direction == "forward" else domains[::-1])


def _told(card: ModelCard, run: Run[Translation], language: str) -> str:
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
    if run.value.unknown_pixels:
        sentence += " " + words(language, "translate.unknown_pixels", pixels=f"{run.value.unknown_pixels:,}")
    return sentence
