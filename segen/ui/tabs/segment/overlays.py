"""Labels over a picture as the page shows them: colours that contrast, and outlines of the regions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from segen.imaging import export
from segen.registry import ModelCard
from segen.types import Image, Labels


def displayed(card: ModelCard) -> ModelCard:
    """The card with the colours that the page shows its classes in; files keep those of the data set."""
    return replace(card, classes=tuple(replace(known, color=known.shown) for known in card.classes))


def outlined(card: ModelCard, image: Image, labels: Labels) -> Image:
    """The H x W x 3 picture under the displayed colours of its H x W labels, a dark line between regions."""
    shown = export.overlay(displayed(card), image, labels, opacity=0.55)
    edges = np.zeros(labels.shape, dtype=bool)
    edges[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    edges[1:] |= labels[1:] != labels[:-1]
    shown[edges] = 0.25 * shown[edges]
    return shown
