"""Mask R-CNN as torchvision calls it, and the engine's whole answer.

Pictures are those of val in $SEGEN_DATA. It also writes the second table of docs/inference.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from typing import cast

import torch

from benchmarks import marked
from benchmarks.inference import PAGE, PICTURES, ROUNDS
from segen import models
from segen.data import datasets
from segen.engine import Engine
from segen.imaging import images
from segen.models.segmentation.maskrcnn import MaskRCNNSegmenter, SlimMaskRCNN
from segen.registry import card
from segen.types import Image, SegmentRequest

CARD = "maskrcnn-nuclei"
HEAD = ["card", "torchvision's plain call", "the engine"]


def main() -> Iterator[str]:
    """The row of the table: milliseconds, and how many times faster than torchvision."""
    torch.set_num_threads(1)
    pairs = datasets.pairs(datasets.locate(None, card(CARD).dataset), "val")
    pictures = [images.read(pair.image) for pair in pairs[:: len(pairs) // PICTURES][:PICTURES]]
    engine, plain = Engine("cpu"), _plain()
    seconds: list[tuple[float, float]] = []
    for picture in pictures * (ROUNDS + 1):
        began = perf_counter()
        plain(picture)
        between = perf_counter()
        engine.run(CARD, SegmentRequest(picture))
        seconds.append((between - began, perf_counter() - between))
    seconds = seconds[len(pictures) :]  # the first round warms up
    row = [f"`{CARD}`", f"{1e3 * median(a for a, _ in seconds):.0f} ms, 1.00x"]
    row += [f"{1e3 * median(b for _, b in seconds):.0f} ms, {median(a / b for a, b in seconds):.2f}x"]
    marked.write(PAGE, "instances", marked.table([HEAD, row]))
    yield ", ".join(f"{name}: {value}" for name, value in zip(HEAD, row, strict=True))


def _plain() -> Callable[[Image], object]:
    """torchvision's forward of the pixels that the network sees; its masks have their size."""
    predictor = cast(MaskRCNNSegmenter, models.load(card(CARD)))
    network = cast(SlimMaskRCNN, predictor.network.eval())
    network.rpn.score_thresh = 0.0  # as torchvision has it

    @torch.inference_mode()
    def forward(picture: Image) -> object:
        pixels = predictor.seen(picture)[0].contiguous()
        sides = sorted(pixels.shape[1:])
        network.transform.min_size, network.transform.max_size = (sides[0],), sides[1]  # else it enlarges
        return network([pixels])

    return forward
