"""Segen: see how image segmentation and image generation work.

Names are imported when they are first used, so that listing models does not wait for torch. Further requests,
for latent space, diffusion, cycles and feature maps, are in `segen.types`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segen.engine import Engine
    from segen.errors import CardError, DataError, InputError, SegenError, UsageError, WeightsError
    from segen.imaging.images import read as read_image
    from segen.registry import ModelCard, card, cards
    from segen.types import (
        Clustering,
        ClusterRequest,
        GenerateRequest,
        Generation,
        Instance,
        Run,
        Segmentation,
        SegmentRequest,
        Step,
        TranslateRequest,
        Translation,
    )

__version__ = "0.2.0"
__all__ = [
    "CardError",
    "ClusterRequest",
    "Clustering",
    "DataError",
    "Engine",
    "GenerateRequest",
    "Generation",
    "InputError",
    "Instance",
    "ModelCard",
    "Run",
    "SegenError",
    "SegmentRequest",
    "Segmentation",
    "Step",
    "TranslateRequest",
    "Translation",
    "UsageError",
    "WeightsError",
    "card",
    "cards",
    "read_image",
]


def __getattr__(name: str) -> object:
    if name == "read_image":
        return import_module("segen.imaging.images").read
    if name in __all__:
        for module in map(import_module, ("segen.errors", "segen.registry", "segen.types", "segen.engine")):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module 'segen' has no attribute {name!r}")
