"""Whether a picture looks unlike those that a network was trained on, judged by its output alone.

Two signs: the mean entropy of the class probabilities (Hendrycks and Gimpel 2017 use their maximum, which
says much the same), and the share of the largest class, since a confident network gives noise one class all
over. From which values on they count stands on the card; `python -m benchmarks unfamiliar` measures them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segen.evaluation.test_time_augmentation import entropy
from segen.registry.options import SegmentOptions

TESTED_ODD, TESTED_FITTING = 34, 15
"""The failures on a card were counted on so many pictures, none of which had a part in the thresholds."""


@dataclass(frozen=True)
class Signs:
    """Of one answer, 0 to 1: mean entropy, 1 for all classes alike, and the share of the largest class."""

    entropy: float
    share: float

    def unfamiliar(self, options: SegmentOptions) -> bool:
        """Whether one of the signs has reached what the card's options allow."""
        return self.entropy >= options.unfamiliar_entropy or self.share >= options.unfamiliar_share


def relative_entropy(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """How undecided a network was at each pixel: h x w of C x h x w, 0 if sure, 1 for all classes alike."""
    share: NDArray[np.float32] = np.clip(entropy(probabilities) / np.log(max(2, len(probabilities))), 0, 1)
    return share


def signs(probabilities: NDArray[np.float32]) -> Signs:
    """The signs in C x h x w class probabilities."""
    counts = np.bincount(probabilities.argmax(axis=0).ravel())
    return Signs(float(relative_entropy(probabilities).mean()), float(counts.max() / counts.sum()))
