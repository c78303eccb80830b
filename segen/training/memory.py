"""What an encoder knew of ImageNet's classes, kept while it learns others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from segen.errors import UsageError
from segen.models.features.imagenet import Memory

LAST_CHANNELS = 1280
"""Of MobileNetV2, by which its classifier tells ImageNet's classes."""


def of(network: nn.Module, root: str | None) -> Memory:
    """ImageNet's classes for a network's encoder, by weights under the data root.

    Raises UsageError for a network without MobileNetV2's last layer, WeightsError without ImageNet's weights.
    """
    if getattr(_encoder(network), "out_channels", [0])[-1] != LAST_CHANNELS:
        raise UsageError("nothing_remembered")
    return Memory(root)


@contextmanager
def last_maps(network: nn.Module) -> Iterator[list[torch.Tensor]]:
    """The last maps that the network's encoder, if it has one, gives meanwhile: one tensor for each batch."""
    found: list[torch.Tensor] = []
    encoder = _encoder(network) or nn.Identity()
    hook = encoder.register_forward_hook(lambda _, __, maps: found.append(maps[-1]))
    try:
        yield found
    finally:
        hook.remove()


def _encoder(network: nn.Module) -> nn.Module | None:
    return dict(network.named_children()).get("encoder")
