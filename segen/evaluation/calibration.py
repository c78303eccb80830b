"""Whether a network's probabilities can be believed."""

from __future__ import annotations

import numpy as np

from segen.evaluation.sampling import nearest
from segen.registry import ClassInfo


class Calibration:
    """Whether the network is as sure as it is right: expected calibration error, and the bins behind it.

    Pixels are binned by confidence, the probability of their predicted class, in bins of equal width; the
    error is the mean over the pixels of how far their bin's confidence is from its share of right pixels
    (Guo et al. 2017). Sums are kept by bin, whatever the number of pictures: torchmetrics'
    MulticlassCalibrationError keeps every pixel and counts in float32, which ends at 2^24, fewer than
    CamVid's val has. A test compares the two on what fits.
    """

    BINS = 15

    def __init__(self, classes: tuple[ClassInfo, ...]) -> None:
        self.learned = sum(not known.ignored for known in classes)
        self.pixels, self.confidence, self.right = np.zeros((3, self.BINS))

    def update(self, probabilities: np.ndarray, labels: np.ndarray) -> None:
        """Add one picture: C x h x w, summing to 1 over C, and H x W true class ids.

        Where the two differ in size, a pixel takes the probabilities nearest to it. Pixels of an ignored
        class do not count.
        """
        places = nearest(probabilities.shape[1:], labels.shape)
        counted = labels < self.learned
        confidence = probabilities.max(axis=0)[places][counted]
        right = probabilities.argmax(axis=0)[places][counted] == labels[counted]
        bins = np.minimum((confidence * self.BINS).astype(np.int64), self.BINS - 1)
        self.pixels += np.bincount(bins, minlength=self.BINS)
        self.confidence += np.bincount(bins, confidence, self.BINS)
        self.right += np.bincount(bins, right, self.BINS)

    def error(self) -> float:
        """The expected calibration error, 0 (as sure as right) to 1."""
        return float(np.abs(self.confidence - self.right).sum() / max(self.pixels.sum(), 1))

    def bins(self) -> list[dict[str, float]]:
        """The reliability diagram: {confidence, accuracy, share}, 0 to 1, of each bin that has pixels."""
        filled = self.pixels > 0
        pixels = self.pixels[filled]
        parts = self.confidence[filled] / pixels, self.right[filled] / pixels, pixels / pixels.sum()
        names = ("confidence", "accuracy", "share")
        return [dict(zip(names, part, strict=True)) for part in np.stack(parts, axis=1).tolist()]
