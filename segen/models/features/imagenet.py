"""MobileNetV2 as the classifier it was trained to be: one label for a picture, and where it comes from.

Its pooled features are the space of distances between colour pictures.

Sources: Sandler et al. 2018 (MobileNetV2); Zhou et al. 2016 (class activation maps). Its weights are not
shipped: they come from the data root or from torchvision's download.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from torchvision.models import MobileNet_V2_Weights, MobileNetV2, mobilenet_v2

from segen.data import datasets
from segen.errors import WeightsError
from segen.models import weights
from segen.models.features.maps import thinned
from segen.types import Classification, Pictures

FILE = "weights/mobilenet_v2_imagenet.safetensors"
"""Under the data root: trained on pixels in [-1, 1], under torchvision's tensor names."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels in [0, 1], by which torchvision's weights want them normalised."""
LABELS = 5
BLOCKS = (1, 3, 6)
"""Whose features tell how far two pictures are apart."""
PAIRED = "MobileNetV2, blocks 1, 3 and 6"
BATCH = 64


def classify(pixels: torch.Tensor) -> Classification:
    """The likeliest labels of 1 x 3 x H x W pixels in [-1, 1], each with its class activation map.

    The network is loaded for this one picture. Raises WeightsError where there are no weights.
    """
    network, normalised = _network(pixels.device)
    features = network.features(normalised(pixels))
    head = network.classifier[1]
    assert isinstance(head, nn.Linear)
    probabilities = functional.softmax(head(features.mean(dim=(2, 3)))[0], dim=0)
    likeliest = probabilities.topk(LABELS)
    activations = torch.einsum("kc,chw->khw", head.weight[likeliest.indices], features[0])
    names = MobileNet_V2_Weights.IMAGENET1K_V1.meta["categories"]
    return Classification(
        labels=tuple(names[index] for index in likeliest.indices.tolist()),
        probabilities=tuple(likeliest.values.tolist()),
        activations=activations.cpu().numpy(),
    )


@torch.no_grad()
def pooled(pictures: Pictures, data: str | Path | None = None) -> NDArray[np.float32]:
    """N x 1,280 features of N x H x W x 3 pictures: the last feature maps, averaged over their positions.

    `data` tells where the weights lie. Raises WeightsError where there are none.
    """
    network, normalised = _network(torch.device("cpu"), data)
    parts = [torch.from_numpy(pictures[begin : begin + BATCH]) for begin in range(0, len(pictures), BATCH)]
    maps = (network.features(normalised(part.permute(0, 3, 1, 2) / 127.5 - 1)) for part in parts)
    found: NDArray[np.float32] = torch.cat([each.mean(dim=(2, 3)) for each in maps]).numpy()
    return found


@torch.no_grad()
def feature_distances(
    first: Pictures, second: Pictures, data: str | Path | None = None
) -> NDArray[np.float32]:
    """How far the pictures of each of N pairs, N x H x W x 3, are apart in features: N numbers, 0 or more.

    As `FeatureDistance` over BLOCKS. `data` tells where the weights lie. Raises WeightsError where there are
    none.
    """
    distance, found = FeatureDistance(BLOCKS, data), []
    for begin in range(0, len(first), BATCH):
        one, other = (
            torch.from_numpy(each[begin : begin + BATCH]).permute(0, 3, 1, 2) / 127.5 - 1
            for each in (first, second)
        )
        found.append(distance(one, other))
    numbers: NDArray[np.float32] = torch.cat(found).numpy()
    return numbers


class FeatureDistance(nn.Module):
    """How far pictures are apart in the features of MobileNetV2; its weights never change.

    Of the maps behind some blocks, normalised over channels, the squared difference, summed over channels and
    averaged over positions and blocks: LPIPS (Zhang et al. 2018) without its learned weights.
    """

    def __init__(self, blocks: Sequence[int], data: str | Path | None = None) -> None:
        """`data` tells where the weights lie. Raises WeightsError where there are none."""
        super().__init__()
        network, self.normalised = _network(torch.device("cpu"), data)
        self.network = network.features[: max(blocks) + 1].requires_grad_(False)
        self.blocks = blocks

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """N distances, 0 or more, of two batches of N x 3 x H x W pixels in [-1, 1]."""
        maps = self.normalised(torch.cat([first, second]))
        apart = []
        for number, block in enumerate(self.network):
            maps = block(maps)
            if number in self.blocks:
                one, other = functional.normalize(maps, dim=1).chunk(2)
                apart.append((one - other).square().sum(dim=1).mean(dim=(1, 2)))
        return torch.stack(apart).mean(dim=0)


class Memory(nn.Module):
    """What MobileNetV2 tells of ImageNet's classes, for an encoder that learns others; it never changes.

    Li and Hoiem 2016, "Learning without forgetting": answers to the old question stay what they were. We
    depart from them in asking at each place of the last feature maps, where they ask once for a picture.
    """

    PLACES: ClassVar = ("features.18",)
    """The part of a MobileNetV2 encoder whose maps the classifier reads."""

    def __init__(self, data: str | Path | None = None) -> None:
        """`data` tells where the weights lie. Raises WeightsError where there are none."""
        super().__init__()
        network, self.normalised = _network(torch.device("cpu"), data)
        self.features = network.features.requires_grad_(False).to(memory_format=torch.channels_last)
        self.classes = network.classifier[1].requires_grad_(False)

    def forward(self, pixels: torch.Tensor, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """How much is forgotten: N numbers, 0 or more, the mean Kullback-Leibler divergence over a picture.

        `maps`, one of N x 1,280 x h x w, are what the encoder's PLACES make of N x 3 x H x W pixels in
        [-1, 1].
        """
        with torch.no_grad():
            first = self.features(self.normalised(pixels))
            known = self._told(first)
        lost = functional.kl_div(
            self._told(thinned(maps[0], first)), known, reduction="none", log_target=True
        )
        return lost.sum(dim=-1).mean(dim=(1, 2))

    def _told(self, maps: torch.Tensor) -> torch.Tensor:
        return functional.log_softmax(self.classes(maps.permute(0, 2, 3, 1)), dim=-1)


def _network(
    device: torch.device, data: str | Path | None = None
) -> tuple[MobileNetV2, Callable[[torch.Tensor], torch.Tensor]]:
    """The trained network, and what brings pixels from [-1, 1] to what its weights want."""
    path = weights_file(data) or _downloaded()
    with torch.device("meta"):  # no time and no random numbers for weights that are replaced
        network = mobilenet_v2()
    network.load_state_dict(weights.read_tensors(path), assign=True)
    network.eval().to(device)
    if path.suffix == ".safetensors":
        return network, lambda pixels: pixels
    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))
    return network, lambda pixels: ((pixels + 1) / 2 - mean.to(pixels)) / std.to(pixels)


def weights_file(data: str | Path | None = None) -> Path | None:
    """FILE where `datasets.weights_file` finds it, or None."""
    return datasets.weights_file(data, FILE)


def _downloaded() -> Path:
    """What torchvision has downloaded before. Raises WeightsError where it has not."""
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    paths: list[Path] = [folder / each.url.rsplit("/", 1)[1] for each in MobileNet_V2_Weights]
    for path in paths:
        if path.is_file():
            return path
    raise WeightsError("imagenet_missing", file=FILE)
