"""`segen serve`: engines behind Ray Serve, for pages in other processes and on other machines."""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated

import tyro

from segen.cli.packing import Cards, add_cards
from segen.errors import UsageError
from segen.text import words

PORT = 6379


def serve(
    *,
    address: Annotated[str | None, tyro.conf.arg(metavar="HOST:PORT")] = None,
    port: int = PORT,
    least: int = 1,
    most: int = 4,
    cores: float = 0.5,
    gpus: float = 0.0,
    cards: Cards = None,
) -> int:
    """Put all models behind Ray Serve, for pages started by python app.py --serve HOST:PORT.

    Without an address, a cluster is started that this machine alone can reach, and that ends with Ctrl-C.

    Args:
        address: A Ray cluster that runs; what was served there is renewed without losing a request.
        port: Of the cluster that is started; metrics for Prometheus are at the next one.
        least: Replicas that each of the four tasks always has.
        most: Replicas that a task has at most, when many ask.
        cores: Cores that a replica claims.
        gpus: GPUs that a replica claims, such as 0.25.
        cards: Models of your own, too: a folder that segen pack wrote, or that holds several.
    """
    if not (1 <= least <= most and cores >= 0 and gpus >= 0 and 1 <= port < 65_535):
        raise UsageError("serve_numbers")
    add_cards(cards)
    from segen.engine import serving

    here = f"{serving.HERE}:{port}"
    serving.use_ray(address or here)
    from segen.engine import cluster

    scale = cluster.Scale(least, most, cores, gpus, os.path.realpath(cards) if cards else None)
    if address:
        cluster.join(address)
    else:
        cluster.start(port)
    print(words("en", "cli.serve_begins"), file=sys.stderr)
    cluster.deploy(scale)
    print(words("en", "cli.serve_ready", address=address or here), flush=True)
    if not address:
        print(words("en", "cli.serve_metrics", address=f"{serving.HERE}:{port + 1}"), flush=True)
        signal.pause()
    return 0
