"""Generative adversarial networks: a generator of pictures, and the discriminator it was trained against.

Sources: Goodfellow et al. 2014 (GAN); Radford, Metz and Chintala 2016 (DCGAN); Mirza and Osindero 2014
(conditional GAN); Gulrajani et al. 2017 (WGAN-GP); Miyato and Koyama 2018 (projection discriminator). We
depart from the first in normal noise, leaky rectifiers and tanh in place of uniform noise, maxout and
dropout; from the second in fewer channels, and in three stages for 32 x 32 pixels; from the third in giving
the discriminator its class by a projection.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import nn
from torch.nn import functional

from segen import weights
from segen.models.generation import LatentPredictor
from segen.registry import ModelCard

SLOPE = 0.2
"""Of the leaky rectifiers."""


class PerceptronGenerator(nn.Module, PyTorchModelHubMixin):
    """Three hidden layers from N x latent numbers to N x 1 x side x side pixels in [-1, 1]."""

    def __init__(self, latent: int = 100, hidden: Sequence[int] = (256, 512, 1024), side: int = 28) -> None:
        super().__init__()
        self.latent, self.side = latent, side
        self.layers = nn.Sequential(*_perceptron([latent, *hidden, side * side]))

    def forward(self, latents: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        """Pictures of latent vectors; labels are none of its concern."""
        pixels: torch.Tensor = self.layers(latents).tanh()
        return pixels.view(-1, 1, self.side, self.side)

    def first_weights(self) -> torch.Tensor:
        """Of the first layer, m x latent."""
        first = self.layers[0]
        assert isinstance(first, nn.Linear)
        return first.weight


class PerceptronDiscriminator(nn.Module, PyTorchModelHubMixin):
    """Two hidden layers from N x 1 x side x side pixels to N logits."""

    def __init__(self, hidden: Sequence[int] = (512, 256), side: int = 28) -> None:
        super().__init__()
        self.layers = nn.Sequential(*_perceptron([side * side, *hidden, 1]))

    def forward(self, pixels: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        """The logit of each picture to be real."""
        logits: torch.Tensor = self.layers(pixels.flatten(1)).flatten()
        return logits


class ConvolutionalGenerator(nn.Module, PyTorchModelHubMixin):
    """DCGAN's: N x latent numbers become 4 x 4 positions, each transposed convolution doubles the side.

    `channels` are those of the sides 4, 8, 16 …; the last stage gives `colors` channels in [-1, 1]. With
    `classes` above 0 the class stands beside the noise, one-hot.
    """

    def __init__(
        self,
        latent: int = 100,
        channels: Sequence[int] = (192, 96, 48),
        colors: int = 1,
        classes: int = 0,
    ) -> None:
        super().__init__()
        self.latent, self.classes = latent, classes
        self.first = nn.ConvTranspose2d(latent + classes, channels[0], 4, bias=False)
        stages: list[nn.Module] = [nn.BatchNorm2d(channels[0]), nn.ReLU()]
        for before, after in pairwise(channels):
            stages += [
                nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            ]
        self.stages = nn.Sequential(*stages, nn.ConvTranspose2d(channels[-1], colors, 4, 2, 1), nn.Tanh())
        self.apply(_published_start)

    def forward(self, latents: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        """Pictures of latent vectors, and of N class ids where there are classes."""
        if self.classes:
            assert labels is not None
            latents = torch.cat([latents, functional.one_hot(labels, self.classes).to(latents)], dim=1)
        pixels: torch.Tensor = self.stages(self.first(latents[:, :, None, None]))
        return pixels

    def first_weights(self) -> torch.Tensor:
        """Of the first layer, m x latent, without what it makes of the class."""
        return self.first.weight[: self.latent].flatten(1).T


class ConvolutionalDiscriminator(nn.Module, PyTorchModelHubMixin):
    """DCGAN's: strided convolutions from N x colors x H x W down to 4 x 4, then one logit.

    `channels` are those of the sides 16, 8, 4 for 32 pixels. Without `batch_norm` it is the critic of
    WGAN-GP, whose penalty is on each picture alone. With `classes`, the class is projected onto the features.
    """

    def __init__(
        self,
        channels: Sequence[int] = (48, 96, 192),
        colors: int = 1,
        classes: int = 0,
        batch_norm: bool = True,
    ) -> None:
        super().__init__()
        stages: list[nn.Module] = [nn.Conv2d(colors, channels[0], 4, 2, 1), nn.LeakyReLU(SLOPE)]
        for before, after in pairwise(channels):
            stages.append(nn.Conv2d(before, after, 4, 2, 1, bias=not batch_norm))
            stages += [nn.BatchNorm2d(after)] if batch_norm else []
            stages.append(nn.LeakyReLU(SLOPE))
        self.stages = nn.Sequential(*stages)
        self.last = nn.Conv2d(channels[-1], 1, 4)
        self.embedding = nn.Embedding(classes, channels[-1]) if classes else None
        self.apply(_published_start)

    def forward(self, pixels: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        """The logit of each picture to be real; the critic's is a score, not a logit."""
        features = self.stages(pixels)
        logits: torch.Tensor = self.last(features).flatten()
        if self.embedding is not None:
            logits = logits + (self.embedding(labels) * features.sum(dim=(2, 3))).sum(dim=1)
        return logits


def load_perceptron(card: ModelCard) -> LatentPredictor:
    """The predictor of a card whose generator is a perceptron."""
    return LatentPredictor(weights.network(PerceptronGenerator, weights.checked(card)), card)


def load_convolutional(card: ModelCard) -> LatentPredictor:
    """The predictor of a card whose generator is DCGAN's."""
    return LatentPredictor(weights.network(ConvolutionalGenerator, weights.checked(card)), card)


def _perceptron(sizes: list[int]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.LeakyReLU(SLOPE)]
    return layers[:-1]


def _published_start(module: nn.Module) -> None:
    """Radford et al.: weights begin as normal numbers of standard deviation 0.02."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Embedding):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
