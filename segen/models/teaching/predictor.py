"""Teach a pixel classifier by strokes, and apply one, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.special import softmax
from torch import nn

from segen.errors import InputError
from segen.models.segmentation.predictor import full_size_labels
from segen.models.teaching import forest, regression
from segen.models.teaching.edges import sharpened
from segen.models.teaching.features import features, few, groups
from segen.types import (
    UNDRAWN,
    ApplyRequest,
    Image,
    Labels,
    PixelClassifier,
    Segmentation,
    Step,
    Taught,
    TeachRequest,
)

LINEAR, LEAST = 0.6, 1e-4
"""The weight of the regression beside the forest, and the least probability of either, which is a veto."""
AROUND = 0.02
"""The certainty of a place is that of its surroundings, a Gaussian of this share of the longer side: single
pixels are uncertain at every border."""


@dataclass(frozen=True)
class Known:
    """A network of segmentation_models_pytorch, its card, its weights' SHA-256, and the longest side seen."""

    network: nn.Module
    card: str
    sha256: str
    max_side: int

    def features(self, image: Image) -> NDArray[np.float32]:
        """What its network knows of each pixel: see `features`."""
        return features(self.network, image, self.max_side)


def teach(known: Known, request: TeachRequest) -> Iterator[Step | Taught]:
    """A step for each picture, one for the trees, and what they say of the last picture."""
    pixels, numbers, ids, colors = [], [], [], []
    total = len(request.images) + 1
    for done, (image, scribbles) in enumerate(zip(request.images, request.scribbles, strict=True), start=1):
        found = known.features(image)
        cells, drawn = _cells(scribbles, found.shape[1:])
        flat = found.reshape(len(found), -1)
        plain = few(known.network, flat)
        pixels.append(flat[:, cells].T)
        numbers.append(plain[:, cells].T)
        ids.append(drawn)
        colors.append(plain[:3])
        yield Step(done, total)
    told, count = np.concatenate(ids), len(request.classes)
    trees = forest.fit(np.concatenate(pixels), told, count, groups(known.network, len(found)))
    linear = regression.fit(np.concatenate(numbers), told, count, colors)
    yield Step(total, total)
    classifier = PixelClassifier(known.card, known.sha256, request.classes, trees, linear)
    answer = _answer(classifier, image, found, plain)
    yield Taught(classifier, answer, _least_certain(answer, scribbles))


def apply(known: Known, request: ApplyRequest) -> Iterator[Step | Segmentation]:
    """A step for the features, and the answer."""
    classifier = request.classifier
    if (classifier.encoder, classifier.encoder_sha256) != (known.card, known.sha256):
        raise InputError("classifier_encoder", encoder=classifier.encoder)
    found = known.features(request.image)
    plain = few(known.network, found.reshape(len(found), -1))
    linear = classifier.linear
    stray = linear and linear.weights.shape[1] != len(plain) + regression.PRODUCTS
    if stray or max(int(tree.feature.max()) for tree in classifier.trees) >= len(found):
        raise InputError("classifier_damaged")
    yield Step(1, 1)
    yield _answer(classifier, request.image, found, plain)


def _cells(scribbles: Labels, grid: tuple[int, ...]) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """The cells of an h x w grid that strokes touch, by their number, and each one's class."""
    rows, columns = np.nonzero(scribbles != UNDRAWN)
    ids = scribbles[rows, columns]
    cells = (rows * grid[0] // scribbles.shape[0]) * grid[1] + columns * grid[1] // scribbles.shape[1]
    cells, ids = np.unique(np.stack([cells, ids]), axis=1)
    return cells, ids


def _answer(
    classifier: PixelClassifier, image: Image, found: NDArray[np.float32], plain: NDArray[np.float32]
) -> Segmentation:
    """What a classifier says of a picture with these features, F x h x w, its edges brought back.

    `plain` are the `few` of them, N x hw. What its two parts say, where it has both, is averaged as
    logarithms: a logarithmic opinion pool (Genest and Zidek 1986).
    """
    count, height, width = found.shape
    shares = forest.probabilities(classifier.trees, found.reshape(count, -1))
    if classifier.linear:
        others = regression.probabilities(classifier.linear, plain)
        logs = (1 - LINEAR) * np.log(shares.clip(LEAST)) + LINEAR * np.log(others.clip(LEAST))
        shares = softmax(logs.astype(np.float32), axis=0)
    shares = sharpened(image, shares.reshape(-1, height, width))
    return Segmentation(full_size_labels(torch.from_numpy(shares)[None], *image.shape[:2]), shares)


def _least_certain(answer: Segmentation, scribbles: Labels) -> tuple[int, int]:
    """The place, x and y in pixels of the picture, around which the second class comes nearest the first."""
    shares = np.sort(answer.probabilities, axis=0)
    height, width = shares.shape[1:]
    doubt = 1 - (shares[-1] - shares[-2])
    doubt.ravel()[_cells(scribbles, (height, width))[0]] = 0
    doubt = gaussian_filter(doubt, AROUND * max(height, width), mode="constant")
    row, column = np.unravel_index(int(doubt.argmax()), doubt.shape)
    tall, wide = scribbles.shape
    return int((column + 0.5) * wide / width), int((row + 0.5) * tall / height)
