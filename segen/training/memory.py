"""What an encoder knew before, of ImageNet's classes or COCO's objects, kept while it learns others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from segen.errors import UsageError
from segen.models.features import coco, imagenet

LAST_CHANNELS = 1280
"""Of MobileNetV2, by which its classifier tells ImageNet's classes."""
Memory = coco.Memory | imagenet.Memory


def of(network: nn.Module, root: str | None, objects: bool) -> Memory:
    """COCO's objects or else ImageNet's classes for a network's encoder, by weights under the data root.

    Raises UsageError for a network without a whole MobileNetV2, WeightsError without the weights.
    """
    if getattr(_encoder(network), "out_channels", [0])[-1] != LAST_CHANNELS:
        raise UsageError("nothing_remembered")
    return coco.Memory(root) if objects else imagenet.Memory(root)


@contextmanager
def watched(network: nn.Module, places: Sequence[str]) -> Iterator[list[torch.Tensor]]:
    """What the places, parts of the network's encoder, give for a batch: a tensor each, in their order."""
    found: list[torch.Tensor] = []
    hooks = [
        network.get_submodule(f"encoder.{place}").register_forward_hook(
            lambda _, __, maps: found.append(maps)
        )
        for place in places
    ]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def _encoder(network: nn.Module) -> nn.Module | None:
    return dict(network.named_children()).get("encoder")
