"""Variational autoencoders: the evidence lower bound, its parts weighed by beta.

Kingma and Welling 2014: maximise E_q[log p(x | z)] - KL(q(z | x) || p(z)), estimated by one z a picture. The
first part is a log density of pixels, no cross-entropy; the second a divergence in closed form. Higgins et
al. (2017) weigh the second by beta; with beta 1 the sum bounds log p(x) from below. The flow of the learned
prior maximises the density of the encoder's z; it changes neither encoder nor decoder (Dai and Wipf 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from segen import registry
from segen.data.listing import together
from segen.errors import UsageError
from segen.imaging import images
from segen.models import latents, weights
from segen.models.features.imagenet import BLOCKS, FeatureDistance
from segen.models.generation.predictor import BATCH, pictures_of
from segen.models.generation.vae import (
    Encoded,
    Vae,
    divergence,
    learned_divergence,
    reconstruction_term,
    sampled,
)
from segen.training import processes, start
from segen.training.pictures import Pictures, frechet
from segen.training.recipe import Config, Place, Update
from segen.types import Image

MEASURED = 16 * BATCH
"""Pictures behind the numbers of a log; `segen evaluate` takes some ten times as many."""


CODES = 8
"""Latent vectors that the prior learns from in each picture: they cost little, and more of them say more."""


@dataclass(frozen=True)
class VaeConfig(Config):
    """How a VAE is built and trained."""

    generates: ClassVar[bool] = True
    CHANGEABLE: ClassVar[frozenset[str]] = Config.CHANGEABLE | {"lr"}
    MAY_BE_ZERO: ClassVar[frozenset[str]] = Config.MAY_BE_ZERO | {"couplings"}
    dataset: str = "fashion"
    """The data set's name; docs/data.md describes its folder."""
    side: int = 28
    """Of the pictures in pixels; 28 are padded to 32."""
    colors: int = 1
    mirror: bool = False
    """Flip every other picture."""
    crop: float = 1.0
    """The least share of a picture's area that is shown at full size."""
    latent: int = 16
    channels: tuple[int, ...] = (32, 64, 128)
    """Of the encoder at sides 16, 8, 4; the decoder has the same, backwards."""
    couplings: int = 8
    """Of the flow of the learned prior; 0 leaves it the standard normal one."""
    prior_alone: bool = False
    """Train the learned prior, by an encoder that stays as it is, with the statistics of its batch norm."""
    beta: float = 1.0
    """Weight of the divergence."""
    perceptual: float = 0.0
    """Weight of the distance of a colour picture and its reconstruction in features: sharper, no bound."""
    lr: float = 1e-3
    clip: float = 1e6
    """No clipping; the number only has to be large."""
    ema_decay: float = 0.999

    def check(self) -> None:
        """Raise UsageError for values that no training can have."""
        super().check()
        if self.perceptual and self.colors == 1:
            raise UsageError("perceptual_grey", name=self.name)


CONFIGS = [
    VaeConfig("vae-fashion", steps=8_000, batch_size=64, evaluate_every=500, save_every=200),
    VaeConfig("vae-yosemite", steps=8_000, batch_size=32, dataset="yosemite", side=64, colors=3, mirror=True,
              crop=0.5, latent=64, channels=(32, 64, 128, 256), evaluate_every=330, save_every=100),
]  # fmt: skip


