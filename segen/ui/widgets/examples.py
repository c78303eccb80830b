"""The catalogue of examples: pictures to try, by what the networks know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from segen.data.synthetic import garments, landscapes, nuclei, scenes, sketches
from segen.imaging import images
from segen.registry import ModelCard
from segen.types import Image, Labels


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
