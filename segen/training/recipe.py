"""What a training is: its configuration, its place, and what a family of models brings to the loop."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol

import torch
from torch import nn

from segen.errors import UsageError
from segen.types import Image

Update = Callable[[str, torch.Tensor], None]
"""`update("network", loss)`: one optimizer step of that network, its gradients clipped."""


@dataclass(frozen=True)
class Config:
    """What every training has; each family adds its own fields. Printed, and saved with the run."""

    generates: ClassVar[bool] = False
    """Whether samples are pictures of the network's own, nothing of a data set, so that they may ship."""
    CHANGEABLE: ClassVar[frozenset[str]] = frozenset(
        {"steps", "ema_decay", "clip", "evaluate_every", "save_every"}
    )
    """Fields that a resumed run may have other values of: it goes on with what it has learned."""
    MAY_BE_ZERO: ClassVar[frozenset[str]] = frozenset({"seed"})
    """Whole numbers that need not be 1 at least."""
    name: str
    """The card this trains; also the folder of the run."""
    steps: int = 1000
    """Optimizer steps in all."""
    batch_size: int = 8
    """Items of a step, dealt out to all processes."""
    seed: int = 0
    ema_decay: float = 0.998
    """Decay of the moving average of the weights, the average being what ships."""
    clip: float = 1.0
    """Largest norm of the gradient of one network."""
    evaluate_every: int = 250
    """Steps between measurements and pictures of samples."""
    save_every: int = 100
    """Steps between checkpoints."""

    @property
    def parts(self) -> int:
        """Equal parts that a step takes each process's batch in."""
        return 1

    def check(self) -> None:
        """Raise UsageError for values that no training can have, before any data is read."""
        for each in fields(self):
            value = getattr(self, each.name)
            least = 0 if each.name in self.MAY_BE_ZERO else 1
            for number in value if isinstance(value, tuple) else (value,):
                if type(number) is int and number < least:
                    option = "--" + each.name.replace("_", "-")
                    raise UsageError("option_too_small", option=option, least=least)


def plain(config: Config) -> dict[str, Any]:
    """The configuration as it reads back from JSON."""
    read: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return read


@dataclass(frozen=True)
class Place:
    """Where a training reads, writes and runs; nothing here changes its numbers."""

    data: str | None = None
    """A folder (docs/data.md), or "synthetic" for scenes that the code draws. Default: $SEGEN_DATA."""
    resume: bool = False
    """Go on from the last checkpoint of this run."""
    init: str | None = None
    """Start from the weights of this card, with a fresh optimizer."""
    cards: str | None = None
    """Cards of your own for `init`, too: a folder that segen pack wrote, or that holds several."""
    workers: int = 0
    """Processes that load data beside the training."""
    cache: bool = False
    """Decode the pictures of a recipe that segments once, into memory-mapped files in the run's folder, four
    bytes a pixel and more, and augment on the device that trains, so that a GPU does not wait."""
    precision: str = "no"
    """Accelerate's mixed precision: no, fp16 or bf16, the last quicker on a CPU with AMX, too."""


class SizedDataset(Protocol):
    """A map-style data set: items by index, and how many there are."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Any: ...


class Recipe(Protocol):
    """What a family of models brings to the loop."""

    networks: dict[str, nn.Module]
    """What is trained, and averaged over the training."""
    kept: dict[str, nn.Module]
    """What a checkpoint keeps beside them, neither trained nor averaged."""

    @property
    def config(self) -> Config:
        """What was asked for."""

    def dataset(self) -> SizedDataset:
        """Map-style; its random augmentation draws from torch's global generator only."""

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """One for each network that `step` updates, under the network's name."""

    def schedulers(
        self, optimizers: dict[str, torch.optim.Optimizer]
    ) -> dict[str, torch.optim.lr_scheduler.LRScheduler]:
        """A learning rate schedule for each optimizer, stepped once an update."""

    def step(self, networks: dict[str, nn.Module], batch: Any, update: Update) -> dict[str, torch.Tensor]:
        """Compute losses on one batch, call `update` for each, and return what to log."""

    def evaluate(self, networks: dict[str, nn.Module]) -> dict[str, float]:
        """Measure the averaged networks."""

    def samples(self, networks: dict[str, nn.Module]) -> Image:
        """A picture of what the averaged networks do now."""

    def export(self, networks: dict[str, nn.Module], folder: Path) -> None:
        """Write the averaged networks as a weights folder."""
