"""Between RGB arrays and what networks read: N x C x H x W float32 in [-1, 1]."""

from __future__ import annotations

import numpy as np
import torch

from segen.types import Image


def to_tensor(image: Image) -> torch.Tensor:
    """H x W x 3 uint8 RGB to 1 x 3 x H x W float32 in [-1, 1]."""
    pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None]
    return pixels.float().div_(127.5).sub_(1.0)
