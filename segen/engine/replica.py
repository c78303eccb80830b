"""What runs in each replica of Ray Serve: an ordinary engine, asked by pages in other processes.

Whatever crosses is pickled here, not by Ray, whose arrays could not be written to at the other end. A
SegenError crosses as a value, so that it arrives as itself.
"""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any, cast

from ray import serve
from ray.util.metrics import Counter, Histogram

from segen.engine import Engine
from segen.errors import SegenError
from segen.imaging import images
from segen.models.generation.predictor import BATCH
from segen.registry import card, cards, folders
from segen.types import GenerateRequest, Generation, Run, Step

Asked = tuple[str, GenerateRequest]
SECONDS = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0]
"""Bounds of the histogram of how long requests take."""


def count_pictures(asked: list[Asked]) -> int:
    """How many pictures are asked for together."""
    return sum(len(request.seeds) for _, request in asked)


TOGETHER: dict[str, Any] = {
    "max_batch_size": BATCH, "batch_size_fn": count_pictures, "batch_wait_timeout_s": 0.005
}  # fmt: skip
"""Requests for few pictures of seeds wait for others, to be drawn by one call of the network."""


class Replica:
    """An engine whose steps are streamed. Cards that were loaded here are asked for here by preference."""

    def __init__(self, cards: str | None = None) -> None:
        """`cards` is a folder of models of one's own, which this machine has, too."""
        if cards:
            folders.add_all(Path(cards))
        self._engine = Engine()
        tags = ("card", "outcome")
        self._requests = Counter("segen_requests", "Requests that ended, by card and outcome", tags)
        self._seconds = Histogram("segen_seconds", "How long requests took", SECONDS, tags)

    async def stream(self, sent: bytes) -> AsyncGenerator[bytes, None]:
        """The items of `Engine.stream` for the pickled name and request; closing it stops the work."""
        name, request = pickle.loads(sent)
        began, outcome = perf_counter(), "stopped"
        try:
            await self.loaded_card(name)
            items = self._alone(name, request) if _long(name, request) else self._in_company(name, request)
            async with aclosing(items):
                async for item in items:
                    yield pickle.dumps(item)
            outcome = "answered"
        except SegenError as fault:
            outcome = "refused"
            yield pickle.dumps(fault)
        except Exception:
            outcome = "failed"
            raise
        finally:
            tags = {"card": name, "outcome": outcome}
            self._requests.inc(tags=tags)
            self._seconds.observe(perf_counter() - began, tags)

    async def load(self, sent: bytes) -> AsyncGenerator[bytes, None]:
        """Have the card of the pickled name ready."""
        try:
            yield pickle.dumps(await self.loaded_card(pickle.loads(sent)[0]))
        except SegenError as fault:
            yield pickle.dumps(fault)

    async def exported(self, sent: bytes) -> AsyncGenerator[bytes, None]:
        """What `Engine.exported` gives for the pickled arguments."""
        try:
            yield pickle.dumps(await asyncio.to_thread(self._engine.exported, *pickle.loads(sent)))
        except SegenError as fault:
            yield pickle.dumps(fault)

    async def cards(self, sent: bytes) -> AsyncGenerator[bytes, None]:
        """The names of all cards that are known here."""
        yield pickle.dumps({each.name for each in cards()})

    @serve.multiplexed(max_num_models_per_replica=-1)  # type: ignore[untyped-decorator]
    async def loaded_card(self, name: str) -> str:
        """The name of a card, loaded. Ray Serve is told; the engine decides what stays."""
        await asyncio.to_thread(self._engine.load, name)
        return name

    async def _alone(self, name: str, request: Any) -> AsyncGenerator[Any, None]:
        """The engine's items, in a thread of their own; closing it ends the work at the next step."""
        items = cast(Generator[Any, None, None], self._engine.stream(name, request))
        thread = ThreadPoolExecutor(1)
        try:
            loop = asyncio.get_running_loop()
            while (item := await loop.run_in_executor(thread, next, items, None)) is not None:
                yield item
        finally:
            thread.submit(items.close)
            thread.shutdown(wait=False)

    async def _in_company(self, name: str, request: GenerateRequest) -> AsyncGenerator[Any, None]:
        """The same for few pictures of seeds, drawn with those of others who ask just now."""
        answer = await self._drawn((name, request))
        if isinstance(answer, SegenError):
            raise answer
        yield Step(1, 1, images.grid(answer.value.images))
        yield answer

    @serve.batch(**TOGETHER)  # type: ignore[untyped-decorator]
    async def _drawn(self, asked: list[Asked]) -> list[Run[Generation] | SegenError]:
        """Requests of one card, since Ray Serve divides them by that, in one call of its network."""
        requests = [request for _, request in asked]
        return await asyncio.to_thread(drawn_together, self._engine, asked[0][0], requests)


def _long(name: str, request: Any) -> bool:
    """Whether a request fills batches of its own, or is not for pictures of seeds in one step at all."""
    if not isinstance(request, GenerateRequest) or len(request.seeds) > BATCH:
        return True
    return card(name).task != "generate" or card(name).options.diffusion


def drawn_together(
    engine: Engine, name: str, requests: list[GenerateRequest]
) -> list[Run[Generation] | SegenError]:
    """The answer to each request, in one run for each label: one seed, one picture, in any company."""
    answers: dict[int, Run[Generation] | SegenError] = {}
    for label in {request.label for request in requests}:
        alike = [index for index, request in enumerate(requests) if request.label == label]
        seeds = [seed for index in alike for seed in requests[index].seeds]
        try:
            run = engine.run(name, replace(requests[alike[0]], seeds=seeds))
        except SegenError as fault:
            answers |= dict.fromkeys(alike, fault)
            continue
        first = 0
        for index in alike:
            part = slice(first, first + len(requests[index].seeds))
            first = part.stop
            labels = run.value.labels and run.value.labels[part]
            own = Generation(run.value.images[part], labels, run.value.seeds[part], run.value.grey)
            answers[index] = replace(run, value=own)
    return [answers[index] for index in range(len(requests))]
