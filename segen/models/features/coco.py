"""What a detector tells of COCO's objects: an encoder starts from it, and is kept from forgetting it.

It is SSDLite on MobileNetV2 (Sandler et al. 2018, section 6.2) as trained on COCO (Lin et al. 2014). Its
weights are not shipped: `python -m segen.training.coco` converts those that docs/data.md names.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import torch
from torch import nn
from torch.nn import functional
from torchvision.models import mobilenet_v2

from segen.data import datasets
from segen.errors import WeightsError
from segen.models import weights
from segen.models.features.maps import thinned

FILE = "weights/ssdlite_mobilenet_v2_coco.safetensors"
"""Under the data root: the tensors of a Memory, for pixels in [-1, 1]."""
SCORES = 91
"""Of an anchor: one for each of COCO's ids, with gaps, and one for none."""
ANCHORS = (3, 6)
"""At each place of the maps that the first two heads read."""
CHANNELS = (576, 1280)
"""Of these maps."""


class Head(nn.Sequential):
    """What is to be seen about each place of a feature map: N x (anchors * SCORES) x h x w logits."""

    def __init__(self, channels: int, anchors: int) -> None:
        super().__init__(
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
            nn.ReLU6(),
            nn.Conv2d(channels, anchors * SCORES, 1),
        )


class Detector(nn.Module):
    """MobileNetV2 and the two heads; the file holds its tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.features = mobilenet_v2().features
        self.heads = nn.ModuleList(map(Head, CHANNELS, ANCHORS))

    @torch.no_grad()
    def forward(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        """The two maps that the heads read, of N x 3 x H x W pixels in [-1, 1]."""
        between = self.features[:14](pixels)
        return [self.features[14].conv[0](between), self.features[14:](between)]


class Memory(nn.Module):
    """What the detector tells of COCO's objects, for an encoder that learns other classes; it never changes.

    Li and Hoiem 2016, "Learning without forgetting", for a detector: its first two heads, which read maps at
    a sixteenth and a thirty-second of the size, are asked what the encoder's maps of these sizes show.
    """

    PLACES: ClassVar = ("features.14.conv.0", "features.18")
    """The parts of a MobileNetV2 encoder whose maps the heads read."""

    def __init__(self, data: str | Path | None = None) -> None:
        """`data` tells where the weights lie. Raises WeightsError where there are none, or others."""
        super().__init__()
        self.detector = Detector()
        try:
            self.detector.load_state_dict(weights.read_tensors(weights_file(data)))
        except RuntimeError:  # of other tensors
            raise WeightsError("coco_missing", file=FILE) from None
        self.requires_grad_(False).to(memory_format=torch.channels_last)
        self.eval()

    def forward(self, pixels: torch.Tensor, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """How much is forgotten: N numbers, 0 or more, for N x 3 x H x W pixels in [-1, 1].

        `maps` are what the encoder's PLACES make of them. Of each head it is the Kullback-Leibler divergence
        of the scores, each a chance of its own, summed over the classes, averaged over anchors and places.
        """
        lost = []
        heads = self.detector.heads
        for head, anchors, own, first in zip(heads, ANCHORS, maps, self.detector(pixels), strict=True):
            with torch.no_grad():
                logits = head(first)
                chances = logits.sigmoid()
                least = functional.binary_cross_entropy_with_logits(logits, chances, reduction="none")
            told = functional.binary_cross_entropy_with_logits(
                head(thinned(own, first)), chances, reduction="none"
            )
            lost.append((told - least).sum(dim=1).mean(dim=(1, 2)) / anchors)
        return torch.stack(lost).sum(dim=0)


def encoder(data: str | Path | None = None) -> dict[str, torch.Tensor]:
    """The tensors of the detector's MobileNetV2, under torchvision's names. Raises as Memory does."""
    tensors = weights.read_tensors(weights_file(data))
    return {name: each for name, each in tensors.items() if name.startswith("features.")}


def weights_file(data: str | Path | None = None) -> Path:
    """FILE where `datasets.weights_file` finds it. Raises WeightsError where it does not."""
    path = datasets.weights_file(data, FILE)
    if path is None:
        raise WeightsError("coco_missing", file=FILE)
    return path
