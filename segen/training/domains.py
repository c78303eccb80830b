"""Two domains without pairs: pictures of one, and pictures of the other that have nothing to do with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.nn import functional
from torch.utils.data import Dataset

from segen.data import datasets, listing
from segen.data.synthetic import landscapes, nuclei, scenes
from segen.errors import UsageError
from segen.imaging import images
from segen.models.features import imagenet
from segen.models.tensors import to_tensor
from segen.training import data as training_data
from segen.types import Image, Labels

Pair = tuple[torch.Tensor, torch.Tensor]
"""A picture of each domain, colors x side x side float32 in [-1, 1]."""
FAR = 1_000_000
"""Between the seeds of drawn landscapes of the two domains, so that no valley is in both."""
WATCHED = 16
"""Photographs of each domain that are held back to watch a training by."""
SEEN = 128
"""The sides at which a classifier of domains sees photographs."""
FOLDS = 5
INVERSE_REGULARIZATION = 0.003
"""scikit-learn's C, for standardised features."""


@dataclass(frozen=True)
class HeldBack:
    """Pictures of both domains to watch a training by, each C x H x W in [-1, 1], as many of both.

    Where they have labels, `labels` holds them, one for each of the first, 1 where a nucleus is.
    """

    first: list[torch.Tensor]
    second: list[torch.Tensor]
    labels: list[Labels]

    def measured(self, number: int, mask: torch.Tensor) -> dict[str, torch.Tensor]:
        """How the 1 x h x w mask in [-1, 1] of a picture agrees with its labels, if it has any: its IoU."""
        if not self.labels:
            return {}
        true = torch.from_numpy(self.labels[number] > 0).to(mask.device)
        found = functional.interpolate(mask[None], true.shape, mode="bilinear")[0, 0] > 0
        return {"iou": (found & true).sum() / (found | true).sum().clamp(min=1)}


class Microscopy(Dataset[Pair]):
    """Microscope pictures with their contrast stretched, and masks that the code draws; no label is read.

    Both are grey, at half their size, `side` pixels of it: a random crop, turned and mirrored by chance, and
    another drawn mask each time. `pictures` are all of them at half size, H x W uint8.
    """

    def __init__(self, data: str | None, dataset: str, split: str, side: int) -> None:
        self.side = side
        if data == "synthetic":
            found = [scenes.nuclei(seed)[0] for seed in seeds_of(split)]
        else:
            root = datasets.locate(data, dataset)
            found = listing.read_all(root, datasets.pictures(root, split))
        self.pictures = [halved(nuclei.stretched(picture)) for picture in found]

    @staticmethod
    def held_back(data: str | None, dataset: str, side: int) -> HeldBack:
        """Val: its pictures, as many drawn masks, and its labels where it has them, to watch alone."""
        val = Microscopy(data, dataset, "val", side)
        labels: list[Labels] = []
        if data == "synthetic":
            labels = [scenes.nuclei(seed)[1] for seed in seeds_of("val")]
        elif (datasets.locate(data, dataset) / "val" / "masks").is_dir():
            (items,) = training_data.labelled(data, dataset, "val")
            labels = [items[index][1] for index in range(len(items))]
        masks = [halved(nuclei.drawn_mask(seed, *_doubled(each))) for seed, each in enumerate(val.pictures)]
        return HeldBack([unit(each) for each in val.pictures], [unit(each) for each in masks], labels)

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Pair:
        picture = unit(self.pictures[index])
        scale = float(torch.empty(()).uniform_(0.8, 1.25))
        seen = [max(self.side, round(length * scale)) for length in picture.shape[1:]]
        picture = functional.interpolate(picture[None], seen, mode="bilinear", antialias=True)[0]
        top, left = (int(torch.randint(length - self.side + 1, ())) for length in seen)
        crop = picture[:, top : top + self.side, left : left + self.side]
        turned = torch.rot90(crop, int(torch.randint(4, ())), (1, 2))
        crop = turned.flip(2) if torch.rand(()) < 0.5 else turned
        seed = int(torch.randint(2**62, ()))
        mask = halved(nuclei.drawn_mask(seed, 2 * self.side, 2 * self.side))
        return crop.contiguous(), unit(mask)


