"""The variational autoencoder: an encoder into a distribution over latent space, and a decoder back.

Sources: Kingma and Welling 2014 (VAE); Higgins et al. 2017 (beta); Rybkin, Daniilidis and Levine 2021 (the
noise of the pixels is learned, one number for all). We depart from the first in convolutions.

Training maximises the evidence lower bound E_q[log p(x | z)] - beta KL(q(z | x) || p(z)), p(z) being standard
normal, q(z | x) normal with a diagonal covariance, and p(x | z) normal around the decoder's picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import nn

from segen.imaging import images
from segen.models import latents, weights
from segen.models.generation import live
from segen.models.generation.predictor import BATCH, LatentPredictor, cropped, pictures_of, pixels_of
from segen.registry import ModelCard
from segen.types import ElboTerms, Encoding, Image, LiveTraining, LiveTrainingRequest, Pictures, Step


class Vae(nn.Module, PyTorchModelHubMixin):
    """Convolutions from N x colors x H x W pixels in [-1, 1] to 4 x 4 positions and a normal, and back.

    `channels` are those of the sides 16, 8, 4 for pictures of 32 pixels.
    """

    def __init__(self, latent: int = 16, channels: Sequence[int] = (32, 64, 128), colors: int = 1) -> None:
        super().__init__()
        self.latent, self.side = latent, 4 * 2 ** len(channels)
        down: list[nn.Module] = []
        for before, after in pairwise([colors, *channels]):
            down += [nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.encoder = nn.Sequential(*down)
        self.moments = nn.Conv2d(channels[-1], 2 * latent, 4)
        self.first = nn.ConvTranspose2d(latent, channels[-1], 4, bias=False)
        up: list[nn.Module] = [nn.BatchNorm2d(channels[-1]), nn.ReLU()]
        for before, after in pairwise(channels[::-1]):
            up += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.decoder = nn.Sequential(*up, nn.ConvTranspose2d(channels[0], colors, 4, 2, 1), nn.Tanh())
        self.log_scale = nn.Parameter(torch.tensor(math.log(0.3)))
        """The logarithm of the standard deviation of p(x | z)."""

    def encode(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log variance of q(z | x), both N x latent."""
        mean, log_variance = self.moments(self.encoder(pixels)).flatten(1).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """The mean of p(x | z): pixels in [-1, 1] of N x latent vectors."""
        pixels: torch.Tensor = self.decoder(self.first(latents[:, :, None, None]))
        return pixels

    def forward(
        self, pixels: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Reconstruction, mean, log variance and `log_scale`, z being drawn by N x latent normal numbers."""
        mean, log_variance = self.encode(pixels)
        return self.decode(mean + noise * (log_variance / 2).exp()), mean, log_variance, self.log_scale

    def first_weights(self) -> torch.Tensor:
        """Of the decoder's first layer, m x latent."""
        return self.first.weight.flatten(1).T


def reconstruction_term(pixels: torch.Tensor, decoded: torch.Tensor, log_scale: torch.Tensor) -> torch.Tensor:
    """log p(x | z) of each picture in nats, N: a normal density over all its pixels, in [-1, 1]."""
    errors = (pixels - decoded) / log_scale.exp()
    return (-0.5 * errors.square() - log_scale - 0.5 * math.log(2 * math.pi)).flatten(1).sum(dim=1)


def divergence(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """KL(q(z | x) || p(z)) of each picture in nats, N, in closed form (Kingma and Welling, appendix B)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)


class VaePredictor(LatentPredictor):
    """Decodes latent vectors, encodes pictures, and tells how likely they are."""

    network: Vae

    def decode(self, vectors: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        """The mean of p(x | z)."""
        return self.network.decode(vectors)

    def encode(self, image: Image) -> Encoding:
        """Scale the picture to the card's size and encode it."""
        height, width = self.card.input_size
        pixels = self._pixels(images.resize(image, height, width)[None])
        mean, log_variance = self.network.encode(pixels.repeat(BATCH, 1, 1, 1))
        decoded = self.network.decode(mean)
        return Encoding(
            mean=mean[0].cpu().numpy(),
            log_variance=log_variance[0].cpu().numpy(),
            given=pictures_of(pixels, height, width)[0],
            reconstruction=pictures_of(decoded[:1], height, width)[0],
        )

    def elbo_terms(self, pictures: Pictures) -> Iterator[Step | ElboTerms]:
        """The parts of the bound, batch by batch; picture number n draws its z from seed n."""
        count, parts = len(pictures), []
        for begin in range(0, count, BATCH):
            pixels = self._pixels(pictures[begin : begin + BATCH])
            noise = latents.noise(range(begin, begin + len(pixels)), (self.latent,))
            decoded, *moments, scale = self.network(pixels, torch.from_numpy(noise).to(pixels.device))
            real, decoded = (cropped(each, *self.card.input_size) for each in (pixels, decoded))
            parts.append(torch.stack([reconstruction_term(real, decoded, scale), divergence(*moments)]))
            yield Step(min(begin + BATCH, count), count)
        likelihoods, divergences = torch.cat(parts, dim=1).cpu().numpy()
        yield ElboTerms(likelihoods, divergences)

    def train(self, request: LiveTrainingRequest) -> Iterator[Step | LiveTraining]:
        """Train a small VAE while one watches."""
        yield from live.train(VaeLearner, request)

    def _pixels(self, pictures: Pictures) -> torch.Tensor:
        """N pictures of the card's size as the network wants them."""
        return pixels_of(pictures, self.network.side, self.grey).to(self.network.log_scale.device)


class VaeLearner:
    """Convolutions that maximise the evidence lower bound, with the noise of the pixels learned."""

    side, latent = 32, 8

    def __init__(self) -> None:
        self.network = Vae(self.latent, (16, 32, 64))
        self.optimizer = torch.optim.Adam(self.network.parameters(), 2e-3)

    def step(self, pixels: torch.Tensor, rng: torch.Generator) -> live.Losses:
        """One step up the bound; its terms are means over pictures, in nats for each pixel."""
        noise = torch.randn(len(pixels), self.latent, generator=rng)
        decoded, *moments, scale = self.network(pixels, noise)
        terms = {
            "reconstruction": -reconstruction_term(pixels, decoded, scale).mean() / self.side**2,
            "divergence": divergence(*moments).mean() / self.side**2,
        }
        live.descend(self.optimizer, terms["reconstruction"] + terms["divergence"])
        return {name: float(term.detach()) for name, term in terms.items()}

    def drawn(self, vectors: torch.Tensor) -> torch.Tensor:
        """The mean of p(x | z), with the statistics of the batch: those of the whole run lag behind."""
        return self.network.decode(vectors)


def load(card: ModelCard) -> VaePredictor:
    """The predictor of a card with a VAE."""
    return VaePredictor(weights.network(Vae, weights.checked(card)), card)
