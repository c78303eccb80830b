"""What every task shares: pictures as arrays, requests, and what comes out step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""H x W x 3, RGB, 0 to 255."""
Labels = NDArray[np.uint8]
"""H x W, one class or cluster id for each pixel."""
Pictures = NDArray[np.uint8]
"""N x H x W x 3, RGB, 0 to 255."""
Progress = Callable[[Sequence[Any]], Iterable[Any]]
"""Gives back the items of long work, and may tell how far it has come."""
V = TypeVar("V")


class Request(Generic[V]):
    """What is asked of a card of one task; V is the type of what comes out."""

    task: ClassVar[str]


@dataclass(frozen=True)
class Step:
    """Progress: `done` of `total` steps, and a picture of what there is so far, if there is one."""

    done: int
    total: int
    preview: Image | None = None


@dataclass(frozen=True)
class Run(Generic[V]):
    """The result and its cost: `seconds` on the device, `queued_seconds` waiting for it."""

    value: V
    model: str
    device: str
    seconds: float
    queued_seconds: float
