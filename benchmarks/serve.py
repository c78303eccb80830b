"""Requests a second of eight visitors at once: two replicas of `segen serve` against one engine, in turns."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

from segen.data.synthetic import scenes
from segen.engine import Engine, serving
from segen.types import GenerateRequest, SegmentRequest

VISITORS, EACH, ROUNDS = 8, 4, 3
CORES = 0.3
"""That a replica claims, so that all six find room on two cores."""
ASKED: dict[str, tuple[str, Any]] = {
    "segment, a picture of 480 x 360": ("unet-camvid", SegmentRequest(scenes.street(3)[0])),
    "generate, 8 pictures": ("dcgan-yosemite", GenerateRequest(range(8))),
}


def main() -> Iterator[str]:
    """A line for each kind of request."""
    with socket.create_server((serving.HERE, 0)) as free:
        port = free.getsockname()[1]
    serving.use_ray(f"{serving.HERE}:{port}")
    import ray
    from ray import serve

    from segen.engine import cluster

    address = cluster.start(port)
    cluster.deploy(cluster.Scale(most=1, cores=CORES))
    for task in ("segment", "generate"):
        two = cluster.application({"task": task, "least": 2, "most": 2, "cores": CORES})
        serve.run(two, name=task, route_prefix=None)
    remote, engine = serving.engine(address), Engine("cpu")
    for told, (name, request) in ASKED.items():
        best = {"replicas": 0.0, "engine": 0.0}
        for _ in range(ROUNDS):
            best["engine"] = max(best["engine"], _rate(engine, name, request))
            best["replicas"] = max(best["replicas"], _rate(remote, name, request))
        ratio = best["replicas"] / best["engine"]
        rates = f"two replicas {best['replicas']:.1f} a second, one engine {best['engine']:.1f}"
        yield f"{told}: {rates}, {ratio:.2f} times as many"
    for handle in remote._handles.values():  # type: ignore[attr-defined]
        handle.shutdown()
    ray.shutdown()


def _rate(engine: Engine, name: str, request: Any) -> float:
    """Requests a second, once the card is loaded wherever it is asked for."""
    with ThreadPoolExecutor(VISITORS) as pool:
        list(pool.map(lambda _: engine.run(name, request), range(VISITORS)))
        began = perf_counter()
        list(pool.map(lambda _: engine.run(name, request), range(VISITORS * EACH)))
    return VISITORS * EACH / (perf_counter() - began)
