"""How the time of a picture grows with its size, 0.1 to 16 megapixels."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.pairs import compare
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.imaging import images
from segen.types import ClusterRequest, SegmentRequest

SIZES = ((288, 384), (600, 800), (1200, 1600), (2400, 3200), (3456, 4608))
"""Height and width, the first one being the peer of the others."""
ASKED = {"unet-camvid": SegmentRequest, "kmeans": ClusterRequest}


def main() -> Iterator[str]:
    """One line for each card: its time at each size, and how many times that of the smallest it is."""
    engine, drawn = Engine("cpu"), scenes.street(0)[0]
    pictures = [images.resize(drawn, *size) for size in SIZES]
    for name, kind in ASKED.items():
        requests = [kind(picture) for picture in pictures]
        found = []
        for request, (height, width) in zip(requests, SIZES, strict=True):
            both = compare(
                lambda request=request: engine.run(name, request),  # type: ignore[misc]  # noqa: B023
                lambda: engine.run(name, requests[0]),  # noqa: B023
                rounds=3,
            )
            found.append(f"{height * width / 1e6:.1f} MP {both.first:.2f} s ({both.ratio:.1f}x)")
        yield f"{name}: {', '.join(found)}"
