"""A picture from the visitor: an input that leaves decoding to `imaging.images`."""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Generator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.component_meta import ComponentMeta
from gradio.data_classes import ImageData
from gradio.utils import get_upload_folder, is_in_or_equal

from segen.errors import InputError
from segen.imaging import images
from segen.types import Image
from segen.ui.framework.language import say


class _WithoutStub(ComponentMeta):
    """Makes a component class without the .pyi file that Gradio writes beside the source of each."""

    def __new__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> _WithoutStub:
        return ABCMeta.__new__(cls, name, bases, attributes)


class Picture(gr.Image, metaclass=_WithoutStub):
    """An image input whose value reaches functions as the Path of the file as it was sent, or None.

    gr.Image would decode the file first, and fail with the server's path, or clip 16 bits to 8.
    """

    is_template = True  # to the front end it is a gr.Image

    def preprocess(self, payload: ImageData | None) -> Path | None:  # type: ignore[override]
        """None, too, for a path of the server's that was not uploaded, which Gradio lets through."""
        if payload is None or not payload.path or not is_in_or_equal(payload.path, get_upload_folder()):
            return None
        return Path(payload.path)


def picture_input(**options: Any) -> Picture:
    """A Picture to upload, paste or take with the camera; what the server puts there stays lossless."""
    return Picture(
        label=say("picture.label"),
        sources=["upload", "clipboard", "webcam"],
        format="png",
        buttons=[],
        **options,
    )


def opened(
    file: Path | None, nothing: dict[Any, Any]
) -> Generator[dict[Any, Any], None, tuple[Image, str] | None]:
    """Read what a Picture holds: returns the picture and the stem of its name.

    Yields `nothing`, what the page shows without a picture, and returns None for no file; for a bad one
    yields it, since the browser could not show that either, and raises InputError.
    """
    if file is not None:
        try:
            return images.read(file), file.stem
        except InputError:
            yield nothing
            raise
    # The picture itself is left alone: another may be on its way into it.
    yield {each: value for each, value in nothing.items() if not isinstance(each, Picture)}
    return None
