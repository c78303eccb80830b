"""K-means on a photo of 12 megapixels against one of a single megapixel."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.pairs import compare
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.types import ClusterRequest


def main() -> Iterator[str]:
    """One line: the ratio of the two."""
    engine = Engine("cpu")
    large, small = (ClusterRequest(scenes.street(0, *size)[0]) for size in ((4000, 3000), (1155, 866)))
    whole = compare(lambda: engine.run("kmeans", large), lambda: engine.run("kmeans", small), rounds=5)
    yield (
        f"K-means of 12 / 1 megapixels: {whole.ratio:.2f} (at most 4)"
        f"   {whole.first:.2f} s / {whole.second:.2f} s"
    )
