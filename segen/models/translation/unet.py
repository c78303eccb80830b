"""A U-Net generator on a trained encoder, which tells sky from ground before the generator's training begins.

Sources: Ronneberger et al. 2015 (skip connections; Isola et al. 2017, 3.2, for a generator); Sandler et al.
2018 (MobileNetV2); Odena et al. 2016 (resize-convolution). We depart from them in an encoder that was trained
to segment, and in a generator that adds a change to the picture that it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self

import torch
from huggingface_hub import PyTorchModelHubMixin
from segmentation_models_pytorch.encoders import get_encoder
from torch import nn
from torch.nn import functional

from segen.models.translation.predictor import TranslationPredictor, predictor
from segen.registry import ModelCard

BLOCKS = 14
"""Of MobileNetV2's: those down to a sixteenth of the size."""
CHANNELS = (96, 64, 48, 32, 24)


class UnetGenerator(nn.Module, PyTorchModelHubMixin):
    """MobileNetV2 down to a sixteenth of the size, and as many doublings by resize-convolution, with skips.

    Nothing but the encoder's batch norm, which stays as it is, normalises: so a place is drawn alike in every
    tile of a large picture. The last layer starts at 0: before it is trained, a generator changes nothing.
    """

    given = 3
    """Channels of a picture."""

    def __init__(self, channels: Sequence[int] = CHANNELS) -> None:
        """`channels` are the decoder's, from a sixteenth of the size up to all of it."""
        super().__init__()
        self.encoder: Any = get_encoder("mobilenet_v2", depth=len(channels) - 1, weights=None)
        self.encoder.features = self.encoder.features[:BLOCKS]
        given = self.encoder.out_channels[::-1]
        self.deepest = _convolution(given[0], channels[0])
        self.up = nn.ModuleList(
            _convolution(below + beside, here)
            for (below, here), beside in zip(pairwise(channels), given[1:], strict=True)
        )
        self.last = nn.Conv2d(channels[-1], 3, 3, padding=1, padding_mode="reflect")
        for parameter in self.last.parameters():
            nn.init.zeros_(parameter)
        self.train()

    def train(self, mode: bool = True) -> Self:
        """As any module, but that the encoder's batch norm stays as it is."""
        super().train(mode)
        self.encoder.eval()
        return self

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """N x 3 x H x W of as many pixels in [-1, 1], H and W multiples of 16; it can exceed this a bit."""
        kept = self.encoder(pixels)
        maps = self.deepest(kept[-1])
        for up, beside in zip(self.up, reversed(kept[:-1]), strict=True):
            maps = up(torch.cat([functional.interpolate(maps, scale_factor=2), beside], dim=1))
        drawn: torch.Tensor = pixels + self.last(maps)
        return drawn


def _convolution(given: int, drawn: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(given, drawn, 3, padding=1, padding_mode="reflect"), nn.LeakyReLU(0.2))


def load(card: ModelCard) -> TranslationPredictor:
    """The predictor of a card whose generators are these, as `segen.models.translation.predictor.load`."""
    return predictor(card, UnetGenerator)
