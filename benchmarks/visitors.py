"""How long a segmentation takes over HTTP: alone, with other visitors, and beside four long diffusions."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx
import numpy as np

from benchmarks.server import begun, serving, uploaded
from segen.data.synthetic import scenes
from segen.imaging import images

DIFFUSIONS, CALLS = 4, 40
LONG: list[Any] = ["ddpm-fashion", 0, 16, "", 1_000, 1]
CROWD = (1, 4, 16, 64)
"""Visitors who ask at the same time."""
MOST = 3.0
"""Times as long as alone is what a segmentation may take, at its 95th percentile."""


def main() -> Iterator[str]:
    """A line for one visitor, for each crowd, and for one beside diffusions, and the ratio of the last."""
    picture = images.encode(scenes.street(3, 320, 256)[0])
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as address, ExitStack() as stack:
        client = stack.enter_context(httpx.Client(base_url=f"{address}gradio_api/", timeout=600))
        file = uploaded(client, picture)
        _seconds(client, file)  # loads the model
        alone = sorted(_seconds(client, file) for _ in range(CALLS))
        yield _told("alone", alone)
        for count in CROWD:
            yield _crowd(client, file, count)
        for seed in range(DIFFUSIONS):
            answer = stack.enter_context(
                client.stream("GET", begun(client, "generate", [LONG[0], seed, *LONG[2:]]))
            )
            next(answer.iter_lines())  # it has begun; leaving the block ends it
        beside = sorted(_seconds(client, file) for _ in range(CALLS))
        yield _told(f"beside {DIFFUSIONS} diffusions", beside)
    ratio = float(np.percentile(beside, 95) / np.percentile(alone, 95))
    yield f"95th percentile: {ratio:.1f} times as long, at most {MOST:g} is the aim"


def _crowd(client: httpx.Client, file: dict[str, Any], count: int) -> str:
    """So many visitors, each of whom asks twice, one after another."""
    with ThreadPoolExecutor(count) as pool:
        began = perf_counter()
        found = sorted(pool.map(lambda _: _seconds(client, file), range(2 * count)))
        rate = len(found) / (perf_counter() - began)
    return f"{_told(f'of each of {count} visitors', found)}, {rate:.1f} a second"


def _seconds(client: httpx.Client, file: dict[str, Any]) -> float:
    began = perf_counter()
    answer = client.get(begun(client, "segment", [file, "unet-camvid"])).text
    assert "event: complete" in answer, answer[-500:]
    return perf_counter() - began


def _told(name: str, seconds: list[float]) -> str:
    median, late = np.percentile(seconds, [50, 95])
    return f"a segmentation {name}: median {median:.2f} s, 95th percentile {late:.2f} s"
