"""Pairs of a picture and what is to be drawn of it, read from a data set or drawn by the code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw
from torch.nn import functional
from torch.utils.data import Dataset

from segen.data import datasets, listing
from segen.data.synthetic import nuclei
from segen.imaging import images, lines
from segen.models.tensors import to_tensor
from segen.models.translation.preprocessing import one_hot, smaller
from segen.training import data as training_data
from segen.training.data import LabelledFolder, NumberedFolder, NumberedScenes, SyntheticScenes
from segen.training.domains import Pair, halved, seeds_of, unit
from segen.types import Image, Labels


class Pairs(Dataset[Pair]):
    """(given, drawn), each C x side x side float32 in [-1, 1]: crops of both, mirrored by chance.

    `given` and `drawn` are how many channels each has. `whole` gives a pair by index as it is, C x H x W.
    """

    given: int
    drawn: int

    def __init__(self, count: int, side: int) -> None:
        self.count, self.side = count, side

    def whole(self, index: int, seed: int | None = None) -> Pair:
        """The pair, varied by the seed where it can be: None for the one to be measured."""
        raise NotImplementedError

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Pair:
        both = [self._at_least(part) for part in self.whole(index, int(torch.randint(2**62, ())))]
        height, width = both[0].shape[1:]
        top, left = (int(torch.randint(length - self.side + 1, ())) for length in (height, width))
        crops = [each[:, top : top + self.side, left : left + self.side] for each in both]
        if torch.rand(()) < 0.5:
            crops = [each.flip(2) for each in crops]
        return crops[0].contiguous(), crops[1].contiguous()

    def _at_least(self, part: torch.Tensor) -> torch.Tensor:
        """C x H x W, continued to the right and below with its edge if it is smaller than a crop."""
        down, across = (max(self.side - length, 0) for length in part.shape[1:])
        return functional.pad(part[None], (0, across, 0, down), mode="replicate")[0]


TONES = frozenset(f"{code:x}" for code in range(0x1F3FB, 0x1F400))
"""Unicode's five skin tones, as the names of emoji have them."""


class Emoji(Pairs):
    """The lines of a drawing, as a hand might have drawn them, and the drawing on white: 1 and 3 channels.

    Of signs in several skin tones, whose lines are the same, the yellow ones alone are learned from: the mean
    of all tones is the grey brown of no emoji.
    """

    given, drawn = 1, 3

    def __init__(self, data: str | None, dataset: str, split: str, side: int) -> None:
        if data == "synthetic":
            found = [_sign(seed, side) for seed in seeds_of(split)]
        else:
            root = datasets.locate(data, dataset)
            paths = datasets.emoji(root, split)
            if split == "train":
                paths = [path for path in paths if TONES.isdisjoint(path.stem.split("-"))]
            found = listing.read_all(root, paths, lambda image: images.resize(image, side, side))
        self.drawings: list[Image] = found
        super().__init__(len(found), side)

    def whole(self, index: int, seed: int | None = None) -> Pair:
        """Lines vary with the seed in thickness, gaps and bends."""
        image = self.drawings[index]
        return unit(lines.drawing(image, seed)), to_tensor(image)[0]


class Nuclei(Pairs):
    """The mask of a field of nuclei, dark where two of them touch, and its picture as grey, at half size.

    The picture's contrast is stretched as `segen.data.synthetic.nuclei` tells.
    """

    given = drawn = 1

    def __init__(self, items: NumberedFolder | NumberedScenes, side: int) -> None:
        read = [items[index] for index in range(len(items))]
        self.pairs = [(halved(apart(numbers)), halved(nuclei.stretched(image))) for image, numbers in read]
        super().__init__(len(self.pairs), side)

    def whole(self, index: int, seed: int | None = None) -> Pair:
        """The seed changes nothing."""
        mask, picture = self.pairs[index]
        return unit(mask), unit(picture)


class Streets(Pairs):
    """A label map, one channel for each class, and its photograph, both with a longer side of 256 pixels."""

    drawn = 3
    LONGEST = 256

    def __init__(self, items: LabelledFolder | SyntheticScenes, side: int) -> None:
        self.classes = items.classes
        self.given = sum(not each.ignored for each in self.classes)
        self.pairs: list[tuple[Image, Labels]] = []
        for index in range(len(items)):
            image, labels = items[index]
            self.pairs.append((images.fit(image, self.LONGEST), smaller(labels, self.LONGEST)))
        super().__init__(len(self.pairs), side)

    def whole(self, index: int, seed: int | None = None) -> Pair:
        """The seed changes nothing."""
        image, labels = self.pairs[index]
        return one_hot(labels, self.classes)[0], to_tensor(image)[0]


def _emoji(data: str | None, dataset: str, splits: Sequence[str], side: int) -> list[Pairs]:
    return listing.together(*(partial(Emoji, data, dataset, split, side) for split in splits))


def _nuclei(data: str | None, dataset: str, splits: Sequence[str], side: int) -> list[Pairs]:
    return [Nuclei(items, side) for items in training_data.numbered(data, dataset, *splits)]


def _streets(data: str | None, dataset: str, splits: Sequence[str], side: int) -> list[Pairs]:
    return [Streets(items, side) for items in training_data.labelled(data, dataset, *splits)]


PAIRS: dict[str, Callable[[str | None, str, Sequence[str], int], list[Pairs]]] = {
    "emoji": _emoji,
    "nuclei": _nuclei,
    "camvid": _streets,
}
"""What reads or draws the pairs of splits, by data set. Raises DataError."""


def apart(numbers: NDArray[Any]) -> NDArray[np.uint8]:
    """H x W numbers of nuclei, 0 being none, as a mask of 0 and 255 with 0 where two of them touch."""
    padded = torch.from_numpy(numbers.astype(np.float32))[None, None]
    padded = functional.pad(padded, (1, 1, 1, 1), mode="replicate")
    most = functional.max_pool2d(padded, 3, stride=1)
    nearest = torch.where(padded == 0, torch.inf, padded)
    least = -functional.max_pool2d(-nearest, 3, stride=1)
    inside = torch.from_numpy(numbers > 0)
    alone = (most == least)[0, 0]
    return (inside & alone).numpy().astype(np.uint8) * 255


def _sign(seed: int, side: int) -> Image:
    """A simple coloured sign in place of an emoji: a face, a ball or a box on white."""
    rng = np.random.default_rng(seed)
    large = side * 4
    picture = Pillow.new("RGB", (large, large), "white")
    pen = ImageDraw.Draw(picture)
    red, green, blue = rng.integers(40, 250, 3).tolist()
    margin = int(large * rng.uniform(0.04, 0.2))
    box = (margin, margin, large - margin, large - margin)
    getattr(pen, ("ellipse", "rectangle")[seed % 2])(box, fill=(red, green, blue))
    for share in (0.35, 0.65):
        x, y, size = share * large, large * rng.uniform(0.35, 0.45), large * rng.uniform(0.03, 0.08)
        pen.ellipse((x - size, y - size, x + size, y + size), fill=(60, 40, 20))
    pen.arc(
        (large * 0.3, large * 0.4, large * 0.7, large * 0.75), 20, 160, fill=(60, 40, 20), width=large // 30
    )
    return np.array(picture.resize((side, side), Pillow.Resampling.LANCZOS))
