"""A picture of the visitor's own for a panel: a place for it, examples beside it, the button that asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from segen.registry import ModelCard
from segen.ui.framework.language import say
from segen.ui.framework.link import Values
from segen.ui.framework.queue import press
from segen.ui.widgets.examples import GARMENTS, OF_DATASET
from segen.ui.widgets.gallery import gallery, gallery_input, on_choice
from segen.ui.widgets.picture import Picture, picture_input


@dataclass(frozen=True)
class OwnPicture:
    """The components as they were laid out; an example that is chosen from `pick` presses `run`."""

    picture: Picture
    pick: gr.HTML
    run: gr.Button

    @property
    def triggers(self) -> list[Any]:
        """What asks for an answer: a picture that is given, or the button."""
        return [self.picture.input, self.run.click]

    @property
    def outputs(self) -> list[Any]:
        """What `of_card` gives values for."""
        return [self.picture, self.pick]

    def of_card(self, card: ModelCard, language: str, asks: bool) -> Values:
        """No picture yet; the examples of the card's data set where the panel `asks` for one."""
        examples = gallery(OF_DATASET.get(card.dataset, GARMENTS), language) if asks else ""
        return {self.picture: None, self.pick: examples}


def own_picture(prefix: str, button: str, **options: Any) -> OwnPicture:
    """Lay out the column inside the current row; `prefix` begins the ids, `button` is the key of its words.

    `options` are those of the gr.Button.
    """
    with gr.Column(scale=2, min_width=260):
        picture = picture_input(height=180, elem_id=f"{prefix}-picture")
        pick = gallery_input(elem_id=f"{prefix}-examples")
        run = gr.Button(say(button), **options)
    on_choice(pick, picture).then(**press(run))
    return OwnPicture(picture, pick, run)
