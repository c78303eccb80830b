"""A discriminator on the features of a trained segmentation network.

Source: Kumari et al. 2022, "Ensembling off-the-shelf models for GAN training" (section 3): beside the usual
discriminator another judges the features of a network that was trained for something else and never changes.
We depart from them in one such network, the encoder of a shipped card, and in a least-squares loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from segmentation_models_pytorch.encoders import get_encoder
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from segen.training import start

STAGES = slice(2, 5)
"""Of an encoder's feature maps, those at a fourth, an eighth and a sixteenth of the picture's size."""
WIDE = 64
"""Channels of a head."""


class FeatureDiscriminator(nn.Module):
    """How real pictures seem by the feature maps of an encoder: a head for each of its STAGES."""

    def __init__(self, encoder: Any) -> None:
        """For the feature maps of smp's `encoder`, which is no part of this."""
        super().__init__()
        self.heads = nn.ModuleList(_head(channels) for channels in encoder.out_channels[STAGES])

    def forward(self, features: Sequence[torch.Tensor]) -> torch.Tensor:
        """N x heads scores, each the mean over all positions, of feature maps of N pictures."""
        scores = [head(maps).mean(dim=(1, 2, 3)) for head, maps in zip(self.heads, features, strict=True)]
        return torch.stack(scores, dim=1)


def _head(channels: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for (given, told), side in zip(pairwise((channels, WIDE, WIDE, 1)), (1, 3, 3), strict=True):
        layers += [spectral_norm(nn.Conv2d(given, told, side, padding=side // 2)), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


def encoder(name: str) -> nn.Module:
    """The frozen encoder of a shipped segmentation card: N x 3 x H x W in [-1, 1] to its feature maps.

    H and W are multiples of 16. Raises CardError, WeightsError and UsageError where the encoder is another.
    """
    network: nn.Module = get_encoder("mobilenet_v2", depth=STAGES.stop - 1, weights=None)
    start.encoder(name, network)
    network.eval().requires_grad_(False)
    return network.to(memory_format=torch.channels_last)
