"""Every network that segments against `unet-camvid`, both in float32, on one picture of 360 x 480."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.pairs import compare
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.registry import cards
from segen.types import SegmentRequest

PEER = "unet-camvid"
MOST, MAX_WITH_INSTANCES = 5, 10


def main() -> Iterator[str]:
    """One line for each card: its ratio, or that it has no weights yet."""
    engine = Engine("cpu", int8=False)
    request = SegmentRequest(scenes.street(0)[0])
    for card in cards("segment"):
        if card.name == PEER:
            continue
        if card.parameters and not card.weights.is_dir():
            yield f"{card.name}: skipped, its weights are not here yet"
            continue
        instances = engine.run(card.name, request).value.instances is not None
        whole = compare(
            lambda name=card.name: engine.run(name, request),  # type: ignore[misc]
            lambda: engine.run(PEER, request),
            rounds=7,
        )
        most = MAX_WITH_INSTANCES if instances else MOST
        yield (
            f"{card.name} / {PEER}: {whole.ratio:.2f} (at most {most})"
            f"   {whole.first * 1e3:.0f} ms / {whole.second * 1e3:.0f} ms"
        )
