"""How well two classes can be separated at any threshold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from segen.evaluation.sampling import nearest, stride

THRESHOLDS = np.concatenate([[0.0], expit(np.linspace(-12, 12, 201)), [1.1]])
"""They lie close together near 0 and 1, where the probabilities of a sure network lie; the first lets all
pixels through, the last none."""


class Roc:
    """How well the probability of the second of two classes tells the two apart, at any threshold.

    Counts are kept at THRESHOLDS, whatever the number of pixels. Pixels of any other label do not count.
    """

    def __init__(self) -> None:
        self.pixels = np.zeros((2, len(THRESHOLDS) + 1), dtype=np.int64)  # true class x thresholds reached

    def update(self, probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> None:
        """Add one picture: 2 x h x w, summing to 1 over both, and H x W true class ids.

        Where the two differ in size, a pixel takes the probability nearest to it; of a picture whose
        sides exceed SAMPLED_SIDE, every second, third … pixel counts.
        """
        step = stride(labels.shape)
        likely = probabilities[1][nearest(probabilities.shape[1:], labels.shape, step)].clip(0, 1)
        truth = labels[::step, ::step]
        for id, counts in enumerate(self.pixels):
            reached = np.searchsorted(THRESHOLDS, likely[truth == id], side="right")
            counts += np.bincount(reached, minlength=len(counts))

    def curve(self) -> list[tuple[float, float]]:
        """False and true positive rate, 0 to 1, rising; empty unless the labels have both classes."""
        return [(x, y) for x, y in np.unique(self._rates(), axis=0).tolist()]

    def area(self) -> float | None:
        """The area under the curve, 0.5 for chance and 1 for apart; None without both classes."""
        false, true = self._rates().T
        return float(np.trapezoid(true, false)) if len(false) else None

    def _rates(self) -> NDArray[np.float64]:
        """n x 2: the share of each class at a threshold or above, from the highest threshold on."""
        totals = self.pixels.sum(axis=1)
        if not totals.all():
            return np.zeros((0, 2))
        passed = self.pixels[:, ::-1].cumsum(axis=1)[:, :-1]
        rates: NDArray[np.float64] = (passed / totals[:, None]).T
        return rates
