"""Between RGB arrays and what networks read: N x C x H x W float32 in [-1, 1]; and where they lie."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from segen.types import Image


def is_out_of_memory(fault: Exception) -> bool:
    """Whether a device, or this computer, had too little memory."""
    return isinstance(fault, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(fault)


def pixels_for(network: nn.Module, image: Image) -> torch.Tensor:
    """As `to_tensor`, on the network's device, laid out as its convolutions are fastest."""
    device = next(network.parameters()).device
    return to_tensor(image).to(device, memory_format=torch.channels_last)


def to_tensor(image: Image) -> torch.Tensor:
    """H x W x 3 uint8 RGB to 1 x 3 x H x W float32 in [-1, 1]."""
    pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None]
    return pixels.float().div_(127.5).sub_(1.0)
