"""How far a network's answers differ when it sees the picture mirrored and smaller: test-time augmentation.

Sources: Wang et al. 2019 (test-time augmentation as a measure of uncertainty); Houlsby et al. 2011 (mutual
information). We depart from Wang et al. in a fixed list of views instead of random ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from segen.imaging import images
from segen.types import Image

Probabilities = NDArray[np.float32]
"""C x h x w, which sums to 1 over C."""


@dataclass(frozen=True)
class Augmentation:
    """One way to show a picture: `scale` times its size, mirrored left to right or not."""

    scale: float
    mirrored: bool

    def apply(self, image: Image) -> Image:
        """The H x W x 3 picture as the network is to see it."""
        height, width = (max(1, round(self.scale * side)) for side in image.shape[:2])
        shown = images.resize(image, height, width)
        return np.ascontiguousarray(shown[:, ::-1]) if self.mirrored else shown

    def undo(self, probabilities: Probabilities, height: int, width: int) -> Probabilities:
        """What came of it, brought back over the picture at height x width."""
        if self.mirrored:
            probabilities = probabilities[..., ::-1]
        if probabilities.shape[1:] == (height, width):
            return probabilities
        planes = (Pillow.fromarray(np.ascontiguousarray(plane)) for plane in probabilities)
        return np.stack([np.array(plane.resize((width, height), _BILINEAR)) for plane in planes])


_BILINEAR = Pillow.Resampling.BILINEAR
AUGMENTATIONS = tuple(
    Augmentation(scale, mirrored) for scale in (1.0, 0.85, 0.7) for mirrored in (False, True)
)
"""The first is the picture as it is. None is larger, since networks scale large pictures down anyway."""


def entropy(probabilities: Probabilities) -> NDArray[np.float32]:
    """How undecided one answer is, h x w in nats: 0 for certain, log C for all classes alike."""
    likely = np.clip(probabilities, 1e-9, 1)
    spread: NDArray[np.float32] = -(likely * np.log(likely)).sum(axis=0)
    return spread


def disagreement(answers: Sequence[Probabilities]) -> NDArray[np.float32]:
    """How far k answers differ at each pixel: h x w, 0 where they are the same, 1 at most.

    It is the mutual information between the class and the answer, the entropy of the mean less the mean
    entropy, which is the mean KL divergence of the answers from their mean; over its maximum, log min(k, C).
    Answers that are all undecided in the same way do not disagree, whatever their entropy.
    """
    together = entropy(np.mean(answers, axis=0))
    apart = together - np.mean([entropy(answer) for answer in answers], axis=0)
    most = np.log(max(2, min(len(answers), len(answers[0]))))
    share: NDArray[np.float32] = np.clip(apart / most, 0, 1).astype(np.float32)
    return share
