"""The feature maps of any layer of a network, and the kernels of its first one.

Source: Zeiler and Fergus 2014 looked into networks this way. We depart from it in showing the values of
a layer as they are, without bringing them back to pixels.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

import numpy as np
import torch
from torch import nn

from segen.errors import InputError
from segen.types import Features, Kernels, Layer

STRONGEST = 24
"""So many feature maps are kept."""
IDLE = (nn.Identity, nn.Dropout, nn.Dropout2d, nn.Sequential)
"""Modules that hand on what they, or their parts, are given."""

PARTS = {
    "encoder": "encoder",
    "features": "encoder",
    "narrow": "context",
    "context": "context",
    "decoder": "decoder",
    "pyramid": "decoder",
    "segmentation_head": "head",
    "classify": "head",
}
"""The part of a network that a module belongs to, by the first word of its name that stands here."""


def features(network: nn.Module, pixels: torch.Tensor, name: str = "") -> Features:
    """Run 1 x C x H x W pixels through the network and keep what the layer `name`, or the first, gives.

    Layers are the modules without parts of their own whose output is 1 x c x h x w, and blocks, such as
    self-attention, whose output is while that of their parts is not. The network keeps no hook. Raises
    InputError for a name of no layer.
    """
    layers: dict[str, Layer] = {}
    values: dict[str, torch.Tensor] = {}

    def remember(each: str, module: nn.Module, _: object, output: object) -> None:
        if isinstance(output, torch.Tensor) and output.ndim == 4 and each not in layers:
            parameters = sum(parameter.numel() for parameter in module.parameters())
            block = next(module.children(), None) is not None
            if block and (not parameters or any(layer.startswith(f"{each}.") for layer in layers)):
                return
            channels, height, width = output.shape[1:]
            shape = channels, height, width
            layers[each] = Layer(each, _kind(module), shape, parameters, _part(each))
            if each == (name or next(iter(layers))):
                values[each] = output[0].clone()  # activations that work in place would change it

    with ExitStack() as hooks:
        for each, module in network.named_modules():
            if each and not isinstance(module, IDLE):
                hooks.callback(module.register_forward_hook(partial(remember, each)).remove)
        network(pixels)
    if not values:
        raise InputError("unknown_layer")
    ((chosen, maps),) = values.items()
    strengths = maps.abs().mean(dim=(1, 2))
    strongest = torch.argsort(strengths, descending=True, stable=True)[:STRONGEST]
    return Features(
        layers=tuple(layers.values()),
        layer=layers[chosen],
        input_size=(pixels.shape[2], pixels.shape[3]),
        channels=tuple(strongest.tolist()),
        strengths=tuple(strengths[strongest].tolist()),
        maps=maps[strongest].float().cpu().numpy(),
    )


def first_kernels(network: nn.Module) -> Kernels:
    """The weights and biases of the first convolution."""
    first = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    weights = first.weight.float().cpu().numpy()
    biases = np.zeros(len(weights), np.float32) if first.bias is None else first.bias.float().cpu().numpy()
    return Kernels(weights, biases)


def thinned(maps: torch.Tensor, first: torch.Tensor) -> torch.Tensor:
    """Maps of a dilated encoder, such as DeepLab's, at the places alone that the first maps have, too."""
    down, right = (own // other for own, other in zip(maps.shape[-2:], first.shape[-2:], strict=True))
    return maps[..., ::down, ::right]


def _part(name: str) -> str:
    """Of a module by its full name; what belongs to no known part counts as the encoder's."""
    return next((PARTS[word] for word in name.split(".") if word in PARTS), "encoder")


def _kind(module: nn.Module) -> str:
    """The layer's class with, for a convolution, its kernel, its stride unless 1, and "dw" for depthwise."""
    kind = type(module).__name__
    if not isinstance(module, nn.Conv2d):
        return kind
    kind += " {}×{}".format(*module.kernel_size)
    if module.stride[0] > 1:
        kind += f" /{module.stride[0]}"
    return kind + " dw" if 1 < module.groups == module.in_channels else kind
