"""Segmentation networks of segmentation_models_pytorch on a MobileNetV2 encoder.

Sources: U-Net, Ronneberger et al. 2015; FPN, Lin et al. 2017 and, for segmentation, Kirillov et al. 2019;
DeepLabV3+, Chen et al. 2018; MobileNetV2, Sandler et al. 2018. We depart from the U-Net paper in the
encoder, in batch norm and in padding every convolution, so that output and input agree in size.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any

import segmentation_models_pytorch
from segmentation_models_pytorch import MODEL_ARCHITECTURES_MAPPING
from torch import nn

from segen.models import weights
from segen.models.segmentation.predictor import SegmentationPredictor
from segen.models.teaching.predictor import Known, apply, teach
from segen.registry import ModelCard
from segen.types import ApplyRequest, TeachRequest


def build(architecture: str, classes: int, **options: object) -> nn.Module:
    """A network by smp's name for it, without trained weights.

    It maps N x 3 x H x W float32 in [-1, 1], H and W multiples of 32, to N x classes x H x W logits. Raises
    TypeError for an option that the architecture lacks, which smp itself passes over.
    """
    known = getattr(segmentation_models_pytorch, architecture, None)
    if known and (unknown := sorted(set(options) - set(signature(known).parameters))):
        raise TypeError(f"{architecture} takes no {unknown[0]}")
    network: nn.Module = segmentation_models_pytorch.create_model(
        architecture, "mobilenet_v2", encoder_weights=None, classes=classes, **options
    )
    return network


class SmpPredictor(SegmentationPredictor):
    """A network of smp's, on which pixel classifiers can be taught, too."""

    def __init__(self, network: nn.Module, card: ModelCard, sha256: str) -> None:
        options = card.options
        super().__init__(
            network, options.max_side, options.zoom, options.scales, options.mirrored, options.kinds
        )
        self.card, self.sha256 = card.name, sha256

    def __call__(self, request: Any) -> Iterator[Any]:
        """As SegmentationPredictor; a TeachRequest gives Taught, an ApplyRequest a Segmentation."""
        known = Known(self.network, self.card, self.sha256, self.max_side)
        match request:
            case TeachRequest():
                yield from teach(known, request)
            case ApplyRequest():
                yield from apply(known, request)
            case _:
                yield from super().__call__(request)


def load(card: ModelCard) -> SmpPredictor:
    """The predictor of a card whose folder `segmentation_models_pytorch.from_pretrained` reads."""
    folder = weights.checked(card)
    sha256 = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    return SmpPredictor(read_network(folder), card, sha256)


def read_network(folder: Path) -> nn.Module:
    """The network of a folder written by smp's `save_pretrained`, as float32.

    Stands in for `segmentation_models_pytorch.from_pretrained`, which prints to standard output. Raises
    KeyError for what is none of smp's architectures.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    kinds = {kind.__name__: kind for kind in MODEL_ARCHITECTURES_MAPPING.values()}
    network: nn.Module = kinds[config.pop("_model_class")](**config)
    network.load_state_dict(weights.read_tensors(folder / "model.safetensors"))
    return network
