"""A grid of generated pictures that are picked, kept and taken home in the browser."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import gradio as gr

from segen.imaging import export, formats
from segen.registry import ModelCard
from segen.text import words
from segen.types import Generation, Step
from segen.ui.framework.component import component
from segen.ui.framework.data_uri import data_uri
from segen.ui.framework.figures import png


def cells_viewer(**options: Any) -> gr.HTML:
    """A grid to pick from. Its value is what `contents` or `so_far` returns, or None for none yet.

    Its event `choose` carries the `seed`, as text, that is to be the `end` ("start" or "end") of a walk; its
    event `seen` comes once, when an empty grid is first looked at. A value of `to_press` stands for the press
    of a button. `refine`, or `vary` of what diffuses,
    carries the `seed` and the `picture`, a PNG file as a data URI, that is to be changed a little.
    """
    return component("cells", elem_classes="picks", **options)


def contents(
    card: ModelCard, found: Generation, asked: int | None, sentence: str, language: str, ending: str = ""
) -> dict[str, Any]:
    """What the grid shows, as JSON values. Each picture is the very file that `segen generate` writes.

    `asked` is the class that was asked for. Seeds are text: a browser's numbers end at 2^53. `ending` stands
    in the files' names where other pictures than those of the seeds are shown. Diffusion offers no walks.
    """
    names = {known.id: known.name[language] for known in card.classes}
    pictures = []
    for index, seed in enumerate(found.seeds):
        file, content = export.picture_file(found, index)
        pictures.append(
            {
                "seed": str(seed),
                "label": names[found.labels[index]] if found.labels else "",
                "asked": asked,
                "file": renamed(file, ending),
                "src": data_uri(content, "image/png"),
            }
        )
    return {
        "model": card.name,
        "columns": math.isqrt(len(pictures)),
        "walks": not card.options.diffusion,
        "pictures": pictures,
        "sentence": sentence,
    }


def to_press(button: str) -> dict[str, str]:
    """What makes the grid, which stays as it is, press the button of this id; at each call something new.

    The page would not hear of a value that is equal to the one before.
    """
    return {"press": button, "asked": uuid4().hex}


def so_far(step: Step, language: str) -> dict[str, Any]:
    """What the grid shows in place of pictures to pick from while they are drawn: the step's preview."""
    assert step.preview is not None
    sentence = words(language, "generate.so_far", done=f"{step.done:,}", total=f"{step.total:,}")
    return {"preview": png(step.preview), "sentence": sentence}


def renamed(file: str, ending: str) -> str:
    """The name of a PNG file with `ending` before its suffix."""
    return f"{file.removesuffix('.png')}{ending}.png"


def archive(found: Generation, ending: str = "") -> bytes:
    """All pictures as a ZIP file, named as `segen generate` names them."""
    pictures = [export.picture_file(found, index) for index in range(len(found.seeds))]
    return formats.archive({renamed(file, ending): content for file, content in pictures})


def range_name(model: str, seeds: Sequence[int]) -> str:
    """The stem of a file that holds the pictures of these seeds."""
    return f"{model}-seed-{seeds[0]:06d}-to-{seeds[-1]:06d}"
