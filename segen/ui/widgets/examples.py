"""The catalogue of examples: pictures to try, by what the networks know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import numpy as np

from segen.data.synthetic import garments, landscapes, nuclei, scenes, sketches
from segen.imaging import images
from segen.registry import ModelCard
from segen.registry.options import TranslateOptions
from segen.types import Direction, Image, Labels
from segen.ui.framework.downloads import saved

PHOTOGRAPHS = Path(__file__).resolve().parents[3] / "assets" / "examples"
"""Photographs that are shipped beside the code; their README.md gives credit."""


@dataclass(frozen=True)
class Example:
    """A picture to try: drawn by our code, or a photograph under a free licence.

    `name` is the key of its words in the catalogue; `draw` gives H x W x 3 uint8 RGB. `drawing` gives that
    and its true labels, H x W, where our code drew it.
    """

    name: str
    draw: Callable[[], Image]
    drawing: Callable[[], tuple[Image, Labels]] | None = None

    def file(self) -> str:
        """The path of a file that Gradio may serve, named after the example and lossless."""
        return saved(f"{self.name}.png", _encoded(self))


@cache
def _encoded(example: Example) -> bytes:
    return images.encode(example.draw())


def _drawn(name: str, drawing: Callable[[], tuple[Image, Labels]]) -> Example:
    return Example(name, lambda: drawing()[0], drawing)


def _photograph(name: str) -> Example:
    path = PHOTOGRAPHS / f"{name.replace('_', '-')}.jpg"
    return Example(name, partial(images.read, path))


def _shipped(name: str, package: str, file: str) -> Example:
    """A photograph that a package which we require brings along."""

    def read() -> Image:
        # find_spec does not import the package, which would cost a second at start.
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        return images.read(Path(spec.origin).parent / file)

    return Example(name, read)


PAGODA = _shipped("pagoda", "sklearn", "datasets/images/china.jpg")
PARIS, RUINS = _photograph("paris"), _photograph("ruins")
HORSE_RACE, ELEPHANT = _photograph("horse_race"), _photograph("elephant")
ASTRONAUT = _shipped("astronaut", "skimage", "data/astronaut.png")
COFFEE = _shipped("coffee", "skimage", "data/coffee.png")
ROCKET = _shipped("rocket", "skimage", "data/rocket.jpg")
CAT, COINS = _shipped("cat", "skimage", "data/chelsea.png"), _shipped("coins", "skimage", "data/coins.png")
TISSUE = _shipped("nuclei_tissue", "skimage", "data/ihc.png")
STREET = _drawn("street_trees", partial(scenes.street, 9))

STREETS = (PAGODA, PARIS, HORSE_RACE, COFFEE, ROCKET, STREET)
"""Examples for networks that know streets: photographs, of which two show no street, and a drawing."""

ANIMALS = (
    HORSE_RACE,
    _photograph("woman_and_dog"),
    CAT,
    ASTRONAUT,
    _photograph("child_and_bear"),
    COFFEE,
)
"""Examples for networks that know animals and people; the last shows neither."""

NUCLEI = (
    _drawn("nuclei_dark", partial(scenes.nuclei, 4)),
    TISSUE,
    _drawn("nuclei_drawn", partial(scenes.nuclei, 2)),
    COINS,
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
    COFFEE,
)
"""Examples for networks that know garments, light on black; the last shows what they make of none."""

LANDSCAPES = (
    Example("valley_summer", partial(landscapes.landscape, 1)),
    Example("valley_winter", partial(landscapes.landscape, 3, winter=True)),
    PAGODA,
    RUINS,
    COFFEE,
)
"""Examples for networks that know landscapes; the last shows what they make of none."""

OF_DATASET = {
    "camvid": STREETS,
    "animals": ANIMALS,
    "nuclei": NUCLEI,
    "fashion": GARMENTS,
    "yosemite": LANDSCAPES,
    "teach": (CAT, COFFEE, TISSUE, COINS, HORSE_RACE),
}
"""The examples for a card, by the data set that it learned from; and for what strokes teach."""


def _mask(seed: int) -> Image:
    return np.repeat(nuclei.drawn_mask(seed)[..., None], 3, axis=2)


def _map(seed: int) -> Image:
    palette = np.array([known.color for known in scenes.CLASSES], dtype=np.uint8)
    colored: Image = palette[scenes.street(seed)[1]]
    return colored


MAPS = (Example("map_trees", partial(_map, 9)), Example("map_cars", partial(_map, 5)))
"""Examples for networks that make photographs of label maps."""

MASKS = (Example("mask_few", partial(_mask, 12)), Example("mask_many", partial(_mask, 3)))
"""Examples for networks that turn masks into microscope pictures."""

SKETCHES = (
    Example("sketch_face", sketches.face),
    Example("sketch_fruit", sketches.fruit),
    Example("sketch_fish", sketches.fish),
)
"""Examples for networks that colour lines."""

TRANSLATED: dict[str, tuple[Example, ...]] = {
    "labels": MAPS,
    "lines": SKETCHES,
    "grey": MASKS,
    "microscopy": NUCLEI,
    "photograph": (PAGODA, RUINS, HORSE_RACE, ELEPHANT, *LANDSCAPES[:2]),
}
"""The examples for a card that translates, by the kind of picture that it takes."""


def to_translate(card: ModelCard[TranslateOptions], direction: str) -> tuple[Example, ...]:
    """The examples for a card that translates, in this direction."""
    return TRANSLATED[card.options.given[cast(Direction, direction)]]


SCENES = (PAGODA, PARIS, COFFEE, STREET)
"""Examples for methods that know no classes, with areas of few colours."""


@cache
def named() -> dict[str, Example]:
    """Every example by its name."""
    groups = (STREETS, ANIMALS, NUCLEI, GARMENTS, LANDSCAPES, *TRANSLATED.values())
    return {example.name: example for group in groups for example in group}


def example_in(file: Path | None) -> str:
    """The name of the example that a file holds; "" for another picture."""
    example = named().get(file.stem) if file else None
    return example.name if file and example and file.read_bytes() == _encoded(example) else ""


def examples_of(dataset: str) -> tuple[Example, ...]:
    """The examples for networks that learned from this data set; photographs of all kinds, if it has none."""
    return OF_DATASET.get(dataset, STREETS)


@cache
def _drawings(dataset: str) -> tuple[tuple[Image, Labels], ...]:
    return tuple(example.drawing() for example in OF_DATASET.get(dataset, ()) if example.drawing)


def drawn_labels(image: Image, dataset: str) -> Labels | None:
    """The true labels of a picture, H x W, if it is an example that our code draws for `dataset`.

    It is told by its pixels, so that nobody need remember where a picture came from.
    """
    drawings = _drawings(dataset)
    return next((labels for picture, labels in drawings if np.array_equal(picture, image)), None)