class Photographs(Dataset[Pair]):
    """Photographs of two domains, folders such as trainA and trainB, scaled and cropped to `side`.

    One item is a photograph of the first and any of the second. `first` and `second` are all of them,
    H x W x 3, or with `sure` those that `told_apart` gives; `before` that there were so many of the first.
    Raises DataError where a folder is missing.
    """

    def __init__(self, data: str | None, dataset: str, split: str, side: int, sure: float = 0.0) -> None:
        self.side = side
        self.first: list[Image]
        self.second: list[Image]
        if data == "synthetic":
            self.first = [landscapes.landscape(seed) for seed in seeds_of(split)]
            self.second = [landscapes.landscape(seed + FAR, winter=True) for seed in seeds_of(split)]
            self.before = len(self.first)
            return
        root = datasets.locate(data, dataset)

        def read(letter: str) -> list[Image]:
            return listing.read_all(root, datasets.half(root, split, letter))

        self.first, self.second = listing.together(*(partial(read, letter) for letter in "AB"))
        self.before = len(self.first)
        if sure:
            self.first, self.second = told_apart(self.first, self.second, sure, data)

    @staticmethod
    def held_back(data: str | None, dataset: str, side: int) -> HeldBack:
        """WATCHED photographs of each domain of the split test, to watch a training by."""
        test = Photographs(data, dataset, "test", side)
        first, second = (
            [to_tensor(images.resize(each, side, side))[0] for each in half[:WATCHED]]
            for half in (test.first, test.second)
        )
        count = min(len(first), len(second))
        return HeldBack(first[:count], second[:count], [])

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, index: int) -> Pair:
        other = int(torch.randint(len(self.second), ()))
        return self._crop(self.first[index]), self._crop(self.second[other])

    def _crop(self, image: Image) -> torch.Tensor:
        """A square of `side`, of the picture scaled to half as much again, mirrored by chance."""
        scaled = self.side * 3 // 2
        pixels = to_tensor(images.resize(image, scaled, scaled))[0]
        top, left = (int(torch.randint(scaled - self.side + 1, ())) for _ in range(2))
        crop = pixels[:, top : top + self.side, left : left + self.side]
        return crop.flip(2) if torch.rand(()) < 0.5 else crop.contiguous()


def told_apart(
    first: Sequence[Image], second: Sequence[Image], sure: float, data: str | None
) -> tuple[list[Image], list[Image]]:
    """The pictures of two domains with a chance of `sure` at least to be of their own.

    The chances are those of a logistic regression on MobileNetV2's pooled features that saw none of the
    pictures it judges (one of FOLDS parts in turn). Raises UsageError where none is left of a domain, and
    WeightsError where there are no weights.
    """
    seen = np.stack([images.resize(each, SEEN, SEEN) for each in (*first, *second)])
    features, domains = imagenet.pooled(seen, data), np.repeat([0, 1], [len(first), len(second)])
    folds = min(FOLDS, len(first), len(second))
    if folds < 2:
        raise UsageError("none_told_apart", sure=f"{sure:g}")
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=INVERSE_REGULARIZATION, max_iter=500))
    chances = cross_val_predict(classifier, features, domains, cv=folds, method="predict_proba")
    kept = chances[np.arange(len(domains)), domains] >= sure
    halves = list(compress(first, kept)), list(compress(second, kept[len(first) :]))
    if not all(halves):
        raise UsageError("none_told_apart", sure=f"{sure:g}")
    return halves


def seeds_of(split: str) -> range:
    """Those of the drawn pictures of a split; what is not trained on lies behind."""
    sizes = training_data.SYNTHETIC_SIZES
    return range(sizes["train"]) if split == "train" else range(sizes["train"], sum(sizes.values()))


def unit(grey: NDArray[np.uint8]) -> torch.Tensor:
    """H x W grey as 1 x H x W in [-1, 1]."""
    return torch.from_numpy(grey)[None].float().div(127.5).sub(1)


def _doubled(grey: NDArray[np.uint8]) -> tuple[int, int]:
    return 2 * grey.shape[0], 2 * grey.shape[1]


def halved(grey: Any) -> NDArray[np.uint8]:
    """H x W uint8 at half its size, rounded up, each pixel the mean of what it covers."""
    height, width = grey.shape
    half: NDArray[np.uint8] = images.resize(grey, -(-height // 2), -(-width // 2))
    return half
