"""A pixel classifier that a few strokes teach: what is drawn, what is learned, and what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from segen.errors import InputError
from segen.types.request import Image, Labels, Request
from segen.types.segment import Segmentation

UNDRAWN = 255
"""In scribbles, a pixel where nothing is drawn."""
MAX_TAUGHT = 64
"""So many classes can be taught."""
MAX_NAME = 40
"""So many letters a class may be called by."""
UNPRINTABLE = "[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
"""What no name has: controls, of terminals and of the direction of writing, and half surrogate pairs."""
MAX_DEPTH = 32
"""So many decisions lead to a leaf at most."""
MAX_NODES = 600_000
"""So many nodes all trees have at most, each share of a leaf of several classes counting for two: their file
is within what a call of the API may hold."""


@dataclass(frozen=True)
class TaughtClass:
    """A class by the name that its teacher gave it, and its colour, three numbers from 0 to 255.

    White space in the name counts as one space. Raises InputError for a name that is empty, has more than
    MAX_NAME letters or one of UNPRINTABLE, and for another colour.
    """

    name: str
    color: tuple[int, int, int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", " ".join(self.name.split()))
        named = 1 <= len(self.name) <= MAX_NAME and not re.search(UNPRINTABLE, self.name)
        colored = len(self.color) == 3 and all(type(part) is int and 0 <= part <= 255 for part in self.color)
        if not named or not colored:
            raise InputError("taught_class", most=MAX_NAME)


def _check_names(classes: tuple[TaughtClass, ...]) -> None:
    names = [each.name for each in classes]
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        raise InputError("taught_same", name=twice[0])


@dataclass(frozen=True)
class Tree:
    """One decision tree; node 0 is its root.

    At an inner node a pixel goes to `left` where the feature `feature` is at most `threshold`, else to
    `right`; both come after the node itself. Leaves have the feature -1. `shares` is nodes x classes, of the
    teaching pixels that came to a leaf; what it holds for inner nodes counts for nothing.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    shares: NDArray[np.float32]


@dataclass(frozen=True)
class Linear:
    """Logits of classes from a pixel's numbers, N, the first three of them colours.

    Of the colours `middle` is taken, and they are divided by `unit`, three numbers each. Then come products
    of two colours, six, so that `weights` is classes x (N + 6); `bias` is one number for each class.
    """

    middle: NDArray[np.float32]
    unit: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True)
class PixelClassifier:
    """Trees over the feature maps of a card's encoder, and a linear classifier beside them; plain data.

    `encoder` is the name of the card, `encoder_sha256` the checksum of its weights: with others, the same
    numbers would mean something else. Files of Segen 0.1 have trees alone, whose `linear` is None. Raises
    InputError for two classes of one name.
    """

    encoder: str
    encoder_sha256: str
    classes: tuple[TaughtClass, ...]
    trees: tuple[Tree, ...]
    linear: Linear | None = None

    def __post_init__(self) -> None:
        _check_names(self.classes)


@dataclass(frozen=True)
class Taught:
    """The classifier, and what it says of the last of the pictures that taught it.

    `uncertain` is the place, x and y in pixels of that picture, around which the answer is least certain.
    """

    classifier: PixelClassifier
    segmentation: Segmentation
    uncertain: tuple[int, int]


@dataclass(frozen=True)
class TeachRequest(Request[Taught]):
    """Learn to tell classes apart from strokes on pictures, H x W x 3 each.

    `scribbles` are H x W ids of `classes` for each picture, UNDRAWN where no stroke is; a picture may be
    without any. Raises InputError for strokes of another size than their picture, of a class that is not
    there or of one class alone, for two classes of one name, and for more than MAX_TAUGHT classes.
    """

    task: ClassVar[str] = "segment"

    images: tuple[Image, ...]
    scribbles: tuple[Labels, ...]
    classes: tuple[TaughtClass, ...]

    def __post_init__(self) -> None:
        if len(self.classes) > MAX_TAUGHT:
            raise InputError("too_many_taught", count=len(self.classes), most=MAX_TAUGHT)
        _check_names(self.classes)
        if [each.shape[:2] for each in self.images] != [each.shape for each in self.scribbles]:
            raise InputError("scribbles_size")
        drawn = {int(id) for each in self.scribbles for id in np.unique(each)} - {UNDRAWN}
        if stray := sorted(drawn - set(range(len(self.classes)))):
            raise InputError("scribbles_unknown", ids=", ".join(map(str, stray[:5])))
        if len(drawn) < 2:
            raise InputError("scribbles_of_one")


@dataclass(frozen=True)
class ApplyRequest(Request[Segmentation]):
    """Label every pixel of a picture by a classifier that was taught before.

    The predictor raises InputError for a classifier of another encoder, or of other weights of it.
    """

    task: ClassVar[str] = "segment"

    image: Image
    classifier: PixelClassifier
