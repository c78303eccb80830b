"""Generative adversarial networks: perceptrons and DCGAN, with the non-saturating or the Wasserstein loss.

Goodfellow et al. 2014: the discriminator maximises E[log D(x)] + E[log(1 - D(G(z)))]; the generator would
minimise the same, but maximises E[log D(G(z))] instead (their section 3, "non-saturating"), whose gradient
does not vanish while the discriminator wins. Gulrajani et al. 2017: the critic maximises E[f(x)] - E[f(G(z))]
less a penalty on gradients whose norm is not 1; by the dual of Kantorovich and Rubinstein the difference
estimates the Wasserstein distance, which the generator minimises.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import nn
from torch.nn import functional

from segen import registry
from segen.errors import DataError
from segen.imaging import images
from segen.models import latents, weights
from segen.models.generation import gan
from segen.models.generation.predictor import BATCH, pictures_of
from segen.training import processes, start
from segen.training.diffaugment import augmented
from segen.training.pictures import Pictures, frechet
from segen.training.recipe import Config, Place, Update
from segen.types import Image

MEASURED = 16 * BATCH
"""Pictures behind the numbers of a log; `segen evaluate` takes some ten times as many."""
Batch = tuple[torch.Tensor, torch.Tensor]
"""Noise, N x latent, and class ids, N."""


@dataclass(frozen=True)
class GanConfig(Config):
    """How a GAN is built and trained. A step takes `batch_size` pictures, shared by the critic's updates."""

    generates: ClassVar[bool] = True
    CHANGEABLE: ClassVar[frozenset[str]] = Config.CHANGEABLE | {"lr"}
    architecture: Literal["perceptron", "convolutional"] = "convolutional"
    dataset: str = "fashion"
    """The data set's name; docs/data.md describes its folder."""
    loss: Literal["non_saturating", "wasserstein"] = "non_saturating"
    side: int = 28
    """Of the pictures in pixels; 28 are padded to 32 but for the perceptron."""
    colors: int = 1
    differentiable_augmentation: bool = False
    """Show the discriminator changed pictures only (Zhao et al. 2020): for small data sets."""
    mirror: bool = False
    """Flip every other picture."""
    conditional: bool = False
    """Ask for a class, and tell the discriminator."""
    latent: int = 100
    channels: tuple[int, ...] = (192, 96, 48)
    """Of the convolutional generator at sides 4, 8, 16 …"""
    discriminator_channels: tuple[int, ...] = (48, 96, 192)
    """Of the discriminator, down to side 4."""
    n_critic: int = 1
    """Updates of the discriminator for one of the generator."""
    gradient_penalty: float = 0.0
    """Weight of the penalty on the critic's gradients, for the Wasserstein loss."""
    lr: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    """Of Adam, for both networks (Radford et al. 2016)."""
    decay: bool = False
    """Let the rates fall to 0 along a line."""
    clip: float = 1e6
    """No clipping, as published; the number only has to be large."""
    ema_decay: float = 0.999

    @property
    def parts(self) -> int:
        """One for each update of the discriminator."""
        return self.n_critic


CONFIGS = [
    GanConfig("gan-fashion", steps=22_000, batch_size=64, architecture="perceptron", evaluate_every=900,
              save_every=500),
    GanConfig("dcgan-fashion", steps=10_000, batch_size=64, evaluate_every=400, save_every=200),
    GanConfig("cgan-fashion", steps=10_000, batch_size=64, conditional=True, evaluate_every=400,
              save_every=200),
    # The paper has five updates of the critic, a rate of 1e-4 and 64 pictures; on a CPU, three must do.
    GanConfig("wgan-gp-fashion", steps=3_800, batch_size=3 * 64, loss="wasserstein", n_critic=3,
              gradient_penalty=10.0, betas=(0.0, 0.9), evaluate_every=160, save_every=100),
    GanConfig("dcgan-yosemite", steps=16_000, batch_size=32, dataset="yosemite", side=64, colors=3,
              differentiable_augmentation=True, mirror=True, channels=(512, 256, 128, 64),
              discriminator_channels=(40, 80, 160, 320), evaluate_every=660, save_every=100),
]  # fmt: skip


