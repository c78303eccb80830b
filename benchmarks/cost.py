"""Every card that segments against one pass of `unet-camvid`, in float32, on one picture of 360 x 480."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.pairs import compare
from benchmarks.speed import forward_pass
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.registry import cards
from segen.types import SegmentRequest

PEER = "unet-camvid"
MOST = 5
MORE = {"maskrcnn-nuclei": 10, "unet-camvid": 8}
"""The most that a card may take that finds instances, or that sees so large a picture four times."""


def main() -> Iterator[str]:
    """One line for each card: its ratio, or that it has no weights yet."""
    engine = Engine("cpu", int8=False)
    request = SegmentRequest(scenes.street(0)[0])
    one_pass = forward_pass(PEER, request.image)
    for card in cards("segment"):
        if card.parameters and not card.weights.is_dir():
            yield f"{card.name}: skipped, its weights are not here yet"
            continue
        whole = compare(
            lambda name=card.name: engine.run(name, request),  # type: ignore[misc]
            one_pass,
            rounds=7,
        )
        yield (
            f"{card.name} / one pass of {PEER}: {whole.ratio:.2f} (at most {MORE.get(card.name, MOST)})"
            f"   {whole.first * 1e3:.0f} ms / {whole.second * 1e3:.0f} ms"
        )
