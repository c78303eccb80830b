"""Make the pictures that the page shows before anything is pressed: `python -m assets.start.make`.

Each is a shipped example and what a shipped network makes of it, so run it again when weights, examples or
the colours of classes change.
"""

from __future__ import annotations

from pathlib import Path

from segen.engine import Engine
from segen.imaging import images
from segen.registry import SEGMENT_MODEL, card, cards
from segen.types import GenerateRequest, Image, SegmentRequest, TranslateRequest
from segen.ui.tabs.segment.overlays import outlined
from segen.ui.tabs.start.tab import TO_TRY
from segen.ui.widgets.examples import named, to_translate

FOLDER = Path(__file__).parent
SEGMENTED = {"photograph": ("horse_race", SEGMENT_MODEL), "pagoda": ("pagoda", "unet-camvid")}
"""An example and the model that segments it, by the name of the picture."""
GENERATOR, SEEDS = "dcgan-yosemite", (0, 7, 14, 28, 35, 44, 46, 36, 60, 29, 62, 56)
"""Chosen by eye among the first 64: landscapes in varied light."""
TRANSLATOR = "pix2pix-camvid-photo"
SIDE, SMALL_SIDE, TRANSLATED_SIDE = 640, 220, 512


def keep(name: str, picture: Image, side: int) -> None:
    """Write a picture with a longer side of at most `side` pixels."""
    (FOLDER / f"{name}.webp").write_bytes(images.encode(images.fit(picture, side), "WEBP", quality=82))


def main() -> None:
    """Make all of them."""
    engine = Engine("cpu")
    for name, (example, segmenter) in SEGMENTED.items():
        photograph = images.fit(named()[example].draw(), SIDE)
        found = engine.run(segmenter, SegmentRequest(photograph)).value
        keep(name, photograph, SIDE)
        keep(f"{name}.segmented", outlined(card(segmenter), photograph, found.labels), SIDE)
    drawn = engine.run(GENERATOR, GenerateRequest(SEEDS)).value.images
    side = drawn.shape[1]
    grid = drawn.reshape(3, 4, side, side, 3).transpose(0, 2, 1, 3, 4).reshape(3 * side, 4 * side, 3)
    keep("generated", grid, SIDE)
    for name in TO_TRY:
        keep(f"try-{name}", named()[name].draw(), SMALL_SIDE)
    for each in cards("translate"):
        for direction in each.directions:
            picture = to_translate(each, direction)[0].draw()
            translated = engine.run(each.name, TranslateRequest(picture, direction)).value.image
            keep(f"{each.name}.{direction}", translated, TRANSLATED_SIDE)
    keep("label-map", to_translate(card(TRANSLATOR), "forward")[0].draw(), TRANSLATED_SIDE)


if __name__ == "__main__":
    main()