class Gan:
    """The recipe of every generator that learns against a discriminator."""

    def __init__(self, config: GanConfig, place: Place) -> None:
        self.config = config
        border = 2 if config.side == 28 and config.architecture == "convolutional" else 0
        self.train = Pictures(
            place.data, config.dataset, "train", config.side, config.colors, border, config.mirror
        )
        if config.conditional and not self.train.labelled:
            raise DataError("no_labels")
        self.classes = len(registry.dataset_classes(config.dataset)) if config.conditional else 0
        torch.manual_seed(config.seed)
        self.generator, self.discriminator = self._build()
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.kept: dict[str, nn.Module] = {}
        if place.init:
            folder = weights.checked(registry.card(place.init, "generate"))
            for network, part in ((self.generator, folder), (self.discriminator, folder / "discriminator")):
                start.whole(network, part / "model.safetensors", place.init)

    def _build(self) -> tuple[nn.Module, nn.Module]:
        config = self.config
        if config.architecture == "perceptron":
            return gan.PerceptronGenerator(config.latent), gan.PerceptronDiscriminator()
        return (
            gan.ConvolutionalGenerator(config.latent, config.channels, config.colors, self.classes),
            gan.ConvolutionalDiscriminator(
                config.discriminator_channels, config.colors, self.classes, config.loss != "wasserstein"
            ),
        )

    def dataset(self) -> Pictures:
        """The training pictures as they are."""
        return self.train

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Adam for each."""
        return {
            name: torch.optim.Adam(network.parameters(), self.config.lr, self.config.betas)
            for name, network in self.networks.items()
        }

    def schedulers(
        self, optimizers: dict[str, torch.optim.Optimizer]
    ) -> dict[str, torch.optim.lr_scheduler.LRScheduler]:
        """A constant rate, or one that falls to 0 along a line (Gulrajani et al. 2017, appendix F)."""
        updates = {"generator": self.config.steps, "discriminator": self.config.steps * self.config.n_critic}
        last = 0.0 if self.config.decay else 1.0
        return {
            name: torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, last, updates[name])
            for name, optimizer in optimizers.items()
        }

    def step(self, networks: dict[str, nn.Module], batch: Any, update: Update) -> dict[str, torch.Tensor]:
        """`n_critic` updates of the discriminator, each on a part of the batch, then the generator's."""
        generator, discriminator = networks["generator"], networks["discriminator"]
        logged: dict[str, torch.Tensor] = {}
        chunks = list(zip(*(part.chunk(self.config.n_critic) for part in batch), strict=True))
        for number, (pixels, labels) in enumerate(chunks, start=1):
            noise = processes.drawn(torch.randn, len(pixels), self.config.latent, device=pixels.device)
            with torch.set_grad_enabled(number == len(chunks)):  # the generator learns from the last alone
                made = generator(noise, labels)
            real = discriminator(self._shown(pixels), labels)
            fake = discriminator(self._shown(made.detach()), labels)
            if self.config.loss == "wasserstein":
                penalty = self._penalty(discriminator, pixels, made.detach(), labels)
                loss = fake.mean() - real.mean() + self.config.gradient_penalty * penalty
                logged = {"wasserstein": real.mean() - fake.mean(), "penalty": penalty}
            else:
                loss = functional.softplus(-real).mean() + functional.softplus(fake).mean()
                logged = {"d_real": real.sigmoid().mean(), "d_fake": fake.sigmoid().mean()}
            update("discriminator", loss)
        self.discriminator.requires_grad_(False)
        fake = discriminator(self._shown(made), labels)
        wasserstein = self.config.loss == "wasserstein"
        generator_loss = -fake.mean() if wasserstein else functional.softplus(-fake).mean()
        update("generator", generator_loss)
        self.discriminator.requires_grad_(True)
        return {"generator_loss": generator_loss, "discriminator_loss": loss, **logged}

    def _shown(self, pixels: torch.Tensor) -> torch.Tensor:
        """What the discriminator sees."""
        return augmented(pixels) if self.config.differentiable_augmentation else pixels

    def _penalty(
        self, critic: nn.Module, pixels: torch.Tensor, made: torch.Tensor, labels: torch.Tensor
    ) -> torch.Tensor:
        """The mean squared distance of the gradient's norm from 1, between real and generated pictures."""
        share = processes.drawn(torch.rand, len(pixels), 1, 1, 1, device=pixels.device)
        between = (share * pixels + (1 - share) * made).requires_grad_(True)
        (gradient,) = torch.autograd.grad(critic(between, labels).sum(), between, create_graph=True)
        excess: torch.Tensor = torch.linalg.vector_norm(gradient.flatten(1), dim=1) - 1
        return excess.square().mean()

    def evaluate(self, networks: dict[str, nn.Module]) -> dict[str, float]:
        """The mean of what the discriminator says, and the Frechet distance to training pictures."""
        batches = self._batches(networks["generator"], MEASURED)
        generator, judge = recalibrate_batch_norm(networks["generator"], batches), networks["discriminator"]
        made = [generator(*batch) for batch in batches]
        answers = [judge(part, labels) for part, (_, labels) in zip(made, batches, strict=True)]
        return {"val/fake": float(torch.cat(answers).mean()), **frechet(torch.cat(made), self.train)}

    def samples(self, networks: dict[str, nn.Module]) -> Image:
        """The pictures of the first seeds, the same throughout the run."""
        generator = recalibrate_batch_norm(
            networks["generator"], self._batches(networks["generator"], MEASURED)
        )
        (batch,) = self._batches(generator, BATCH)
        side = self.train.pictures.shape[1]
        return images.grid(pictures_of(generator(*batch), side, side))

    def export(self, networks: dict[str, nn.Module], folder: Path) -> None:
        """The generator's folder in half precision, the discriminator in a folder within it."""
        generator: Any = recalibrate_batch_norm(
            networks["generator"], self._batches(networks["generator"], MEASURED)
        )
        discriminator: Any = networks["discriminator"]
        generator.half().save_pretrained(folder)
        discriminator.half().save_pretrained(folder / "discriminator")
        (folder / "discriminator" / "README.md").unlink(missing_ok=True)
        weights.seal(folder)

    def _batches(self, network: nn.Module, count: int) -> list[Batch]:
        """The noise and the classes of the first seeds."""
        device = next(network.parameters()).device
        found = []
        for first in range(0, count, BATCH):
            seeds = range(first, first + BATCH)
            labels = latents.drawn_labels(seeds, max(self.classes, 1))
            noise = torch.from_numpy(latents.noise(seeds, (self.config.latent,)))
            found.append((noise.to(device), torch.tensor(labels, device=device)))
        return found


@torch.no_grad()
def recalibrate_batch_norm(generator: nn.Module, batches: list[Batch]) -> nn.Module:
    """The generator, its batch norm set to the statistics of its own weights over these batches.

    Averaged weights come with the last statistics of weights that were not averaged (Izmailov et al. 2018).
    """
    norms = [module for module in generator.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a mean over all that follows
    generator.train()
    for batch in batches if norms else ():
        generator(*batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return generator.eval()


RECIPE = Gan
"""What trains the CONFIGS."""
