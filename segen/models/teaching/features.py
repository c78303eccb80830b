"""What a pixel is known by when it is classified: an encoder's maps, colour and position."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.color import rgb2lab
from torch import nn
from torch.nn import functional

from segen.imaging import images
from segen.models.segmentation.predictor import padded
from segen.models.tensors import to_tensor
from segen.types import Image

SEEN_SIDE = 640
"""The longer side of a picture as the encoder sees it, at most."""
GRID_SIDE = 360
"""The features of a picture with a longer side are given for every second row and column."""
STAGES = slice(1, 4)
"""Of the encoder: strides 2, 4 and 8, with 16, 24 and 32 channels in MobileNetV2. With the 96 of stride
16, too, the answer is worse (docs/teach.md)."""
SIGMAS = (0, 1, 2)
"""Colour is seen through these Gaussians, in cells of the grid."""
PLACES = 2
"""The last features: row and column."""


def groups(count: int) -> tuple[NDArray[np.int64], ...]:
    """Of `count` features all, and the colours alone: maps blur what is small, so half the trees see none."""
    colors = 3 * len(SIGMAS)
    return np.arange(count), np.arange(count - PLACES - colors, count - PLACES)


def features(encoder: nn.Module, image: Image) -> NDArray[np.float32]:
    """The features of a picture, F x h x w, on a grid that spans it; h and w are GRID_SIDE at most."""
    seen = images.fit(image, SEEN_SIDE)
    step = 2 if max(seen.shape[:2]) > GRID_SIDE else 1
    height, width = (-(-side // step) for side in seen.shape[:2])
    device = next(encoder.parameters()).device
    pixels = padded(to_tensor(seen).to(device, memory_format=torch.channels_last))
    size = [side // step for side in pixels.shape[-2:]]
    maps = [
        functional.interpolate(each.float(), size, mode="bilinear")[0, :, :height, :width].cpu().numpy()
        for each in encoder(pixels)[STAGES]
    ]
    lab = rgb2lab(images.resize(seen, height, width)).astype(np.float32) / 100
    colors = [gaussian_filter(lab, (sigma, sigma, 0)).transpose(2, 0, 1) for sigma in SIGMAS]
    places = np.mgrid[0:height, 0:width].astype(np.float32) / max(height, width)
    return np.concatenate([*maps, *colors, places], dtype=np.float32)
