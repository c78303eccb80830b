"""Pictures that are read and decoded once, into memory-mapped files, so that a GPU does not wait for them.

From then on a picture costs a copy out of memory that all processes of a machine share.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Subset
from tqdm import tqdm

from segen.training.data import LabelledFolder, LabelledPictures, SyntheticScenes
from segen.training.recipe import SizedDataset
from segen.types import Image

PICTURES, LABELS, INDEX = "pictures.bin", "labels.bin", "index.json"


class Cached:
    """The pictures (H x W x 3 uint8) and label maps (H x W) in a folder that `write` has filled."""

    def __init__(self, folder: Path) -> None:
        told = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        self.sizes: list[tuple[int, int]] = told["sizes"]
        self._starts = np.cumsum([0, *(height * width for height, width in self.sizes)])
        self._pictures = np.memmap(folder / PICTURES, np.uint8, "r")
        self._labels = np.memmap(folder / LABELS, np.dtype(told["labels"]), "r")

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, index: int) -> tuple[Image, NDArray[Any]]:
        height, width = self.sizes[index]
        start, end = self._starts[index], self._starts[index + 1]
        picture = self._pictures[3 * start : 3 * end].reshape(height, width, 3)
        return picture, self._labels[start:end].reshape(height, width)


def write(items: SizedDataset, folder: Path, workers: int) -> None:
    """Fill a folder, made anew, with all items; `workers` processes read and decode."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    sizes, kind = [], ""
    loader: DataLoader[Any] = DataLoader(
        items,  # type: ignore[arg-type]
        batch_size=None,
        num_workers=workers,
        collate_fn=tuple,
        generator=torch.Generator(),  # or it would draw once from the global one
    )
    with (folder / PICTURES).open("wb") as pictures, (folder / LABELS).open("wb") as labels:
        for picture, marked in tqdm(loader, "Decoding", len(items)):
            sizes.append(marked.shape)
            kind = marked.dtype.str
            pictures.write(picture.tobytes())
            labels.write(marked.tobytes())
    (folder / INDEX).write_text(json.dumps({"sizes": sizes, "labels": kind}), encoding="utf-8")


class Decoded(LabelledPictures):
    """Pictures out of memory-mapped files, which a training augments on its device."""


def read_once(pictures: LabelledPictures, folder: Path, workers: int, writes: bool) -> LabelledPictures:
    """The same pictures, Decoded, in a folder that of several processes one alone `writes`, the first.

    What a recipe makes up anew for each draw, or holds in memory, stays as it is.
    """
    items = pictures.items
    if not isinstance(items, Subset):
        items = Subset(items, range(len(items)))  # type: ignore[arg-type]
    if not isinstance(items.dataset, LabelledFolder | SyntheticScenes):
        return pictures
    used, places = np.unique(items.indices, return_inverse=True)
    if writes:
        write(Subset(items.dataset, used.tolist()), folder, workers)
    return Decoded(Subset(Cached(folder), places.tolist()), pictures.transform)  # type: ignore[arg-type]
