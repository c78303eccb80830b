"""Data sets for training: labelled pictures from a folder, and scenes that the code draws."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, Subset
from torchvision import tv_tensors
from torchvision.transforms import v2

from segen.data import datasets
from segen.data.datasets import Survey
from segen.data.synthetic import scenes
from segen.errors import DataError
from segen.registry import ClassInfo, dataset_classes
from segen.registry.folders import real
from segen.training.recipe import SizedDataset
from segen.types import Image, Labels

SYNTHETIC = "synthetic"
"""In place of a folder: scenes that the code draws."""
SYNTHETIC_SIZES = {"train": 200, "val": 20}
"""How many scenes the synthetic set has; the seeds of val begin where those of train end."""


class Labelled(Protocol):
    """Pictures with label maps, (H x W x 3, H x W ids), and the classes of these."""

    classes: tuple[ClassInfo, ...]

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> tuple[Image, Labels]: ...


@dataclass
class InMemory:
    """Pictures that were read and changed before."""

    classes: tuple[ClassInfo, ...]
    items: list[tuple[Image, Labels]]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[Image, Labels]:
        return self.items[index]


def chosen(items: SizedDataset, count: int | None, seed: int) -> Subset[Any]:
    """So many of the items, drawn by the seed; None is all of them."""
    order = np.random.default_rng(seed).permutation(len(items))[:count]
    return Subset(items, order.tolist())  # type: ignore[arg-type]


def repeated(pictures: Subset[Any], pixels: NDArray[np.int64], least: float, seed: int) -> Subset[Any]:
    """The pictures, those with a rare class more than once: repeat-factor sampling.

    A class that a share f of the pictures shows asks for sqrt(least / f) of each of them, a picture for what
    its rarest class asks, at least 1; a part of one is given by chance, here once and not in each epoch
    (Gupta et al. 2019, LVIS, section 4.1). `pixels`: all pictures of the set x classes.
    """
    shown = pixels[pictures.indices] > 0
    asked = np.sqrt(least / np.maximum(shown.mean(axis=0), 1 / len(shown)))
    factors = np.maximum(np.where(shown, asked, 0).max(axis=1), 1)
    counts = np.floor(factors + np.random.default_rng(seed).random(len(factors))).astype(int)
    return Subset(pictures.dataset, np.repeat(pictures.indices, counts).tolist())


class LabelledPictures:
    """Pictures with label maps, augmented: (3 x H x W float32 in [-1, 1], H x W int64 ids)."""

    def __init__(self, items: SizedDataset, transform: v2.Transform) -> None:
        self.items, self.transform = items, transform

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.augmented(*self.plain(index))

    def plain(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        """A picture and its label map as they are: 3 x H x W uint8, H x W."""
        image, labels = self.items[index]
        return torch.from_numpy(image.copy()).permute(2, 0, 1), torch.from_numpy(labels.copy())

    def augmented(self, image: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Such a picture and its label map, on whatever device they are, as a training sees them."""
        picture, mask = self.transform(tv_tensors.Image(image), tv_tensors.Mask(labels))
        return picture.float().div(127.5).sub(1).as_subclass(torch.Tensor), mask.long().as_subclass(
            torch.Tensor
        )


class LabelledFolder(Dataset[tuple[Image, Labels]]):
    """The pictures and label maps of one split of a folder (docs/data.md)."""

    numbered = False

    def __init__(self, name: str, classes: tuple[ClassInfo, ...], survey: Survey) -> None:
        self.name, self.classes, self.survey = name, classes, survey

    @classmethod
    def splits(cls, data: str | None, dataset: str, splits: Sequence[str]) -> list[Self]:
        """The splits, surveyed together; how their masks were read is said. Raises DataError."""
        root = datasets.locate(data, dataset)
        known = datasets.classes(root, dataset)
        surveys = datasets.survey(root, known, splits, cls.numbered)
        for split, survey in zip(splits, surveys, strict=True):
            if remark := survey.remark(known):
                print(f"{split}: {remark}", file=sys.stderr)
        return [cls(real(root).name, known, survey) for survey in surveys]

    def __len__(self) -> int:
        return len(self.survey.pairs)

    def __getitem__(self, index: int) -> tuple[Image, Labels]:
        return datasets.read(self.survey.pairs[index], self.classes, self.survey.coding)

    def class_pixels(self) -> NDArray[np.int64]:
        """How many pixels each class has: pictures x classes by id."""
        return self.survey.pixels


class SyntheticScenes(Dataset[tuple[Image, Labels]]):
    """Scenes that the code draws in place of a data set, 240 x 320, the same on every machine.

    Raises DataError for a data set that nothing is drawn for.
    """

    def __init__(self, dataset: str, split: str) -> None:
        if dataset not in scenes.DRAWN:
            raise DataError("nothing_drawn", dataset=dataset, known=", ".join(scenes.DRAWN))
        self.name = SYNTHETIC
        self.draw: Callable[[int, int, int], tuple[Image, Any]] = scenes.DRAWN[dataset]
        self.classes = dataset_classes(dataset)
        first = 0 if split == "train" else SYNTHETIC_SIZES["train"]
        self.seeds = range(first, first + SYNTHETIC_SIZES[split])

    @classmethod
    def splits(cls, data: str | None, dataset: str, splits: Sequence[str]) -> list[Self]:
        """Each of the splits; `data` is SYNTHETIC. Raises DataError."""
        return [cls(dataset, split) for split in splits]

    def __len__(self) -> int:
        return len(self.seeds)

    def __getitem__(self, index: int) -> tuple[Image, Labels]:
        return self.draw(self.seeds[index], 320, 240)

    def class_pixels(self) -> NDArray[np.int64]:
        """How many pixels each class has: pictures x classes by id."""
        count = len(self.classes)
        return np.stack([np.bincount(self[at][1].ravel(), minlength=count) for at in range(len(self))])


class NumberedFolder(LabelledFolder):
    """The pictures of one split of a folder, with the number of the instance at each pixel."""

    numbered = True

    def __getitem__(self, index: int) -> tuple[Image, Any]:
        return datasets.read_instances(self.survey.pairs[index], self.survey.coding)


class NumberedScenes(SyntheticScenes):
    """Scenes that the code draws, with the number of the instance at each pixel."""

    def __init__(self, dataset: str, split: str) -> None:
        super().__init__(dataset, split)
        if dataset not in scenes.DRAWN_INSTANCES:
            known = ", ".join(scenes.DRAWN_INSTANCES)
            raise DataError("nothing_drawn", dataset=dataset, known=known)
        self.draw = scenes.DRAWN_INSTANCES[dataset]


def numbered(
    data: str | None, dataset: str, *splits: str
) -> Sequence[NumberedFolder] | Sequence[NumberedScenes]:
    """Splits of pictures with numbered instances: of a folder, or drawn. Raises DataError."""
    return (NumberedScenes if data == SYNTHETIC else NumberedFolder).splits(data, dataset, splits)


def labelled(
    data: str | None, dataset: str, *splits: str
) -> Sequence[LabelledFolder] | Sequence[SyntheticScenes]:
    """Splits of labelled pictures: of a folder, or drawn. Raises DataError."""
    return (SyntheticScenes if data == SYNTHETIC else LabelledFolder).splits(data, dataset, splits)
