"""Conditional GANs: a generator draws for a given picture, a discriminator judges each patch of the drawing.

Sources: Isola et al. 2017 (pix2pix, PatchGAN); Luc et al. 2016 (adversarial training for label maps). We
depart from pix2pix in a generator on a MobileNetV2 encoder without noise, since a label map has one right
answer; in two last layers of 3 x 3, so that the scores lie on a regular grid; and in instance norm.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import nn
from torch.nn import functional

from segen.models import weights
from segen.models.segmentation.predictor import SegmentationPredictor, padded, two_class
from segen.models.segmentation.smp import read_network
from segen.registry import ModelCard

DISCRIMINATOR = "discriminator"
"""Its folder inside that of the generator."""


class PatchDiscriminator(nn.Module, PyTorchModelHubMixin):
    """PatchGAN: whether each patch of a drawing is real, given the picture that it belongs to, if any.

    Both are looked at in 1 / `shrunk` of their size and halved `depth` times. As they stand, a score judges
    108 x 108 pixels, one for every 16; unshrunk with a depth of 2, it judges 26 x 26, one for every 4.
    """

    def __init__(self, given: int, drawn: int, channels: int = 32, shrunk: int = 2, depth: int = 3) -> None:
        """`given` and `drawn` are channels of picture and drawing, `channels` those of the first layer."""
        super().__init__()
        self.given, self.shrunk = given, shrunk
        widths = [channels << level for level in range(depth)]
        layers = [nn.Conv2d(given + drawn, channels, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        for narrow, wide in pairwise(widths):
            layers += _normed(nn.Conv2d(narrow, wide, 4, stride=2, padding=1, bias=False))
        layers += _normed(nn.Conv2d(widths[-1], widths[-1], 3, padding=1, bias=False))
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 3, padding=1))

    def forward(self, *pictures: torch.Tensor) -> torch.Tensor:
        """Scores N x 1 x H/16 x W/16 of N x given x H x W and N x drawn x H x W, above 0 for real.

        What they mean is up to the loss: logits here, 1 for real and 0 for drawn with least squares. H and W
        are multiples of 16 (of 2^depth times `shrunk`), and twice that at least.
        """
        seen = torch.cat(pictures, dim=1)
        if self.shrunk > 1:
            seen = functional.avg_pool2d(seen, self.shrunk)
        scores: torch.Tensor = self.layers(seen)
        return scores


def _normed(convolution: nn.Conv2d) -> list[nn.Module]:
    return [convolution, nn.InstanceNorm2d(convolution.out_channels, affine=True), nn.LeakyReLU(0.2)]


class ConditionalGan(nn.Module):
    """Both networks of a card; called, it is the generator."""

    def __init__(self, generator: nn.Module, discriminator: PatchDiscriminator) -> None:
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """The generator's output for N x 3 x H x W pixels in [-1, 1], H and W multiples of 32."""
        drawn: torch.Tensor = self.generator(pixels)
        return drawn


class LabelPredictor(SegmentationPredictor):
    """A segmentation with the discriminator's judgement of it."""

    def look(self, pixels: torch.Tensor) -> tuple[torch.Tensor, dict[str, Any]]:
        """Logits, and how real each patch of the label map seems."""
        network = cast(ConditionalGan, self.network)
        height, width = pixels.shape[-2:]
        whole = padded(pixels)
        logits = two_class(network(whole))
        discriminator_score = network.discriminator(whole, logits.softmax(dim=1)).sigmoid()
        over = functional.interpolate(discriminator_score, whole.shape[-2:], mode="bilinear")[
            0, 0, :height, :width
        ]
        return logits[..., :height, :width], {"discriminator_score": over.float().cpu().numpy()}


def load_labels(card: ModelCard) -> LabelPredictor:
    """The predictor of a card that draws label maps: smp's folder, with the discriminator's inside it."""
    folder = weights.checked(card)
    discriminator = weights.network(PatchDiscriminator, folder / DISCRIMINATOR)
    return LabelPredictor(ConditionalGan(read_network(folder), discriminator), card.options.max_side)
