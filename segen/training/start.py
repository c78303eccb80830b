"""Where a training starts from: ImageNet weights, or those of a card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from segen import registry
from segen.errors import UsageError, WeightsError
from segen.models import weights


def shipped(name: str) -> dict[str, torch.Tensor]:
    """The tensors of a card. Raises CardError and WeightsError."""
    return weights.read_tensors(weights.checked(registry.card(name)) / "model.safetensors")


def encoder(name: str, network: nn.Module) -> None:
    """Copy the encoder of a segmentation card into a MobileNetV2, or into as much of one as there is.

    Raises CardError, WeightsError, and UsageError where the card's encoder is another.
    """
    if copy(shipped(name), network, "encoder.") < len(network.state_dict()):
        raise UsageError("other_encoder", model=name)


def copy(tensors: Mapping[str, torch.Tensor], network: nn.Module, prefix: str = "") -> int:
    """Copy what fits by name, behind the prefix, and shape into the network; how many tensors did."""
    own = network.state_dict()
    found = {name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)}
    fitting = {name: each for name, each in found.items() if name in own and own[name].shape == each.shape}
    network.load_state_dict(fitting, strict=False)
    return len(fitting)


def whole(network: nn.Module, file: Path, name: str, new: str = "") -> None:
    """Copy all tensors of a file into a network. Raises UsageError, for the card `name`, if they differ.

    A part whose tensors' names begin with `new`, if that is given, stays as it is where the file has none.
    """
    try:
        tensors = weights.read_tensors(file)
        if new and not any(each.startswith(new) for each in tensors):
            tensors |= {key: each for key, each in network.state_dict().items() if key.startswith(new)}
        network.load_state_dict(tensors)
    except (RuntimeError, WeightsError):
        raise UsageError("init_unlike", model=name) from None
