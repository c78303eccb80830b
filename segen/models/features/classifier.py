"""A small classifier of Fashion-MNIST: its last hidden layer is the space of distances between grey pictures.

It measures what others generate and is no card of its own: its weights ship under the name NAME.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import torch
from huggingface_hub import PyTorchModelHubMixin
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from segen.models import weights

NAME = "classifier-fashion"
BATCH = 500
"""Pictures seen at once."""


class Classifier(nn.Module, PyTorchModelHubMixin):
    """Three convolutions with pooling and a hidden layer, N x 1 x 28 x 28 in [-1, 1] to N x classes."""

    def __init__(
        self,
        classes: int = 10,
        channels: tuple[int, int, int] = (24, 48, 96),
        hidden: int = 128,
    ) -> None:
        super().__init__()
        first, second, third = channels
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, first, 3, padding=1, bias=False), nn.BatchNorm2d(first), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(first, second, 3, padding=1, bias=False), nn.BatchNorm2d(second), nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(second, third, 3, padding=1, bias=False), nn.BatchNorm2d(third), nn.ReLU(),
            nn.MaxPool2d(2), nn.Flatten(),
        )  # fmt: skip
        self.hidden = nn.Linear(third * 9, hidden)
        self.dropout = nn.Dropout(0.2)
        self.classify = nn.Linear(hidden, classes)

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """N x hidden, the last hidden layer, none below 0."""
        return functional.relu(self.hidden(self.convolutions(pixels)))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """N x classes logits."""
        logits: torch.Tensor = self.classify(self.dropout(self.features(pixels)))
        return logits


@cache
def _shipped(folder: Path) -> Classifier:
    return weights.network(Classifier, folder).eval().requires_grad_(False)


def shipped() -> Classifier:
    """The classifier as it ships. Raises WeightsError where it is missing or altered."""
    return _shipped(weights.sealed(NAME))


@torch.no_grad()
def look(network: Classifier, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Features, N x hidden float32, and likeliest classes, N, of N x 28 x 28 grey pictures."""
    features, classes = [], []
    for begin in range(0, len(pictures), BATCH):
        pixels = torch.from_numpy(pictures[begin : begin + BATCH].copy())[:, None].float().div(127.5).sub(1)
        found = network.features(pixels.to(network.classify.weight.device))
        features.append(found.cpu().numpy())
        classes.append(network.classify(found).argmax(dim=1).cpu().numpy())
    return np.concatenate(features), np.concatenate(classes)
