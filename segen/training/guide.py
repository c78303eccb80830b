"""A segmentation network that guides a generator: what it draws of a label map should be read as that map.

The cross-entropy of a network that learned from labels, as in CyCADA's semantic loss (Hoffman et al. 2018,
eq. 3); the network itself never changes. A generator may learn to please this network alone, so measure with
another one.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from segen import models, registry
from segen.errors import UsageError
from segen.imaging.labels import IGNORED
from segen.models.segmentation.predictor import logits

ENLARGED = 2
"""How much larger the guide sees what is drawn: streets are drawn at half the size that it learned from."""


class Guide(nn.Module):
    """The loss of drawings by what a segmentation network reads in them."""

    def __init__(self, name: str, dataset: str, classes: int) -> None:
        """`name` is a card. Raises CardError for none, UsageError for one of other classes."""
        super().__init__()
        card = registry.card(name, "segment")
        if card.dataset != dataset or len(card.classes) != classes:
            raise UsageError("guide_unlike", model=name, dataset=dataset)
        self.network = models.load(card).network.eval().requires_grad_(False)

    def train(self, mode: bool = True) -> Guide:
        """It stays as it is for use, whatever is trained."""
        return self

    def forward(self, drawn: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
        """The cross-entropy of N x 3 x H x W drawings in [-1, 1] against N x C x H x W maps, 1 for the class.

        It is the mean over all pixels; those of no class, -1 in all channels, add 0 to it.
        """
        wanted = torch.where(given.amax(dim=1) > 0, given.argmax(dim=1), IGNORED)
        enlarged = functional.interpolate(drawn, scale_factor=ENLARGED, mode="bilinear")
        read = functional.avg_pool2d(logits(self.network, enlarged), ENLARGED)
        loss: torch.Tensor = functional.cross_entropy(read, wanted, ignore_index=IGNORED, reduction="none")
        return loss.mean()
