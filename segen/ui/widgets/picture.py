"""A picture from the visitor: an input that leaves decoding to `imaging.images`, and examples to click."""

from __future__ import annotations

import html
from abc import ABCMeta
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.component_meta import ComponentMeta
from gradio.data_classes import ImageData
from gradio.utils import get_upload_folder, is_in_or_equal

from segen.data.synthetic import garments, landscapes, nuclei, scenes, sketches
from segen.errors import InputError
from segen.imaging import images
from segen.registry import ModelCard
from segen.text import words
from segen.types import Image, Labels
from segen.ui.framework.component import component
from segen.ui.framework.language import say
from segen.ui.framework.queue import QUIET, press

MAX_CHARACTERS = 1_000_000
"""Of a picture as the page sends it."""


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
    yield nothing
    return None


@dataclass(frozen=True)
class Example:
    """A picture to try: drawn by our code, or shipped under a free licence by a package we require.

    `name` is the key of its words in the catalogue; `draw` gives H x W x 3 uint8 RGB. `drawing` gives that
    and its true labels, H x W, where our code drew it.
    """

    name: str
    draw: Callable[[], Image]
    drawing: Callable[[], tuple[Image, Labels]] | None = None


def _drawn(name: str, drawing: Callable[[], tuple[Image, Labels]]) -> Example:
    return Example(name, lambda: drawing()[0], drawing)


def _shipped(package: str, file: str) -> Callable[[], Image]:
    def read() -> Image:
        # find_spec does not import the package, which would cost a second at start.
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        return images.read(Path(spec.origin).parent / file)

    return read


STREETS = (
    _drawn("street_trees", partial(scenes.street, 9)),
    _drawn("street_cars", partial(scenes.street, 5)),
    Example("pagoda", _shipped("sklearn", "datasets/images/china.jpg")),
    Example("rocket", _shipped("skimage", "data/rocket.jpg")),
    Example("coffee", _shipped("skimage", "data/coffee.png")),
)
"""Examples for networks that know streets; the last two show what such a network makes of no street."""

NUCLEI = (
    _drawn("nuclei_dark", partial(scenes.nuclei, 4)),
    Example("nuclei_tissue", _shipped("skimage", "data/ihc.png")),
    _drawn("nuclei_drawn", partial(scenes.nuclei, 2)),
    Example("coins", _shipped("skimage", "data/coins.png")),
)
"""Examples for networks that know nuclei; the last shows what such a network takes coins for."""


def _garment(number: int) -> Image:
    grey, _ = garments.garment(number)
    return np.repeat(grey.repeat(8, axis=0).repeat(8, axis=1)[..., None], 3, axis=2)


GARMENTS = (
    Example("garment_shirt", partial(_garment, 0)),
    Example("garment_trouser", partial(_garment, 1)),
    Example("garment_sandal", partial(_garment, 5)),
    Example("garment_bag", partial(_garment, 8)),
    Example("garment_boot", partial(_garment, 9)),
    STREETS[4],
)
"""Examples for networks that know garments, light on black; the last shows what they make of none."""

LANDSCAPES = (
    Example("valley_summer", partial(landscapes.landscape, 1)),
    Example("valley_winter", partial(landscapes.landscape, 3, winter=True)),
    *STREETS[2:],
)
"""Examples for networks that know landscapes; the last shows what they make of none."""

OF_DATASET = {"camvid": STREETS, "nuclei": NUCLEI, "fashion": GARMENTS, "yosemite": LANDSCAPES}
"""The examples for a card, by the data set that it learned from."""


def _mask(seed: int) -> Image:
    return np.repeat(nuclei.drawn_mask(seed)[..., None], 3, axis=2)


def _map(seed: int) -> Image:
    palette = np.array([known.color for known in scenes.CLASSES], dtype=np.uint8)
    colored: Image = palette[scenes.street(seed)[1]]
    return colored


MAPS = (Example("map_trees", partial(_map, 9)), Example("map_cars", partial(_map, 5)), *STREETS[:3])
"""Examples for networks that make photographs of label maps, and photographs to make maps of first."""

MASKS = (Example("mask_few", partial(_mask, 12)), Example("mask_many", partial(_mask, 3)))
"""Examples for networks that turn masks into microscope pictures."""

SKETCHES = (
    Example("sketch_face", sketches.face),
    Example("sketch_fruit", sketches.fruit),
    Example("sketch_fish", sketches.fish),
)
"""Examples for networks that colour lines."""

TRANSLATED = {
    ("nuclei", "forward"): NUCLEI,
    ("nuclei", "backward"): MASKS,
    ("emoji", "forward"): SKETCHES,
    ("camvid", "forward"): MAPS,
    ("yosemite", "forward"): LANDSCAPES,
    ("yosemite", "backward"): (LANDSCAPES[1], LANDSCAPES[0], *LANDSCAPES[2:]),
}
"""The examples for a card that translates, by its data set and direction; streets for any other."""


def to_translate(card: ModelCard, direction: str) -> tuple[Example, ...]:
    """The examples for a card that translates, in this direction."""
    return TRANSLATED.get((card.dataset, direction), STREETS)


SCENES = (STREETS[0], STREETS[2], STREETS[4])
"""Examples for methods that know no classes, with areas of few colours."""


@cache
def _drawings(dataset: str) -> tuple[tuple[Image, Labels], ...]:
    return tuple(example.drawing() for example in OF_DATASET.get(dataset, ()) if example.drawing)


def drawn_labels(image: Image, dataset: str) -> Labels | None:
    """The true labels of a picture, H x W, if it is an example that our code draws for `dataset`.

    It is told by its pixels, so that nobody need remember where a picture came from.
    """
    drawings = _drawings(dataset)
    return next((labels for picture, labels in drawings if np.array_equal(picture, image)), None)


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


def sent(address: object) -> Image:
    """The picture of a PNG file that the page sent as `data_uri` writes it. Raises InputError."""
    head = "data:image/png;base64,"
    if not isinstance(address, str) or not address.startswith(head) or len(address) > MAX_CHARACTERS:
        raise InputError("not_drawn_here")
    try:
        return images.read(b64decode(address[len(head) :], validate=True))
    except BadBase64:
        raise InputError("not_drawn_here") from None


def data_uri(content: bytes, kind: str) -> str:
    """The file's bytes as an address that needs no server."""
    return f"data:{kind};base64,{b64encode(content).decode()}"