class VaeRecipe:
    """The recipe of every VAE."""

    def __init__(self, config: VaeConfig, place: Place) -> None:
        self.config = config
        border = 2 if config.side == 28 else 0
        asked = (config.side, config.colors, border)
        self.train, self.test = together(
            partial(Pictures, place.data, config.dataset, "train", *asked, config.mirror, config.crop),
            partial(Pictures, place.data, config.dataset, "test", *asked),
        )
        torch.manual_seed(config.seed)
        self.network = Vae(config.latent, config.channels, self.train.pictures.shape[3], config.couplings)
        self.networks: dict[str, nn.Module] = {"network": self.network}
        self.kept: dict[str, nn.Module] = {}
        self.apart: FeatureDistance | None = None
        if config.perceptual and place.data != "synthetic":  # drawn pictures need no weights to learn from
            self.apart = FeatureDistance(BLOCKS, place.data).to(memory_format=torch.channels_last)
        if config.prior_alone and not (config.couplings and (place.init or place.resume)):
            raise UsageError("prior_of_nothing")
        if place.init:
            folder = weights.checked(registry.card(place.init, "generate"))
            start.whole(self.network, folder / "model.safetensors", place.init, new="prior.")

    def dataset(self) -> Pictures:
        """The training pictures as they are."""
        return self.train

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Adam."""
        return {"network": torch.optim.Adam(self.network.parameters(), self.config.lr)}

    def schedulers(
        self, optimizers: dict[str, torch.optim.Optimizer]
    ) -> dict[str, torch.optim.lr_scheduler.LRScheduler]:
        """Down to 0 along a cosine."""
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizers["network"], self.config.steps)
        return {"network": cosine}

    def step(self, networks: dict[str, nn.Module], batch: Any, update: Update) -> dict[str, torch.Tensor]:
        """Maximise the bound on one batch."""
        pixels, _ = batch
        network: Any = networks["network"]
        if self.config.prior_alone:
            return self._prior_step(network, pixels, update)
        noise = processes.drawn(torch.randn, len(pixels), self.config.latent, device=pixels.device)
        told = network(pixels, noise)
        likelihood, kl = self._parts(network, pixels, told)
        loss = (self.config.beta * kl - likelihood).mean()
        logged = {"loss": loss, "log_likelihood": likelihood.mean(), "kl": kl.mean()}
        if self.apart:
            with torch.autocast(loss.device.type, enabled=False):  # bf16 slows depthwise convolutions down
                both = (each.contiguous(memory_format=torch.channels_last) for each in (told.decoded, pixels))
                logged["features"] = self.apart.to(loss.device)(*both).mean()
            loss = loss + self.config.perceptual * logged["features"]
        logged["prior"] = network.prior.log_density(self._codes(told.mean, told.log_variance)).mean()
        update("network", loss - logged["prior"])
        return logged

    def _prior_step(self, network: Vae, pixels: torch.Tensor, update: Update) -> dict[str, torch.Tensor]:
        """Maximise the density of the codes of one batch by the prior."""
        with torch.no_grad():
            codes = self._codes(*network.eval().encode(pixels))
        density = network.prior.log_density(codes).mean()
        update("network", -density)
        return {"prior": density}

    def _codes(self, mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
        """CODES latent vectors of each picture, which the prior learns from without changing them."""
        noise = processes.drawn(torch.randn, len(mean), CODES, self.config.latent, device=mean.device)
        return sampled(mean[:, None], log_variance[:, None], noise).flatten(0, 1).detach()

    def _parts(self, network: Vae, pixels: torch.Tensor, told: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
        """log p(x | z) and the divergence of each picture, in nats; the border does not count."""
        inner = (slice(None), slice(None), *(slice(self.train.border, -self.train.border or None),) * 2)
        likelihood = reconstruction_term(pixels[inner], told.decoded[inner], network.log_scale)
        return likelihood, divergence(told.mean, told.log_variance)

    def evaluate(self, networks: dict[str, nn.Module]) -> dict[str, float]:
        """The bound and its parts on test pictures, and the Frechet distance of samples."""
        network: Any = networks["network"]
        pixels = self._pixels(network, MEASURED)
        told = network(pixels, self._noise(network, len(pixels)))
        parts = (*self._parts(network, pixels, told), learned_divergence(network, told))
        likelihood, kl, learned = (float(part.mean()) for part in parts)
        made = network.draw(self._noise(network, MEASURED))
        found = {"test/elbo": likelihood - learned, "test/log_likelihood": likelihood, "test/kl": kl}
        return found | {"test/kl_learned": learned} | frechet(made, self.train)

    def samples(self, networks: dict[str, nn.Module]) -> Image:
        """The pictures of the first seeds, the same throughout the run."""
        network: Any = networks["network"]
        side = self.train.pictures.shape[1]
        return images.grid(pictures_of(network.draw(self._noise(network, BATCH)), side, side))

    def export(self, networks: dict[str, nn.Module], folder: Path) -> None:
        """A folder in half precision."""
        network: Any = networks["network"]
        network.half().save_pretrained(folder)
        weights.seal(folder)

    def _pixels(self, network: nn.Module, count: int) -> torch.Tensor:
        chosen = np.random.default_rng(0).permutation(len(self.test))[:count]
        pixels = torch.stack([self.test[int(index)][0] for index in chosen])
        return pixels.to(next(network.parameters()).device)

    def _noise(self, network: nn.Module, count: int) -> torch.Tensor:
        noise = torch.from_numpy(latents.noise(range(count), (self.config.latent,)))
        return noise.to(next(network.parameters()).device)


RECIPE = VaeRecipe
"""What trains the CONFIGS."""
