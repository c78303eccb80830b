"""The answer to a stroke on a picture of 640 x 480 against one segmentation by the same encoder's network."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.pairs import compare
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.registry import TEACH_MODEL
from segen.types import UNDRAWN, SegmentRequest, TaughtClass, TeachRequest

CLASSES = (TaughtClass("above", (0, 114, 178)), TaughtClass("below", (230, 159, 0)))


def main() -> Iterator[str]:
    """One line: the ratio of the two."""
    engine = Engine("cpu")
    image = scenes.street(0, 640, 480)[0]
    drawn = np.full((480, 640), UNDRAWN, np.uint8)
    for number in range(5):
        drawn[20 + 40 * number, 100:200], drawn[460 - 40 * number, 400:500] = 0, 1
    asked = TeachRequest((image,), (drawn,), CLASSES)
    whole = compare(
        lambda: engine.run(TEACH_MODEL, asked),
        lambda: engine.run(TEACH_MODEL, SegmentRequest(image)),
        rounds=5,
    )
    yield (
        f"A stroke's answer / a segmentation, 640 x 480: {whole.ratio:.2f} (at most 4)"
        f"   {whole.first:.2f} s (at most 1.0 on two idle cores) / {whole.second:.2f} s"
    )
