"""Sixteen clients ask a server for everything, for an hour: what it holds at the end and held early.

`python -m benchmarks soak` spreads some 5,600 requests over an hour; $SEGEN_SOAK sets another number of
seconds, with as many requests a second. Memory is compared with that after a tenth of the time, by when
every network has been loaded, and threads with the most of that tenth, since they come and go with
requests. Files of the cache are those of uploads and results, which go after an hour. A server that ends by
itself ends the benchmark: it says after how many requests, and prints the end of the server's log.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import psutil

from benchmarks.server import begun, serving, uploaded
from segen.data.synthetic import scenes
from segen.imaging import images

CLIENTS, REQUESTS, HOUR = 16, 5_600, 3_600
EARLY = 0.1
"""The share of the time after which the server is looked at first."""
RECIPE = {"version": 1, "steps": [{"task": "cluster", "model": "kmeans", "options": {"k": 3}}]}
ASKED: dict[str, list[list[Any]]] = {
    "models": [[""], ["generate"]],
    "segment": [["picture", model] for model in ("unet-camvid", "unet-nuclei", "fpn-camvid", "no-such")],
    "cluster": [["picture", "kmeans", 3], ["picture", "dbscan"]],
    "generate": [["dcgan-fashion", 1, 8], ["vae-fashion", 1, 8], ["ddpm-fashion", 1, 1, "", 5]],
    "translate": [["picture", "cyclegan-nuclei"], ["picture", "pix2pix-emoji"], [None]],
    "run": [[RECIPE, "picture"], [{}, "picture"]],
}
"""Arguments of each endpoint, a few of them to be refused."""
LOST = httpx.ConnectError.__name__
"""How a request ends that finds no server; its client asks no more."""


def main() -> Iterator[str]:
    """A line of requests, one of memory and threads, one of files."""
    seconds = int(os.environ.get("SEGEN_SOAK", HOUR))
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as address:
        (server,) = psutil.Process().children()
        began, found = monotonic(), Counter[str]()
        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(_client, address, number, began + seconds) for number in range(CLIENTS)]
            most = 0
            while monotonic() < began + seconds * EARLY:
                wait(clients, 1)
                most = max(most, server.num_threads())
            early = server.memory_info().rss / 1e6
            for client in clients:
                found += client.result()
        yield f"{found.total()} requests in {monotonic() - began:.0f} s from {CLIENTS} clients: {dict(found)}"
        if LOST in found:
            return  # `serving` tells why
        sleep(10)
        late, log = server.memory_info().rss / 1e6, Path(folder, "server.log").read_text("utf-8", "replace")
        files = [path for path in Path(folder, "cache").rglob("*") if path.is_file()]
        yield f"memory {early:.0f} MB early, {late:.0f} MB at the end: {late / early - 1:+.1%}"
        yield f"threads: {most} at most early, {server.num_threads()} at the end"
        yield f"{log.count('Traceback')} tracebacks logged"
        yield f"{len(files)} files in the cache, {sum(path.stat().st_size for path in files) / 1e6:.0f} MB"


def _client(address: str, number: int, until: float) -> Counter[str]:
    """How the requests of one client ended, one after another, as many a second as there are to be."""
    dice, found = random.Random(number), Counter[str]()
    picture = images.encode(scenes.street(number, 160, 120)[0])
    with httpx.Client(base_url=f"{address}gradio_api/", timeout=600) as client:
        while monotonic() < until and LOST not in found:
            began = monotonic()
            found[_asked(client, dice, picture)] += 1
            pause = dice.uniform(0, 2 * CLIENTS * HOUR / REQUESTS) - (monotonic() - began)
            sleep(max(0.0, min(pause, until - monotonic())))
    return found


def _asked(client: httpx.Client, dice: random.Random, picture: bytes) -> str:
    """How a request ended: the kind of its last event."""
    name = dice.choice(list(ASKED))
    data = dice.choice(ASKED[name])
    try:
        if "picture" in data:
            file = uploaded(client, picture)
            data = [file if each == "picture" else each for each in data]
        told = client.get(begun(client, name, data)).text.strip().split("\n\n")[-1]
        return told.partition("\n")[0].removeprefix("event: ")
    except httpx.HTTPError as fault:
        return type(fault).__name__
