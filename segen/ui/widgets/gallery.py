"""Examples to click: a thumbnail with a name and a credit for each."""

from __future__ import annotations

import html
from functools import cache
from typing import Any

import gradio as gr

from segen.imaging import images
from segen.text import words
from segen.types import Image
from segen.ui.framework.component import component
from segen.ui.framework.data_uri import data_uri
from segen.ui.framework.queue import QUIET, press
from segen.ui.widgets.examples import (
    GARMENTS,
    LANDSCAPES,
    MAPS,
    MASKS,
    NUCLEI,
    SKETCHES,
    STREETS,
    Example,
)
from segen.ui.widgets.picture import Picture


def gallery_input(**options: Any) -> gr.HTML:
    """Examples to click; its value is what `gallery` returns, its event `choose` carries the `example`."""
    return component("choices", elem_classes="gallery", **options)


def on_choice(pick: gr.HTML, picture: Picture, run: gr.Button) -> None:
    """Put the example that is chosen from `pick` into `picture`, then press `run`.

    What the server sets is no input of the visitor's, so that nothing would start by itself.
    """
    named = {
        example.name: example
        for example in (*STREETS, *NUCLEI, *GARMENTS, *LANDSCAPES, *MAPS, *MASKS, *SKETCHES)
    }

    def choose(event: gr.EventData) -> Image:
        return named[event.example].draw()

    pick.choose(choose, None, picture, **QUIET).then(**press(run))


def gallery(examples: tuple[Example, ...], language: str) -> str:
    """The examples as HTML buttons with `data-example`, a thumbnail, a name and a credit each."""
    buttons = "".join(
        '<button type="button" data-example="{name}"><img alt="" src="{thumbnail}">'
        "<span>{title}</span><small>{credit}</small></button>".format(
            name=example.name,
            thumbnail=_thumbnail(example),
            title=html.escape(words(language, f"examples.{example.name}.title")),
            credit=html.escape(words(language, f"examples.{example.name}.credit")),
        )
        for example in examples
    )
    return f"<p>{words(language, 'picture.examples')}</p><div class='examples'>{buttons}</div>"


@cache
def _thumbnail(example: Example) -> str:
    return data_uri(images.encode(images.fit(example.draw(), 200), "JPEG", quality=80), "image/jpeg")
