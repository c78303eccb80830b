"""Generative adversarial networks: a generator of pictures, and the discriminator it was trained against.

Sources: Goodfellow et al. 2014 (GAN); Radford, Metz and Chintala 2016 (DCGAN); Mirza and Osindero 2014
(conditional GAN); Gulrajani et al. 2017 (WGAN-GP); Miyato and Koyama 2018 (projection discriminator). We
depart from the first in normal noise, leaky rectifiers and tanh in place of uniform noise, maxout and
dropout; from the second in fewer channels, and in three stages for 32 x 32 pixels; from the third in giving
the discriminator its class by a projection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import nn
from torch.nn import functional

from segen.errors import InputError
from segen.models import latents, weights
from segen.models.generation import live
from segen.models.generation.predictor import LatentPredictor
from segen.registry import ModelCard
from segen.types import LiveTraining, LiveTrainingRequest, MixRequest, Mixture, Step

DISCRIMINATOR = "discriminator"
"""The folder of the discriminator's weights beside the generator's."""
SLOPE = 0.2
"""Of the leaky rectifiers."""


class PerceptronGenerator(nn.Module, PyTorchModelHubMixin):
    """Three hidden layers from N x latent numbers to N x 1 x side x side pixels in [-1, 1]."""

    def __init__(self, latent: int = 100, hidden: Sequence[int] = (256, 512, 1024), side: int = 28) -> None:
        super().__init__()
        self.latent, self.side = latent, side
        self.layers = nn.Sequential(*_perceptron([latent, *hidden, side * side]))

    def forward(self, latents: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        """Pictures of latent vectors; labels are ignored."""
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
        self.side = side
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
        pixels: torch.Tensor = self.stages(self.first(self._asked(latents, labels)[:, :, None, None]))
        return pixels

    def mixed(
        self, contents: torch.Tensor, styles: torch.Tensor, labels: torch.Tensor | None, stage: int
    ) -> torch.Tensor:
        """Pictures of N latent vectors `contents` in the style of the N `styles`, from `stage` on.

        A stage is a feature map after batch norm, 1 to `depth`, its side 4, 8, 16 …; of each from `stage` on,
        the style is passed on (see `restyled`). `labels`, N x 2, are the classes of both where there are any.
        """
        content, style = (
            self.first(self._asked(vectors, None if labels is None else labels[:, number])[:, :, None, None])
            for number, vectors in enumerate((contents, styles))
        )
        number = 0
        for module in self.stages:
            if isinstance(module, nn.ReLU):
                number += 1
                content = restyled(content, style) if number >= stage else content
            content, style = module(content), module(style)
        pixels: torch.Tensor = content
        return pixels

    @property
    def depth(self) -> int:
        """How many stages there are."""
        return sum(isinstance(module, nn.ReLU) for module in self.stages)

    def _asked(self, latents: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        """Latent vectors with their classes beside them, where there are classes."""
        if not self.classes:
            return latents
        assert labels is not None
        return torch.cat([latents, functional.one_hot(labels, self.classes).to(latents)], dim=1)

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
        self.side = 4 * 2 ** len(channels)
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


def restyled(content: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
    """The N x C x H x W `content`, each channel given the mean and the standard deviation of `style`'s.

    Adaptive instance normalisation, Huang and Belongie 2017, equation 8. We depart from it in taking both
    from the generator itself, before the rectifier, where they had an encoder's features after one.
    """
    (mean, deviation), (wanted_mean, wanted_deviation) = (
        (
            features.mean(dim=(2, 3), keepdim=True),
            (features.var(dim=(2, 3), keepdim=True, correction=0) + 1e-5).sqrt(),
        )
        for features in (content, style)
    )
    return (content - mean) / deviation * wanted_deviation + wanted_mean


class ConvolutionalPredictor(LatentPredictor):
    """LatentPredictor that mixes styles, too."""

    network: ConvolutionalGenerator

    def mix(self, request: MixRequest) -> Iterator[Step | Mixture]:
        """Steps, then the Mixture; raises InputError for a stage or a class that the network lacks."""
        if not 1 <= request.stage <= self.network.depth:
            raise InputError("stage_out_of_range", most=self.network.depth)
        rows, columns = len(request.contents), len(request.styles)
        seeds = [*request.contents, *request.styles]
        vectors = latents.noise(seeds, (self.latent,))
        labels = latents.labels_of(self.card, seeds, request.label)
        own = yield from self._pictures(vectors, labels)
        of_both = np.concatenate(
            [vectors[:rows].repeat(columns, axis=0), np.tile(vectors[rows:], (rows, 1))], axis=1
        )
        classes = labels and list(product(labels[:rows], labels[rows:]))

        def decode(pairs: torch.Tensor, asked: torch.Tensor | None) -> torch.Tensor:
            contents, styles = pairs[:, : self.latent], pairs[:, self.latent :]
            return self.network.mixed(contents, styles, asked, request.stage)

        mixed = yield from self._pictures(of_both, classes, decode)
        yield Mixture(own[:rows], own[rows:], mixed)


class GanLearner:
    """A perceptron that draws against one that judges (Goodfellow et al. 2014, the non-saturating loss)."""

    side, latent = 28, 64

    def __init__(self) -> None:
        self.generator = PerceptronGenerator(self.latent, (128, 256))
        self.discriminator = PerceptronDiscriminator((256, 128))
        self.optimizers = [
            torch.optim.Adam(network.parameters(), 5e-4, (0.5, 0.999))
            for network in (self.generator, self.discriminator)
        ]

    def step(self, pixels: torch.Tensor, rng: torch.Generator) -> live.Losses:
        """The discriminator's step, then the generator's."""
        made = self.generator(torch.randn(len(pixels), self.latent, generator=rng))
        judged = self.discriminator(made.detach())
        judging = functional.softplus(-self.discriminator(pixels)).mean() + functional.softplus(judged).mean()
        live.descend(self.optimizers[1], judging)
        making = functional.softplus(-self.discriminator(made)).mean()
        live.descend(self.optimizers[0], making)
        return {"discriminator": float(judging.detach()), "generator": float(making.detach())}

    def drawn(self, vectors: torch.Tensor) -> torch.Tensor:
        """The generator's pixels."""
        pixels: torch.Tensor = self.generator(vectors)
        return pixels


class PerceptronPredictor(LatentPredictor):
    """Draws as every generator does, and shows how the first GAN learns."""

    def train(self, request: LiveTrainingRequest) -> Iterator[Step | LiveTraining]:
        """Train a small GAN while one watches."""
        yield from live.train(GanLearner, request)


def load_perceptron(card: ModelCard) -> PerceptronPredictor:
    """The predictor of a card whose generator is a perceptron."""
    folder = weights.checked(card)
    judge = _judge(card, PerceptronDiscriminator, folder)
    return PerceptronPredictor(weights.network(PerceptronGenerator, folder), card, judge)


def load_convolutional(card: ModelCard) -> ConvolutionalPredictor:
    """The predictor of a card whose generator is DCGAN's."""
    folder = weights.checked(card)
    judge = _judge(card, ConvolutionalDiscriminator, folder)
    return ConvolutionalPredictor(weights.network(ConvolutionalGenerator, folder), card, judge)


def _judge(
    card: ModelCard, kind: type[PerceptronDiscriminator | ConvolutionalDiscriminator], folder: Path
) -> nn.Module | None:
    """The discriminator of a card that judges single pictures.

    One with batch norm does not: it learned on batches of real or of generated pictures alone.
    """
    return weights.network(kind, folder / DISCRIMINATOR).eval() if card.options.judges else None


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
