"""Which item comes next, and how it is augmented: by the seed and the number of the draw alone.

So a resumed run goes on to the same numbers as one that was never stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

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
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed * 1_000_003 + number)
            return self.items[index]
