"""Which item comes next, and how it is augmented: by the seed and the number of the draw alone.

So a resumed run goes on to the same numbers as one that was never stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

from segen.training.data import LabelledPictures
from segen.training.recipe import SizedDataset


class SeededSampler(Sampler[tuple[int, int]]):
    """Pairs (index, number of the draw), endlessly: each epoch a permutation of its own seed."""

    def __init__(self, length: int, seed: int, start: int, stride: int = 1) -> None:
        """`length` items; every `stride`-th draw from the draw `start` on."""
        self.length, self.seed, self.start, self.stride = length, seed, start, stride

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Endless."""
        shuffled = -1
        for draw in count(self.start, self.stride):
            epoch, offset = divmod(draw, self.length)
            if epoch != shuffled:
                order = np.random.default_rng((self.seed, epoch)).permutation(self.length)
                shuffled = epoch
            yield int(order[offset]), draw


class Seeded(Dataset[Any]):
    """A data set whose augmentation depends on the number of the draw, not on what ran before."""

    def __init__(self, items: SizedDataset, seed: int) -> None:
        """`items` draw from torch's global generator."""
        self.items, self.seed = items, seed

    def __getitem__(self, draw: tuple[int, int]) -> Any:
        """The item of an index, as the draw of that number makes it."""
        index, number = draw
        with drawing(self.seed, number):
            return self.items[index]


class Plain(Dataset[Any]):
    """The items as they are, each with the number of the draw: they are augmented later, on the device."""

    def __init__(self, items: LabelledPictures) -> None:
        self.items = items

    def __getitem__(self, draw: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor, int]:
        index, number = draw
        return *self.items.plain(index), number


@contextmanager
def drawing(seed: int, number: int) -> Iterator[None]:
    """Within, torch's global generator of the processor draws what is due to the draw of that number."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed * 1_000_003 + number)
        yield
