"""Segmentation networks of segmentation_models_pytorch on a MobileNetV2 encoder.

Sources: U-Net, Ronneberger et al. 2015; MobileNetV2, Sandler et al. 2018. We depart from the U-Net
paper in the encoder, in batch norm and in padding every convolution, so that output and input agree in size.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import segmentation_models_pytorch
import torch
from torch import nn
from torch.nn import functional

from segen import images, weights
from segen.models.features import features, first_kernels
from segen.models.imagenet import classify
from segen.registry import ModelCard
from segen.types import (
    Classification,
    ClassifyRequest,
    Features,
    FeaturesRequest,
    Image,
    Kernels,
    KernelsRequest,
    Labels,
    Segmentation,
    SegmentRequest,
    Step,
)

STRIDE = 32
"""Every side of a network's input is a multiple of this."""

CLASSIFIED_SIDE = 320
"""The longer side of a picture that is given one label; MobileNetV2 learned from 224 x 224."""

HEAD = "segmentation_head."
"""What the tensors of smp's last layer are called."""


def build(architecture: str, classes: int, imagenet: Path | None = None, **options: object) -> nn.Module:
    """A network by smp's name for it; `imagenet` is a file of torchvision's MobileNetV2 weights.

    It maps N x 3 x H x W float32 in [-1, 1], H and W multiples of 32, to N x classes x H x W logits.
    """
    network: nn.Module = segmentation_models_pytorch.create_model(
        architecture, "mobilenet_v2", encoder_weights=None, classes=classes, **options
    )
    if imagenet is not None:
        network.get_submodule("encoder").load_state_dict(weights.read_tensors(imagenet))
    return network


class SegmentationPredictor:
    """Any network from pictures to class logits, for pictures of any size.

    A picture whose longer side exceeds `max_side` is scaled down for the network; its labels are
    brought back to full size by interpolating the probabilities.
    """

    def __init__(self, network: nn.Module, max_side: int) -> None:
        self.network = network
        self.max_side = max_side

    def __call__(
        self, request: SegmentRequest | FeaturesRequest | KernelsRequest | ClassifyRequest
    ) -> Iterator[Step | Segmentation | Features | Kernels | Classification]:
        """One step, then what the request asks for."""
        match request:
            case SegmentRequest():
                probabilities = functional.softmax(logits(self.network, self._pixels(request.image)), dim=1)
                yield Step(1, 1)
                yield Segmentation(
                    labels=full_size_labels(probabilities, *request.image.shape[:2]),
                    probabilities=probabilities[0].float().cpu().numpy(),
                )
            case FeaturesRequest():
                found = features(self.network, padded(self._pixels(request.image)), request.layer)
                yield Step(1, 1)
                yield found
            case KernelsRequest():
                yield first_kernels(self.network)
            case ClassifyRequest():
                yield classify(self._pixels(images.fit(request.image, CLASSIFIED_SIDE)))

    def _pixels(self, image: Image) -> torch.Tensor:
        """The picture, scaled down if need be, as 1 x 3 x h x w on the network's device."""
        device = next(self.network.parameters()).device
        pixels = images.to_tensor(images.fit(image, self.max_side))
        return pixels.to(device, memory_format=torch.channels_last)


def logits(network: nn.Module, pixels: torch.Tensor) -> torch.Tensor:
    """N x C x H x W class logits of N x 3 x H x W pixels, H and W being any size.

    The picture is padded, and the answer cropped.
    """
    height, width = pixels.shape[-2:]
    return two_class(network(padded(pixels))[..., :height, :width])


def padded(pixels: torch.Tensor) -> torch.Tensor:
    """N x 3 x H x W pixels with their edge repeated right and bottom up to multiples of the stride."""
    bottom, right = (-side % STRIDE for side in pixels.shape[-2:])
    return functional.pad(pixels, (0, right, 0, bottom), mode="replicate") if bottom or right else pixels


def two_class(answer: torch.Tensor) -> torch.Tensor:
    """Logits of both classes from those of a sigmoid, N x 1 x H x W; others as they are.

    A sigmoid is a softmax against a logit that is always 0, and binary cross-entropy is its cross-entropy.
    """
    return torch.cat([torch.zeros_like(answer), answer], dim=1) if answer.shape[1] == 1 else answer


def full_size_labels(probabilities: torch.Tensor, height: int, width: int) -> Labels:
    """The most probable class of each pixel at height x width, from 1 x C x h x w.

    Classes are brought to full size one at a time, so that memory does not grow with their number.
    """
    if probabilities.shape[-2:] == (height, width):
        # Not argmax, which takes ten times as long on a CPU.
        return probabilities[0].max(dim=0).indices.to(torch.uint8).cpu().numpy()
    best = torch.full((height, width), -1.0, device=probabilities.device)
    labels = torch.zeros((height, width), dtype=torch.uint8, device=probabilities.device)
    for id in range(probabilities.shape[1]):
        plane = functional.interpolate(probabilities[:, id : id + 1], (height, width), mode="bilinear")[0, 0]
        labels[plane > best] = id
        best = torch.maximum(best, plane)
    return labels.cpu().numpy()


def load(card: ModelCard) -> SegmentationPredictor:
    """The predictor of a card whose folder `segmentation_models_pytorch.from_pretrained` reads."""
    network = read_network(weights.checked(card))
    return SegmentationPredictor(network, card.options["max_side"])


def read_network(folder: Path, channels: int | None = None) -> nn.Module:
    """The network of a folder written by smp's `save_pretrained`, as float32.

    With another number of output `channels` than the folder's, the last layer starts from chance.
    Stands in for `segmentation_models_pytorch.from_pretrained`, which prints to standard output.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    architecture = getattr(segmentation_models_pytorch, config.pop("_model_class"))
    tensors = weights.read_tensors(folder / "model.safetensors")
    if channels in (None, config["classes"]):
        network: nn.Module = architecture(**config)
    else:
        network = architecture(**{**config, "classes": channels})
        tensors |= {name: t for name, t in network.state_dict().items() if name.startswith(HEAD)}
    network.load_state_dict(tensors)
    return network
