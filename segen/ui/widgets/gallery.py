"""Examples to click: a thumbnail with a name and a credit for each."""

from __future__ import annotations

from functools import cache
from typing import Any

import gradio as gr
from gradio.events import Dependency
from markupsafe import Markup

from segen.imaging import images
from segen.ui.framework.component import component
from segen.ui.framework.data_uri import data_uri
from segen.ui.framework.queue import CLICKED
from segen.ui.framework.templates import render
from segen.ui.widgets.examples import Example, named
from segen.ui.widgets.picture import Picture


def gallery_input(**options: Any) -> gr.HTML:
    """Examples to click; its value is what `gallery` returns, its event `choose` carries the `example`."""
    return component("choices", elem_classes="gallery", **options)


def on_choice(pick: gr.HTML, picture: Picture) -> Dependency:
    """Put the example that is chosen from `pick` into `picture`; the event.

    What the server sets is no input of the visitor's: what is to start then follows the event.
    """

    def choose(event: gr.EventData) -> str:
        return named()[event.example].file()

    event: Dependency = pick.choose(choose, None, picture, **CLICKED)
    return event


def gallery(examples: tuple[Example, ...], language: str) -> Markup:
    """The examples as HTML buttons with `data-example`, a thumbnail, a name and a credit each."""
    shown = [(example.name, _thumbnail(example)) for example in examples]
    return render("widgets/gallery.html", examples=shown, language=language)


@cache
def _thumbnail(example: Example) -> str:
    return data_uri(images.encode(images.fit(example.draw(), 200), "JPEG", quality=80), "image/jpeg")
