"""One label for a whole picture, and where it comes from, beside a label for each pixel."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from segen.imaging import images
from segen.registry import ModelCard
from segen.text import words
from segen.types import Classification, Image, Segmentation
from segen.ui.framework.figures import figure, lit, png
from segen.ui.framework.templates import render
from segen.ui.tabs.segment.convolution import SHOWN_SIDE
from segen.ui.tabs.segment.overlays import outlined

SHARES = 5
"""So many classes are listed beside the five labels."""


def places(
    card: ModelCard, image: Image, found: Segmentation, whole: Classification, language: str
) -> Markup:
    """The picture with a label for each pixel, then where each of the labels for the whole comes from."""
    small = images.fit(image, SHOWN_SIDE)
    labelled = images.fit(outlined(card, image, found.labels), SHOWN_SIDE)
    figures = [figure(png(labelled), words(language, "inside.pixels"))]
    figures += [
        figure(png(lit(small, activation)), f"{label} · {probability:.1%}")
        for label, probability, activation in zip(
            whole.labels, whole.probabilities, whole.activations, strict=True
        )
    ]
    return render(
        "tabs/segment/tried.html", lines=[words(language, "inside.activation_maps")], figures=figures
    )


def both(card: ModelCard, found: Segmentation, whole: Classification, language: str) -> Markup:
    """The likeliest labels of the whole picture, and the largest classes of its pixels, as bars."""
    counts = np.bincount(found.labels.ravel(), minlength=256) / found.labels.size
    classes = sorted(card.classes, key=lambda known: -counts[known.id])[:SHARES]
    pixels = [(known.title(language), f"{counts[known.id]:.1%}") for known in classes]
    labels = [(name, f"{share:.1%}") for name, share in zip(whole.labels, whole.probabilities, strict=True)]
    lists = {"one_label": labels, "pixel_labels": pixels}
    return render("tabs/segment/shares.html", lists=lists, language=language)
