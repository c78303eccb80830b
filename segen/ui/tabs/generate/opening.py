"""The grid that a model shows before anything is drawn: pictures of its own, shipped as a file."""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from segen.imaging import images
from segen.models import latents
from segen.registry import ModelCard
from segen.types import Generation

SEED, COUNT = 55, 36
"""The first seed and the number of pictures that the tab opens with."""


def kept(card: ModelCard) -> Generation | None:
    """What the card draws of the seeds from SEED on, or None where no file is shipped."""
    file = files(__package__).joinpath("openings", f"{card.name}.webp")
    if not file.is_file():
        return None
    side = int(COUNT**0.5)
    height, width = card.input_size
    rows = images.read(file.read_bytes()).reshape(side, height, side, width, 3)
    seeds = tuple(range(SEED, SEED + COUNT))
    labels = None if card.options.diffusion else latents.labels_of(card, seeds, None)
    pictures = rows.swapaxes(1, 2).reshape(COUNT, height, width, 3)
    return Generation(np.ascontiguousarray(pictures), labels, seeds, bool(card.options.grey))


def packed(found: Generation) -> bytes:
    """The pictures of `kept` as its file, without loss."""
    whole = images.grid(found.images, int(COUNT**0.5))
    return images.encode(whole, "WEBP", lossless=True, quality=100, method=6)
