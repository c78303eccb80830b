"""Instances that are known beforehand: cut from numbers, found by a network that is told, written to disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from segen.data import datasets
from segen.imaging import images
from segen.models.segmentation.maskrcnn import SlimMaskRCNN
from segen.registry import card
from segen.training.recipe import Place
from segen.types import Image, Instance

CARD = card("maskrcnn-nuclei")
SYNTHETIC = Place(data="synthetic")


def cut(numbers: np.ndarray, score: float = 0.9) -> tuple[Instance, ...]:
    """The instances that H x W numbers stand for, each a little less sure than the one before it."""
    found = []
    for step, number in enumerate(np.unique(numbers[numbers > 0])):
        rows, columns = np.nonzero(numbers == number)
        y, x, bottom, right = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
        mask = (numbers == number)[y:bottom, x:right]
        box = (int(x), int(y), int(right - x), int(bottom - y))
        found.append(Instance(1, score - step / 1000, box, mask))
    return tuple(found)


def whole(instance: Instance, shape: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(shape, np.bool_)
    x, y, width, height = instance.box
    mask[y : y + height, x : x + width] = instance.mask
    return mask


def write_pair(root: Path, mask: bytes, image: Image) -> datasets.Pair:
    for kind, content in (("images", images.encode(image)), ("masks", mask)):
        (root / "val" / kind).mkdir(parents=True, exist_ok=True)
        (root / "val" / kind / "a.png").write_bytes(content)
    return datasets.pairs(root, "val")[0]


class Found(SlimMaskRCNN):
    """A network that finds what it is told to."""

    def __init__(self, found: dict[str, torch.Tensor]) -> None:
        super().__init__()
        scores = torch.linspace(0.95, 0.9, len(found["boxes"]))
        self.found = {"scores": scores, **found}
        self.seen: list[torch.Size] = []

    def find(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        self.seen.append(pixels.shape)
        return self.found


def full(*boxes: list[float], scores: list[float]) -> dict[str, torch.Tensor]:
    """Instances that fill their boxes; half a pixel is what RoIAlign is out by."""
    return {
        "boxes": torch.tensor(boxes).reshape(-1, 4) - 0.5,
        "labels": torch.ones(len(boxes), dtype=torch.int64),
        "scores": torch.tensor(scores),
        "masks": torch.ones((len(boxes), 1, 28, 28)),
    }
