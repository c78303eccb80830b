"""The variational autoencoder: an encoder into a distribution over latent space, and a decoder back.

Sources: Kingma and Welling 2014 (VAE); Higgins et al. 2017 (beta); Rybkin, Daniilidis and Levine 2021 (the
noise of the pixels is learned, one number for all). We depart from the first in convolutions.

Training maximises the evidence lower bound E_q[log p(x | z)] - beta KL(q(z | x) || p(z)), p(z) being standard
normal, q(z | x) normal with a diagonal covariance, and p(x | z) normal around the decoder's picture. Pictures
are drawn from another prior, learned from the codes of training pictures (`flow`), since these do not fill
the standard normal one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import nn

from segen.imaging import images
from segen.models import latents, weights
from segen.models.generation import live
from segen.models.generation.flow import Flow
from segen.models.generation.predictor import BATCH, LatentPredictor, cropped, pictures_of, pixels_of
from segen.registry import ModelCard
from segen.types import ElboTerms, Encoding, Image, LiveTraining, LiveTrainingRequest, Pictures, Priors, Step


class Encoded(NamedTuple):
    """Of N pictures: z drawn from q(z | x), its pixels, and the mean and log variance of q(z | x)."""

    latents: torch.Tensor
    decoded: torch.Tensor
    mean: torch.Tensor
    log_variance: torch.Tensor


class Vae(nn.Module, PyTorchModelHubMixin):
    """Convolutions from N x colors x H x W pixels in [-1, 1] to 4 x 4 positions and a normal, and back.

    `channels` are those of the sides 16, 8, 4 for pictures of 32 pixels; `couplings` those of the prior's
    flow, none for the standard normal one.
    """

    def __init__(
        self, latent: int = 16, channels: Sequence[int] = (32, 64, 128), colors: int = 1, couplings: int = 0
    ) -> None:
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
        self.prior = Flow(latent, couplings)

    def encode(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log variance of q(z | x), both N x latent."""
        mean, log_variance = self.moments(self.encoder(pixels)).flatten(1).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """The mean of p(x | z): pixels in [-1, 1] of N x latent vectors z."""
        pixels: torch.Tensor = self.decoder(self.first(latents[:, :, None, None]))
        return pixels

    def draw(self, noise: torch.Tensor) -> torch.Tensor:
        """Pixels in [-1, 1] of N x latent standard normal numbers, which the learned prior makes z of."""
        return self.decode(self.prior(noise))

    def forward(self, pixels: torch.Tensor, noise: torch.Tensor) -> Encoded:
        """What the encoder says of pixels; z is drawn by N x latent standard normal numbers."""
        mean, log_variance = self.encode(pixels)
        latents = sampled(mean, log_variance, noise)
        return Encoded(latents, self.decode(latents), mean, log_variance)

    def first_weights(self) -> torch.Tensor:
        """What the decoder's first layer makes of normal numbers, m x latent: of a deviation to each side."""
        steps = torch.eye(self.latent, dtype=self.first.weight.dtype, device=self.first.weight.device)
        moved = (self.prior(steps) - self.prior(-steps)) / 2
        weights: torch.Tensor = self.first.weight.flatten(1).T @ moved.T
        return weights


def sampled(mean: torch.Tensor, log_variance: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """z of q(z | x) by standard normal numbers, which broadcast with both moments."""
    return mean + noise * (log_variance / 2).exp()


def reconstruction_term(pixels: torch.Tensor, decoded: torch.Tensor, log_scale: torch.Tensor) -> torch.Tensor:
    """log p(x | z) of each picture in nats, N: a normal density over all its pixels, in [-1, 1]."""
    errors = (pixels - decoded) / log_scale.exp()
    return (-0.5 * errors.square() - log_scale - 0.5 * math.log(2 * math.pi)).flatten(1).sum(dim=1)


def divergence(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """KL(q(z | x) || p(z)) of each picture in nats, N, in closed form (Kingma and Welling, appendix B)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)


def learned_divergence(network: Vae, told: Encoded) -> torch.Tensor:
    """KL(q(z | x) || p(z)) of each picture in nats, N, p(z) being the learned prior: by the one z drawn."""
    latents, _, mean, log_variance = told
    errors = (latents - mean).square() / log_variance.exp()
    given = -0.5 * (errors + log_variance + math.log(2 * math.pi)).sum(dim=1)
    return given - network.prior.log_density(latents)


class VaePredictor(LatentPredictor):
    """Decodes latent vectors, encodes pictures, and tells how likely they are."""

    network: Vae

    def decode(self, vectors: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        """The mean of p(x | z), z being what the learned prior makes of the vectors."""
        return self.network.draw(vectors)

    def encode(self, image: Image) -> Encoding:
        """Scale the picture to the card's size and encode it."""
        height, width = self.card.input_size
        pixels = self._pixels(images.resize(image, height, width)[None])
        mean, log_variance = self.network.encode(pixels.repeat(BATCH, 1, 1, 1))
        decoded = self.network.decode(mean)
        return Encoding(
            noise=self.network.prior.inverse(mean)[0][0].cpu().numpy(),
            mean=mean[0].cpu().numpy(),
            log_variance=log_variance[0].cpu().numpy(),
            given=pictures_of(pixels, height, width)[0],
            reconstruction=pictures_of(decoded[:1], height, width)[0],
        )

    def elbo_terms(self, pictures: Pictures) -> Iterator[Step | ElboTerms]:
        """The parts of the bound, batch by batch; picture number n draws its z from seed n."""
        count, parts, drawn = len(pictures), [], []
        for begin in range(0, count, BATCH):
            pixels = self._pixels(pictures[begin : begin + BATCH])
            noise = latents.noise(range(begin, begin + len(pixels)), (self.latent,))
            told = self.network(pixels, torch.from_numpy(noise).to(pixels.device))
            real, decoded = (cropped(each, *self.card.input_size) for each in (pixels, told.decoded))
            likelihood = reconstruction_term(real, decoded, self.network.log_scale)
            normal, learned = divergence(*told[2:]), learned_divergence(self.network, told)
            parts.append(torch.stack([likelihood, normal, learned]))
            drawn.append(pictures_of(told.decoded, *self.card.input_size))
            yield Step(min(begin + BATCH, count), count)
        likelihoods, normal, learned = torch.cat(parts, dim=1).cpu().numpy()
        yield ElboTerms(likelihoods, normal, learned, np.concatenate(drawn))

    def priors(self, seeds: Sequence[int]) -> Iterator[Step | Priors]:
        """The learned prior beside the standard normal one."""
        noise = latents.noise(seeds, (self.latent,))
        images = yield from self._pictures(noise, None, lambda vectors, _labels: self.network.decode(vectors))
        normal = torch.from_numpy(noise).to(self.network.log_scale.device)
        learned = self.network.prior(normal)
        plain = Flow(self.latent, 0)
        odds = [
            (self.network.prior.log_density(each) - plain.log_density(each)).cpu().numpy()
            for each in (normal, learned)
        ]
        yield Priors(noise, learned.cpu().numpy(), odds[0], odds[1], images)

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
        _, decoded, *moments = self.network(pixels, noise)
        likelihood = reconstruction_term(pixels, decoded, self.network.log_scale)
        terms = {
            "reconstruction": -likelihood.mean() / self.side**2,
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
