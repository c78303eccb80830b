"""Conditional GANs: a label map that is right pixel by pixel, and that a discriminator rates as real."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional

from segen.models.segmentation.predictor import two_class
from segen.models.translation.pix2pix import DISCRIMINATOR, PatchDiscriminator
from segen.training import processes
from segen.training.recipe import Place, Update
from segen.training.recipes.segmentation import UNET, Segmentation, SegmentationConfig
from segen.types import Image


@dataclass(frozen=True)
class LabelGanConfig(SegmentationConfig):
    """How a generator of label maps and its discriminator are built and trained."""

    CHANGEABLE: ClassVar[frozenset[str]] = SegmentationConfig.CHANGEABLE | {"discriminator_lr"}
    adversarial: float = 0.1
    """Weight of the adversarial loss beside `loss`."""
    discriminator_channels: int = 32
    discriminator_lr: float = 2e-4
    certainty: float = 0.9
    """The least probability of the true class in the real maps that the discriminator sees."""


CONFIGS = [LabelGanConfig("pix2pix-camvid-labels", steps=300, batch_size=6, options=UNET)]


class LabelGan(Segmentation):
    """A segmentation network trained against a discriminator; `--init` starts the generator alone."""

    config: LabelGanConfig

    def __init__(self, config: LabelGanConfig, place: Place) -> None:
        super().__init__(config, place)
        self.discriminator = PatchDiscriminator(3, self.learned, config.discriminator_channels).to(
            memory_format=torch.channels_last
        )
        self.networks = {"generator": self.network, "discriminator": self.discriminator}

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """The generator's as for any segmentation; Adam with the momentum of Isola et al. 2017."""
        rate = self.config.discriminator_lr
        adam = torch.optim.Adam(self.discriminator.parameters(), lr=rate, betas=(0.5, 0.999))
        return {"generator": super().optimizers()["network"], "discriminator": adam}

    def schedulers(
        self, optimizers: dict[str, torch.optim.Optimizer]
    ) -> dict[str, torch.optim.lr_scheduler.LRScheduler]:
        """One cycle for the generator; the discriminator keeps its rate."""
        cycle = super().schedulers({"network": optimizers["generator"]})["network"]
        steady = torch.optim.lr_scheduler.ConstantLR(optimizers["discriminator"], factor=1.0)
        return {"generator": cycle, "discriminator": steady}

    def step(self, networks: dict[str, nn.Module], batch: Any, update: Update) -> dict[str, torch.Tensor]:
        """One batch of crops: the generator learns first, then the discriminator from the same drawing."""
        pixels, labels = batch
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        discriminator = networks["discriminator"]
        scores = two_class(networks["generator"](pixels))
        drawn = scores.softmax(dim=1)

        self.discriminator.requires_grad_(False)
        loss = self.loss(processes.gathered(scores), processes.gathered(labels))
        fooled = _judged(discriminator(pixels, drawn), real=True)
        update("generator", loss + self.config.adversarial * fooled)

        self.discriminator.requires_grad_(True)
        drawn = drawn.detach()
        real = _judged(discriminator(pixels, self.real_maps(labels, drawn)), real=True)
        fake = _judged(discriminator(pixels, drawn), real=False)
        update("discriminator", (real + fake) / 2)
        return {"loss": loss, "fooled": fooled, "real": real, "fake": fake}

    def real_maps(self, labels: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        """N x H x W labels as N x C x H x W probabilities, as soft as those that were drawn.

        The true class gets its drawn probability, and `certainty` at least; the others keep their ratio
        (Luc et al. 2016, 3.2, "scaling"). Hard maps would be told from drawn ones by their softness alone.
        Unlabelled pixels are as drawn, so that they tell nothing.
        """
        labelled = (labels != self._ignored_id)[:, None]
        chosen = torch.where(labelled, labels[:, None], 0)
        true = torch.zeros_like(drawn, dtype=torch.bool).scatter_(1, chosen, True)
        right = drawn.gather(1, chosen)
        kept = right.clamp(min=self.config.certainty)
        others = drawn * (1 - kept) / (1 - right).clamp(min=1e-6)
        return torch.where(labelled, torch.where(true, kept, others), drawn)

    def evaluate(self, networks: dict[str, nn.Module]) -> dict[str, float]:
        """Measure the generator as any segmentation network."""
        return super().evaluate({"network": networks["generator"]})

    def samples(self, networks: dict[str, nn.Module]) -> Image:
        """Rows of picture, reference and what the generator drew."""
        return super().samples({"network": networks["generator"]})

    def export(self, networks: dict[str, nn.Module], folder: Path) -> None:
        """The generator as any segmentation network, with the discriminator's folder inside its own."""
        discriminator: Any = networks["discriminator"]
        discriminator.half().save_pretrained(folder / DISCRIMINATOR)
        (folder / DISCRIMINATOR / "README.md").unlink()  # the card's own is in the folder above
        super().export({"network": networks["generator"]}, folder)


def _judged(scores: torch.Tensor, real: bool) -> torch.Tensor:
    """The cross-entropy of patch logits that should all say real, or all fake."""
    return functional.binary_cross_entropy_with_logits(scores, torch.full_like(scores, float(real)))


RECIPE = LabelGan
"""What trains the CONFIGS."""
