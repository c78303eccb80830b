"""Data sets for training what generates: whole pictures with their classes, at the size of the network."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import Dataset
from torchvision.transforms import v2

from segen.data import datasets, listing, raw
from segen.data.synthetic import garments, landscapes
from segen.errors import DataError, WeightsError
from segen.evaluation import distances
from segen.imaging import images
from segen.models.features import classifier
from segen.models.generation.predictor import pictures_of
from segen.training import data as training_data

DRAWN = ("fashion", "yosemite")
"""The data sets that the code draws pictures in place of: garments and landscapes."""


class Pictures(Dataset[tuple[torch.Tensor, int]]):
    """(colors x side x side float32 in [-1, 1], class id): grey pictures of a data set, or of a folder.

    `pictures` are all of them, N x side x side x colors uint8 before the border, `labels` their classes, 0
    where a folder of one's own has none. `border` pixels of -1 are added on each side; with `mirror`, every
    other picture is flipped by chance, and with `crop` below 1 a part of that share of its area at least is
    shown at full size. Raises DataError.
    """

    def __init__(
        self,
        data: str | None,
        dataset: str,
        split: str,
        side: int = 28,
        colors: int = 1,
        border: int = 2,
        mirror: bool = False,
        crop: float = 1.0,
    ) -> None:
        self.border = border
        flips = [v2.RandomHorizontalFlip()] if mirror else []
        crops = [v2.RandomResizedCrop(side, scale=(crop, 1.0))] if crop < 1 else []
        self.vary = nn.Sequential(*flips, *crops)
        self.pictures: NDArray[np.uint8]
        self.labels: NDArray[np.int64]
        self.labelled = True
        if data == "synthetic":
            pictures, labels = _drawn(dataset, split, side)
        else:
            root = datasets.locate(data, dataset)
            if (root / "raw").is_dir():
                pictures, labels = raw.read(root, split)
            else:
                paths = datasets.pictures(root, split)
                pictures = np.stack(
                    listing.read_all(root, paths, lambda image: images.resize(image, side, side))
                )
                labels, self.labelled = np.zeros(len(pictures), dtype=np.int64), False
        pictures = pictures[..., None] if pictures.ndim == 3 else pictures
        if pictures.shape[3] > colors:
            pictures = np.rint(pictures.mean(axis=3, keepdims=True)).astype(np.uint8)
        self.pictures, self.labels = pictures, labels

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        pixels = torch.from_numpy(self.pictures[index]).permute(2, 0, 1).float().div(127.5).sub(1)
        padded = nn.functional.pad(self.vary(pixels), (self.border,) * 4, value=-1.0)
        return padded, int(self.labels[index])


def _drawn(dataset: str, split: str, side: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    if dataset not in DRAWN:
        raise DataError("nothing_drawn", dataset=dataset, known=", ".join(DRAWN))
    sizes = training_data.SYNTHETIC_SIZES
    first, count = (0, sizes["train"]) if split == "train" else (sizes["train"], sizes["val"])
    seeds = range(first, first + count)
    if dataset == "yosemite":
        drawn = [landscapes.landscape(seed, bool(seed % 2), side, side) for seed in seeds]
        return np.stack(drawn), np.zeros(count, dtype=np.int64)
    pictures, labels = zip(*(garments.garment(seed) for seed in seeds), strict=True)
    return np.stack(pictures), np.array(labels, dtype=np.int64)


def frechet(made: torch.Tensor, real: Pictures) -> dict[str, float]:
    """The Frechet distance of N x 1 x H x W generated pixels to N pictures of a set, for a training log.

    Empty where the classifier whose features it takes is not there, for colour, and below two pictures.
    """
    count = min(len(made), len(real))
    height, width, colors = real.pictures.shape[1:]
    try:
        network = classifier.shipped()
    except WeightsError:
        return {}
    if colors > 1 or count < 2:
        return {}
    chosen = np.random.default_rng(0).permutation(len(real))[:count]
    features, _ = classifier.look(network, pictures_of(made[:count], height, width)[..., 0])
    others, _ = classifier.look(network, real.pictures[chosen][..., 0])
    return {f"val/frechet_{count}": distances.frechet(features, others)}
