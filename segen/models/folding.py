"""Batch norm folded into convolutions, for networks that answer and do not learn."""

from __future__ import annotations

from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batch_norm(network: nn.Module) -> nn.Module:
    """Fold each batch norm of a sequence into the convolution before it, in place; the answers stay the same.

    Returns the network in evaluation mode, its parameters without gradients.
    """
    network = network.eval().requires_grad_(False)
    for sequence in (module for module in network.modules() if isinstance(module, nn.Sequential)):
        for (first, convolution), (second, norm) in pairwise(list(sequence.named_children())):
            if type(convolution) is nn.Conv2d and isinstance(norm, nn.BatchNorm2d):
                setattr(sequence, first, fuse_conv_bn_eval(convolution, norm))
                setattr(sequence, second, nn.Identity())
    return network
