"""How a picture becomes what a network of translation sees, by the kind of picture that it is."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.filters import threshold_otsu

from segen import registry
from segen.data.synthetic import nuclei
from segen.imaging import images, kinds, lines
from segen.imaging.labels import resize_labels
from segen.imaging.palettes import nearest_classes
from segen.models.tensors import to_tensor
from segen.registry import ClassInfo, ModelCard
from segen.types import Image, Labels

Reader = Callable[[Image, int, float, ModelCard], tuple[torch.Tensor, int]]
"""Of H x W x 3, the longest side allowed, and the scale at which the network sees it: 1 x C x h x w pixels in
[-1, 1], and how many of the pixels given are of no class, or of no mask."""


def photograph(image: Image, side: int, scale: float, card: ModelCard) -> tuple[torch.Tensor, int]:
    """RGB as it is."""
    return to_tensor(_scaled(images.fit(image, side), scale)), 0


def microscopy(image: Image, side: int, scale: float, card: ModelCard) -> tuple[torch.Tensor, int]:
    """Grey with its contrast stretched, nuclei bright."""
    return _tensor(_scaled(nuclei.stretched(images.fit(image, side)), scale)), 0


def mask(image: Image, side: int, scale: float, card: ModelCard) -> tuple[torch.Tensor, int]:
    """Grey, white where nuclei are. A picture that is no mask is made one by Otsu's threshold (1979)."""
    fitted = np.rint(images.fit(image, side).mean(axis=2)).astype(np.uint8)
    levels = _scaled(fitted, scale)
    if kinds.is_mask(levels):
        return _tensor(levels), 0
    threshold: int = threshold_otsu(levels) if levels.min() < levels.max() else 127  # type: ignore[no-untyped-call]
    grey = round(kinds.between(levels).mean() * image.shape[0] * image.shape[1])
    return _tensor((levels > threshold).astype(np.uint8) * 255), grey


def line_drawing(image: Image, side: int, scale: float, card: ModelCard) -> tuple[torch.Tensor, int]:
    """A line drawing, dark on bright, its darkest line black."""
    return _tensor(_scaled(lines.cleaned(images.fit(image, side)), scale)), 0


def label_map(image: Image, side: int, scale: float, card: ModelCard) -> tuple[torch.Tensor, int]:
    """Colours of classes as one channel for each: 1 where it is, else -1; unlabelled pixels are in none.

    Any other colour counts as that of the nearest class.
    """
    known = registry.dataset_classes(card.dataset)
    labels, unknown_pixels = nearest_classes(image, known)
    return one_hot(smaller(labels, side, scale), known), unknown_pixels


def one_hot(labels: Labels, known: tuple[ClassInfo, ...]) -> torch.Tensor:
    """H x W ids as 1 x C x H x W, C being the classes that are not ignored."""
    learned = torch.tensor([each.id for each in known if not each.ignored])
    found = torch.from_numpy(labels.astype(np.int64))[None] == learned[:, None, None]
    return found[None].float().mul(2).sub(1)


def smaller(labels: Labels, side: int, scale: float = 1.0) -> Labels:
    """H x W ids with a longer side of at most `side`, and then at `scale`, by the nearest pixel."""
    share = min(1.0, side / max(labels.shape)) * scale
    height, width = (max(1, round(length * share)) for length in labels.shape)
    return resize_labels(labels, height, width)


def _scaled(pixels: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """H x W or H x W x 3 at `scale`, rounded up."""
    return images.resize(pixels, math.ceil(pixels.shape[0] * scale), math.ceil(pixels.shape[1] * scale))


def _tensor(grey: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(grey)[None, None].float().div(127.5).sub(1)


PREPROCESSING: dict[str, Reader] = {
    "photograph": photograph,
    "microscopy": microscopy,
    "grey": mask,
    "lines": line_drawing,
    "labels": label_map,
}
"""By the name that a card gives."""
