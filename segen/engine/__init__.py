"""The one place with a device, a cache of models, a lock, inference mode and a clock."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import count
from time import monotonic, perf_counter
from typing import cast

import torch
from torch import nn

from segen import models
from segen.errors import CardError, InputError
from segen.models import int8, onnx
from segen.models.folding import fold_batch_norm
from segen.models.tensors import is_out_of_memory
from segen.registry import card, cards
from segen.types import Request, Run, Step, V

AGEING = 20.0
"""For each second that a request has waited for its next step, it counts as so many seconds shorter."""


class Turns:
    """Whose step is next on the device: that of the request with the least left to do.

    Each waits in a thread of its own. Ageing lets a long request have a step now and then even where short
    ones never end.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy = False
        self._waiting: list[tuple[float, int]] = []
        self._numbers = count()

    @contextmanager
    def taken(self, seconds_left: float) -> Iterator[None]:
        """Wait for the device and keep it during the block; `seconds_left` is a guess, 0 at first."""
        # Ages grow alike, so that the order of those that wait never changes: no two can wait for each other.
        mine = (seconds_left + AGEING * monotonic(), next(self._numbers))
        with self._changed:
            self._waiting.append(mine)
            try:
                self._changed.wait_for(lambda: not self._busy and min(self._waiting) is mine)
            finally:
                self._waiting.remove(mine)
                self._changed.notify_all()
            self._busy = True
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()


class Engine:
    """Runs any card on one device, with the models that were used last kept ready.

    One thread at a time works on the device, for one step at a time, the request with the least left to do
    first, so that a long request never keeps a short one waiting until its end. All methods may be called
    from any thread.
    """

    def __init__(
        self, device: str = "auto", capacity_bytes: int = 1_000_000_000, *, int8: bool = True
    ) -> None:
        """`device` is "auto" or one of PyTorch's names; `capacity_bytes` bounds the cached weights.

        Without `int8`, PyTorch answers for every card, also where a copy in 8 bits would be faster.
        """
        self.device = torch.device(_best_device() if device == "auto" else device)
        self.capacity_bytes, self.int8 = capacity_bytes, int8
        self._cache: OrderedDict[str, models.Predictor] = OrderedDict()
        self._cache_lock = threading.Lock()
        self._loading: dict[str, threading.Lock] = {}
        self._turns = Turns()

    def run(self, name: str, request: Request[V]) -> Run[V]:
        """Carry out a request and return its result; raises what `stream` raises."""
        *_, last = self.stream(name, request)
        return cast(Run[V], last)

    def stream(self, name: str, request: Request[V]) -> Iterator[Step | Run[V]]:
        """Carry out a request step by step; the last item is the Run. Closing the iterator stops the work.

        Raises CardError for an unknown name or a card of another task, WeightsError when the weights
        cannot be used, InputError when the request does not fit the card or the device's memory.
        """
        if card(name).task != request.task:
            known = ", ".join(each.name for each in cards() if each.task == request.task)
            raise CardError("wrong_task", model=name, task=request.task, known=known)
        predictor = self._predictor(name)
        seconds = queued_seconds = seconds_left = 0.0
        # A generator, whatever the protocol says: only then does closing stop it.
        with closing(cast(Generator[Step | V], predictor(request))) as items:
            while True:
                asked = perf_counter()
                with self._turns.taken(seconds_left), torch.inference_mode():
                    began = perf_counter()
                    item = self._next(items)
                    seconds += perf_counter() - began
                queued_seconds += began - asked
                if not isinstance(item, Step):
                    yield Run(item, name, str(self.device), seconds, queued_seconds)
                    return
                seconds_left = seconds / max(1, item.done) * (item.total - item.done)
                yield item

    def load(self, name: str) -> None:
        """Have a card ready before it is asked for. Raises what `stream` raises."""
        self._predictor(name)

    def exported(self, name: str, shape: tuple[int, int, int], direction: str) -> bytes:
        """A card's network as an ONNX file for pictures of this shape; see `models.onnx.small`.

        It is read anew, since what the engine has prepared is no longer exact in half precision, and needs
        no device. One thread at a time may ask. Raises CardError for a card that cannot be exported,
        WeightsError for bad weights, InputError for a direction that the card lacks.
        """
        return onnx.small(name, shape, direction)

    def loaded(self) -> list[str]:
        """The cards in the cache, the one used last at the end."""
        with self._cache_lock:
            return list(self._cache)

    def ready(self) -> bool:
        """Whether it can be asked, as one in this process always can."""
        return True

    def _next(self, items: Iterator[Step | V]) -> Step | V:
        """The next item of a predictor. Raises InputError where the device has too little memory for it.

        Every network that no request holds is let go then, so that the next request has room.
        """
        try:
            return next(items)
        except Exception as fault:
            if not is_out_of_memory(fault):
                raise
        # Out here nothing holds the fault any more, nor with it the tensors of the step.
        with self._cache_lock:
            self._cache.clear()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        raise InputError("out_of_memory")

    def _predictor(self, name: str) -> models.Predictor:
        """The card's predictor from the cache, or loaded into it: once, however many threads ask."""
        wanted = card(name)
        with self._cache_lock:
            loading = self._loading.setdefault(name, threading.Lock())
        with loading:
            with self._cache_lock:
                if name in self._cache:
                    self._cache.move_to_end(name)
                    return self._cache[name]
            predictor = models.load(wanted)
            predictor.network = _prepared(predictor.network).to(self.device)
            if self.int8:
                int8.attach(predictor, wanted, self.device)
            with self._cache_lock:
                self._cache[name] = predictor
                while len(self._cache) > 1 and sum(map(_bytes, self._cache.values())) > self.capacity_bytes:
                    self._cache.popitem(last=False)
            return predictor


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _bytes(predictor: models.Predictor) -> int:
    tensors = [*predictor.network.parameters(), *predictor.network.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _prepared(network: nn.Module) -> nn.Module:
    """What measures faster at the same answers: batch norm folded into convolutions, channels last."""
    return fold_batch_norm(network.float()).to(memory_format=torch.channels_last)
