"""Requests for one card that wait together, against the same ones, one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import Any

import torch

from benchmarks.pairs import compare
from segen.engine import Engine
from segen.models.segmentation.predictor import padded
from segen.registry import cards
from segen.types import GenerateRequest

VISITORS, STEPS = 4, 10
"""Each visitor asks a generator for one picture; the steps are those of diffusion."""
SEGMENTED = ("unet-camvid", "unet-nuclei", "deeplabv3plus-animals", "fcn-camvid")
BATCHES, SIZE, ROUNDS = (2, 4, 8), (192, 256), 5


def main() -> Iterator[str]:
    """A line for each card that generates, whose calls requests share, and for some that segment, alone."""
    engine = Engine("cpu")
    with ThreadPoolExecutor(VISITORS) as pool:
        for card in cards("generate"):
            yield _generated(engine, card.name, pool)
    for name in SEGMENTED:
        yield _segmented(engine._predictor(name), name)


def _generated(engine: Engine, name: str, pool: Executor) -> str:
    requests = [GenerateRequest([seed], steps=STEPS) for seed in range(VISITORS)]

    def ask(request: GenerateRequest) -> object:
        return engine.run(name, request)

    found = compare(
        lambda: [ask(each) for each in requests], lambda: list(pool.map(ask, requests)), rounds=ROUNDS
    )
    return (
        f"{name}, {VISITORS} requests for a picture, one after another / together: {found.ratio:.1f}"
        f"   {found.first * 1e3:.0f} ms / {found.second * 1e3:.0f} ms"
    )


@torch.inference_mode()
def _segmented(predictor: Any, name: str) -> str:
    """What a batch would gain, and how much longer the visitors in it would wait on average.

    Of n visitors one after another the mean wait is that for (n + 1) / 2 pictures, in a batch that for all.
    """
    network = predictor.int8 or predictor.network
    found = []
    for count in BATCHES:
        pixels = padded(torch.rand(count, 3, *SIZE) * 2 - 1).contiguous(memory_format=torch.channels_last)
        ratio = compare(partial(_each, network, pixels), partial(network, pixels), rounds=ROUNDS).ratio
        waits = 2 * count / (count + 1) / ratio
        found.append(f"{count}: {ratio:.2f} (mean wait {waits:.2f} times as long)")
    kind = "8 bits" if predictor.int8 else "float32"
    return f"{name}, {kind}, one after another / in one call, {', '.join(found)}"


def _each(network: Callable[[torch.Tensor], torch.Tensor], pixels: torch.Tensor) -> None:
    for one in pixels:
        network(one[None])
