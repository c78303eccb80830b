"""Segen: see how image segmentation and image generation work.

Names are imported when they are first used, so that listing models does not wait for torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segen.engine import Engine
    from segen.errors import CardError, DataError, InputError, SegenError, WeightsError
    from segen.registry import ModelCard, card, cards
    from segen.types import GenerateRequest, Generation, Run, Segmentation, SegmentRequest, Step

__version__ = "0.1.0"
__all__ = [
    "CardError",
    "DataError",
    "Engine",
    "GenerateRequest",
    "Generation",
    "InputError",
    "ModelCard",
    "Run",
    "SegenError",
    "SegmentRequest",
    "Segmentation",
    "Step",
    "TranslateRequest",
    "Translation",
    "WeightsError",
    "card",
    "cards",
]


def __getattr__(name: str) -> object:
    if name in __all__:
        for module in map(import_module, ("segen.errors", "segen.registry", "segen.types", "segen.engine")):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module 'segen' has no attribute {name!r}")
