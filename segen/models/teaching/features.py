"""What a pixel is known by when it is classified: a network's maps and logits, colour and position."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.special import softmax
from skimage.color import rgb2lab
from torch import nn
from torch.nn import functional

from segen.imaging import images
from segen.models.segmentation.predictor import logits, padded
from segen.models.tensors import pixels_for
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


def groups(network: nn.Module, count: int) -> tuple[NDArray[np.int64], ...]:
    """Of `count` features of this network all, and colours and logits: maps blur what is small, so half the
    trees see none."""
    maps = _maps(network)
    places = maps + 3 * len(SIGMAS)
    return np.arange(count), np.r_[maps:places, places + 2 : count]


def few(network: nn.Module, found: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of all features, F x ..., those of a linear classifier, N x ....

    A pixel's colour through the middle one of SIGMAS, and the network's probabilities of its classes.
    """
    maps = _maps(network)
    colors, told = maps + 3 * (len(SIGMAS) // 2), maps + 3 * len(SIGMAS) + 2
    return np.concatenate([found[colors : colors + 3], softmax(found[told:], axis=0)])


def _maps(network: nn.Module) -> int:
    """How many maps of its encoder are seen."""
    return int(sum(network.get_submodule("encoder").out_channels[STAGES]))  # type: ignore[index]


def features(network: nn.Module, image: Image, max_side: int) -> NDArray[np.float32]:
    """The features of a picture, F x h x w, on a grid that spans it; h and w are GRID_SIDE at most.

    `network`, one of segmentation_models_pytorch, gives its encoder's maps, and its logits for the picture
    with a longer side of at most `max_side`. In between stand three colours through each of SIGMAS, row and
    column.
    """
    seen = images.fit(image, SEEN_SIDE)
    step = 2 if max(seen.shape[:2]) > GRID_SIDE else 1
    height, width = (-(-side // step) for side in seen.shape[:2])
    pixels = padded(pixels_for(network, seen))
    size = [side // step for side in pixels.shape[-2:]]
    maps = [
        functional.interpolate(each.float(), size, mode="bilinear")[0, :, :height, :width].cpu().numpy()
        for each in network.get_submodule("encoder")(pixels)[STAGES]
    ]
    answer = logits(network, pixels_for(network, images.fit(seen, max_side))).float()
    found = functional.interpolate(answer, (height, width), mode="bilinear")[0].cpu().numpy()
    lab = rgb2lab(images.resize(seen, height, width)).astype(np.float32) / 100
    colors = [gaussian_filter(lab, (sigma, sigma, 0)).transpose(2, 0, 1) for sigma in SIGMAS]
    places = np.mgrid[0:height, 0:width].astype(np.float32) / max(height, width)
    return np.concatenate([*maps, *colors, places, found], dtype=np.float32)
