"""Segmentations by a worker for each core, with one thread, against one worker with a thread for each core.

A worker is a process with an engine of its own. It also writes a line of docs/inference.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import torch

from benchmarks import marked
from benchmarks.inference import PAGE
from benchmarks.pairs import compare
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.types import Image, SegmentRequest

CARDS = ("unet-camvid", "fcn-camvid")
"""One with a copy in 8 bits and one without."""
CORES = os.cpu_count() or 1
REQUESTS, ROUNDS = 8 * CORES, 5


def main() -> Iterator[str]:
    """A line for each card: the ratio, seconds of either, and the same of one segmentation alone."""
    told = []
    for card in CARDS:
        told.append(_told(card))
        yield told[-1]
    marked.write(PAGE, "threads", "\n".join(f"- {line}" for line in told))


def _told(card: str) -> str:
    pictures = [scenes.street(seed)[0] for seed in range(REQUESTS)]
    with _workers(1, CORES) as one, _workers(CORES, 1) as each:
        for workers in (one, each):
            _ask(workers, card, pictures)  # until all have started and have the network
        many = compare(lambda: _ask(one, card, pictures), lambda: _ask(each, card, pictures), ROUNDS)
        alone = compare(lambda: _ask(one, card, pictures[:1]), lambda: _ask(each, card, pictures[:1]))
    return (
        f"`{card}`, one worker with {CORES} threads / {CORES} workers with one thread: "
        f"{REQUESTS} segmentations {many.ratio:.2f} ({many.first:.2f} s / {many.second:.2f} s), "
        f"one alone {alone.ratio:.2f} ({alone.first * 1e3:.0f} ms / {alone.second * 1e3:.0f} ms)"
    )


def _workers(count: int, threads: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(count, get_context("spawn"), _start, (threads,))


def _start(threads: int) -> None:
    global engine
    torch.set_num_threads(threads)
    engine = Engine("cpu")


def _ask(workers: ProcessPoolExecutor, card: str, pictures: list[Image]) -> None:
    list(workers.map(partial(_segment, card), pictures))


def _segment(card: str, picture: Image) -> None:
    engine.run(card, SegmentRequest(picture))
