"""What trainings of translation share: a generator and a discriminator for each direction, and their loss."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional

from segen import registry
from segen.errors import UsageError
from segen.models import weights
from segen.models.translation.pix2pix import DISCRIMINATOR
from segen.models.translation.predictor import whole
from segen.training import start
from segen.training.recipe import Config

DIRECTIONS = {"a_to_b": "forward", "b_to_a": "backward"}
"""Each network's direction by its name in a ModuleDict, in which `forward` is a method and can be no name."""


@dataclass(frozen=True)
class TranslationConfig(Config):
    """How generators and discriminators are built and trained, with pairs or without."""

    CHANGEABLE: ClassVar[frozenset[str]] = Config.CHANGEABLE | {"lr", "discriminator_rate"}
    dataset: str = "yosemite"
    """The folder of the data set under the data root."""
    side: int = 256
    """Of the crops, in pixels of the size that the networks work at; a multiple of 32."""
    channels: int = 32
    """Of the generators at full size."""
    blocks: int = 6
    discriminator_channels: int = 32
    discriminator_shrunk: int = 1
    discriminator_depth: int = 3
    lr: float = 2e-4
    discriminator_rate: float = 1.0
    """Times `lr`, the rate of the discriminators (Heusel et al. 2017)."""
    betas: tuple[float, float] = (0.5, 0.999)
    """Of Adam, for all networks (Isola et al. 2017; Zhu et al. 2017)."""
    decay_from: float = 0.5
    """The share of the steps after which the rate falls to 0 along a line."""
    clip: float = 10.0
    batch_size: int = 1
    ema_decay: float = 0.999

    def check(self) -> None:
        """Raise UsageError for values that no training can have."""
        super().check()
        if self.side % 32:
            raise UsageError("crop_unusable", height=self.side, width=self.side)


class Translation:
    """Networks in two groups, generators and discriminators, each by the names of DIRECTIONS."""

    def __init__(
        self,
        config: TranslationConfig,
        generators: dict[str, nn.Module],
        discriminators: dict[str, nn.Module],
        init: str | None,
    ) -> None:
        """`init` names the card to start from. Raises UsageError for weights of another shape."""
        self.config = config
        self.parts = list(generators)
        self.generators = nn.ModuleDict(generators).to(memory_format=torch.channels_last)
        self.discriminators = nn.ModuleDict(discriminators).to(memory_format=torch.channels_last)
        self.networks: dict[str, nn.Module] = {
            "generators": self.generators,
            "discriminators": self.discriminators,
        }
        self.kept: dict[str, nn.Module] = {}
        if init:
            folder = weights.checked(registry.card(init, "translate"))
            for part in self.parts:
                place = folder / DIRECTIONS[part]
                for network, here in (
                    (self.generators[part], place),
                    (self.discriminators[part], place / DISCRIMINATOR),
                ):
                    start.whole(network, here / "model.safetensors", init)

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Adam for all generators together, and for all discriminators."""
        rates = {"generators": 1.0, "discriminators": self.config.discriminator_rate}
        return {
            name: torch.optim.Adam(network.parameters(), self.config.lr * rates[name], self.config.betas)
            for name, network in self.networks.items()
        }

    def schedulers(
        self, optimizers: dict[str, torch.optim.Optimizer]
    ) -> dict[str, torch.optim.lr_scheduler.LRScheduler]:
        """The constant rate, then a line down to 0 at the end of the training."""
        steps = self.config.steps
        first = round(steps * self.config.decay_from)

        def factor(step: int) -> float:
            return min(1.0, (steps - step) / max(steps - first, 1))

        return {
            name: torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
            for name, optimizer in optimizers.items()
        }

    def drawn(self, networks: dict[str, nn.Module], part: str, pixels: torch.Tensor) -> torch.Tensor:
        """What a generator draws of N x C x H x W pixels of any size, in [-1, 1]."""
        generators: Any = networks["generators"]
        device = next(generators.parameters()).device
        return whole(generators[part], pixels.to(device)).clamp(-1, 1).to(pixels.device)

    def export(self, networks: dict[str, nn.Module], folder: Path) -> None:
        """A folder for each direction, half precision, with that of its discriminator inside."""
        for part in self.parts:
            place = folder / DIRECTIONS[part]
            for kind, here in (("generators", place), ("discriminators", place / DISCRIMINATOR)):
                group: Any = networks[kind]
                group[part].half().save_pretrained(here)
                (here / "README.md").unlink(missing_ok=True)  # the card's own is in the folder above
        weights.seal(folder)


def judged(scores: torch.Tensor, real: bool) -> torch.Tensor:
    """The least-squares loss of scores that should all be 1 for real, or 0 for drawn (Mao et al. 2017)."""
    return functional.mse_loss(scores, torch.full_like(scores, float(real)))
