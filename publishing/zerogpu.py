"""The page as a Space on ZeroGPU, which lends a GPU to a process of its own for one request at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import spaces  # before torch, which it prepares

from segen.engine import Engine
from segen.errors import SegenError
from segen.registry import card, cards
from segen.types import Request, Run, Step, V
from segen.ui.app import build_app, launch_options


class BorrowingEngine(Engine):
    """An engine with every network ready, whose requests borrow a GPU; what has no network needs none."""

    def __init__(self) -> None:
        super().__init__(capacity_bytes=10**10)
        for each in cards():
            if each.parameters:
                self.load(each.name)

    def stream(self, name: str, request: Request[V]) -> Iterator[Step | Run[V]]:
        """As Engine.stream."""
        if not card(name).parameters:
            yield from super().stream(name, request)
            return
        with closing(borrowed(name, request)) as items:
            for item in items:
                if isinstance(item, SegenError):
                    raise item
                yield item


@spaces.GPU
def borrowed(name, request):  # type: ignore[no-untyped-def]  # Gradio reads hints, and knows none of these
    """What the engine gives; a fault as the last item, since it would lose its sentence between processes."""
    try:
        yield from Engine.stream(ENGINE, name, request)
    except SegenError as fault:
        yield fault


ENGINE = BorrowingEngine()

if __name__ == "__main__":
    build_app(ENGINE).launch(**launch_options())
