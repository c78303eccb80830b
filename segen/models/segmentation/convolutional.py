"""Segmentation by convolution and pooling alone: a small network from scratch, and VGG16 cut short.

Sources: Long, Shelhamer and Darrell 2015 (fully convolutional networks); Simonyan and Zisserman 2015 (VGG16);
Yu and Koltun 2016 (dilated convolution). We depart from the first in dilating rather than pooling further,
and in no skip connections; from the second in batch norm and in ending after the third block, at 1/4.
"""

from __future__ import annotations

import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import nn
from torch.nn import functional
from torchvision.models import vgg16_bn

from segen.models import weights
from segen.models.features.imagenet import MEAN, STD
from segen.models.segmentation.predictor import SegmentationPredictor
from segen.registry import ModelCard

VGG_BLOCKS = 23
"""So many modules of torchvision's `vgg16_bn().features` are the first three blocks without their pooling."""


class FullyConvolutional(nn.Module, PyTorchModelHubMixin):
    """Eight convolutions, three poolings and a 1x1 classifier, whose logits are enlarged eightfold.

    It maps N x 3 x H x W in [-1, 1], sides multiples of 8, to N x classes x H x W logits.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_block(3, 24), nn.MaxPool2d(2),
            *_block(24, 48), nn.MaxPool2d(2),
            *_block(48, 96), *_block(96, 96), nn.MaxPool2d(2),
            *_block(96, 128), *_block(128, 128, dilation=2), *_block(128, 128, dilation=4),
            *_block(128, 128, dilation=8),
        )  # fmt: skip
        self.classify = nn.Conv2d(128, classes, 1)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Class logits, N x classes x H x W."""
        return functional.interpolate(self.classify(self.features(pixels)), scale_factor=8.0, mode="bilinear")


def _block(channels: int, out: int, dilation: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, out, 3, padding=dilation, dilation=dilation, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(),
    ]


class Vgg16(nn.Module, PyTorchModelHubMixin):
    """VGG16's first three blocks, then ever fewer channels down to the one of a sigmoid.

    It maps N x 3 x H x W in [-1, 1], sides multiples of 4, to N x classes x H x W logits.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, classes: int = 1) -> None:
        super().__init__()
        self.encoder = vgg16_bn().features[:VGG_BLOCKS]
        self.classify = nn.Sequential(
            *_block(256, 128), *_block(128, 64), *_block(64, 32), nn.Conv2d(32, classes, 1)
        )
        # What torchvision's ImageNet weights expect, for pixels in [-1, 1].
        self.register_buffer("mean", 2 * torch.tensor(MEAN)[:, None, None] - 1, persistent=False)
        self.register_buffer("std", 2 * torch.tensor(STD)[:, None, None], persistent=False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Class logits, N x classes x H x W."""
        features = self.encoder((pixels - self.mean) / self.std)
        return functional.interpolate(self.classify(features), scale_factor=4.0, mode="bilinear")


def load_fcn(card: ModelCard) -> SegmentationPredictor:
    """The predictor of a card with the small network."""
    network = weights.network(FullyConvolutional, weights.checked(card))
    return SegmentationPredictor(network, card.options.max_side)


def load_vgg16(card: ModelCard) -> SegmentationPredictor:
    """The predictor of a card with VGG16."""
    return SegmentationPredictor(weights.network(Vgg16, weights.checked(card)), card.options.max_side)
