"""The engine: one device, one cache, one lock, and work that stops when nobody wants it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Thread
from time import sleep

import numpy as np
import pytest
import torch
from torch import nn

from segen import engine as engine_module
from segen.engine import AGEING, Engine, Turns
from segen.errors import CardError
from segen.registry import ModelCard, cards
from segen.types import Run, Segmentation, SegmentRequest, Step

CARD = cards("segment")[0].name
REQUEST = SegmentRequest(np.zeros((4, 5, 3), dtype=np.uint8))
STEPS = 1_000


class Counter(nn.Module):
    """A network that counts its calls, and notices two at the same time."""

    def __init__(self, weights: int = 1000) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(weights))
        self.calls = 0
        self.busy = threading.Lock()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert self.busy.acquire(blocking=False), "two threads in one network"
        assert torch.is_inference_mode_enabled()
        self.calls += 1
        sleep(0.001)
        self.busy.release()
        return x + 1


class Slow:
    """A predictor of many steps, as diffusion is."""

    def __init__(self, network: nn.Module, steps: int = STEPS) -> None:
        self.network, self.steps = network, steps

    def __call__(self, request: SegmentRequest) -> Iterator[Step | Segmentation]:
        x = torch.zeros(1)
        for done in range(self.steps):
            x = self.network(x)
            yield Step(done + 1, self.steps)
        labels = np.zeros(request.image.shape[:2], dtype=np.uint8)
        yield Segmentation(labels, np.ones((1, *labels.shape), dtype=np.float32))


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Cards a, b and c with slow loaders; the names of what was loaded, in order."""
    loaded: list[str] = []
    template = cards("segment")[0]

    def load(card: ModelCard) -> Slow:
        sleep(0.05)
        loaded.append(card.name)
        return Slow(Counter(), steps=5)

    monkeypatch.setattr(engine_module, "card", lambda name: replace(template, name=name))
    monkeypatch.setattr(engine_module.models, "load", load)
    return loaded


def test_stream_gives_steps_and_then_the_run(loads: list[str]) -> None:
    *steps, last = Engine("cpu").stream("a", REQUEST)
    assert [step.done for step in steps if isinstance(step, Step)] == [1, 2, 3, 4, 5]
    assert isinstance(last, Run)
    assert (last.model, last.device, last.value.labels.shape) == ("a", "cpu", (4, 5))
    assert last.seconds >= 0.005
    assert last.queued_seconds >= 0


def test_closing_the_stream_stops_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Counter()
    monkeypatch.setattr(engine_module.models, "load", lambda card: Slow(network))
    stream = Engine("cpu").stream(cards("segment")[0].name, REQUEST)
    for _ in range(7):
        next(stream)
    stream.close()  # type: ignore[attr-defined]
    sleep(0.05)
    assert network.calls == 7


def test_ten_threads_load_a_card_once(loads: list[str]) -> None:
    engine = Engine("cpu")
    with ThreadPoolExecutor(10) as pool:
        runs = list(pool.map(lambda _: engine.run("a", REQUEST), range(10)))
    assert loads == ["a"]
    assert all(run.value.labels.shape == (4, 5) for run in runs)
    assert max(run.queued_seconds for run in runs) > 0


def test_the_card_used_longest_ago_leaves_the_cache(loads: list[str]) -> None:
    engine = Engine("cpu", capacity_bytes=2 * 4 * 1000)
    for name in ("a", "b", "a", "c"):
        engine.run(name, REQUEST)
    assert engine.loaded() == ["a", "c"]
    engine.run("b", REQUEST)
    assert loads == ["a", "b", "c", "b"]


def test_a_card_larger_than_the_cache_still_runs(loads: list[str]) -> None:
    engine = Engine("cpu", capacity_bytes=1)
    engine.run("a", REQUEST)
    engine.run("b", REQUEST)
    assert engine.loaded() == ["b"]


def test_a_long_request_lets_a_short_one_through(loads: list[str]) -> None:
    engine = Engine("cpu")
    engine.run("b", REQUEST)
    long = engine.stream("a", REQUEST)
    next(long)
    assert engine.run("b", REQUEST).model == "b"
    assert isinstance(list(long)[-1], Run)


def test_a_failed_load_is_tried_again(loads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    engine, load = Engine("cpu"), engine_module.models.load

    def fail(card: ModelCard) -> Slow:
        raise CardError("unknown_card", known="")

    monkeypatch.setattr(engine_module.models, "load", fail)
    with pytest.raises(CardError):
        engine.run("a", REQUEST)
    monkeypatch.setattr(engine_module.models, "load", load)
    assert engine.run("a", REQUEST).model == "a"


def test_unknown_names_and_paths_are_refused() -> None:
    for name in ("", "nothing", "../unet-camvid", "/etc/passwd", cards("segment")[0].name + "/"):
        with pytest.raises(CardError):
            next(Engine("cpu").stream(name, REQUEST))


def test_a_card_of_another_task_is_refused() -> None:
    with pytest.raises(CardError, match="not for the task segment"):
        Engine("cpu").run(cards("cluster")[0].name, REQUEST)


class Doubled(nn.Conv2d):
    """A convolution that is more than one, into which batch norm cannot be folded."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(pixels)


@pytest.mark.parametrize("kind", [nn.Conv2d, Doubled])
def test_folding_batch_norm_changes_no_answer(kind: type[nn.Conv2d]) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(kind(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 2, 1))
    network(torch.randn(4, 3, 9, 9) * 3 + 1)
    pixels = torch.randn(2, 3, 9, 9)
    expected = network.eval()(pixels).detach()
    prepared = engine_module._prepared(network)
    assert any(isinstance(module, nn.BatchNorm2d) for module in prepared.modules()) == (kind is Doubled)
    torch.testing.assert_close(prepared(pixels), expected, atol=1e-5, rtol=1e-5)


def test_a_network_is_prepared_to_answer_and_not_to_learn() -> None:
    prepared = engine_module._prepared(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Dropout()).half().train())
    assert [module.training for module in prepared.modules()] == [False] * 3
    weight, bias = prepared.parameters()
    assert (weight.dtype, weight.requires_grad) == (bias.dtype, bias.requires_grad) == (torch.float32, False)
    assert weight.is_contiguous(memory_format=torch.channels_last)


def test_a_large_card_takes_the_place_of_several(loads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    load = engine_module.models.load

    def load_with_buffer(card: ModelCard) -> Slow:
        predictor = load(card)
        if card.name == "c":
            predictor.network.register_buffer("table", torch.zeros(1000))
        return predictor

    monkeypatch.setattr(engine_module.models, "load", load_with_buffer)
    engine = Engine("cpu", capacity_bytes=2 * 4 * 1000)
    for name in ("a", "b", "c"):
        engine.run(name, REQUEST)
    assert engine.loaded() == ["c"], "its buffer counts, too"


def test_waiting_for_the_device_is_told_apart_from_work(loads: list[str]) -> None:
    engine = Engine("meta")
    engine.run("a", REQUEST)
    with ThreadPoolExecutor(1) as pool:
        with engine._turns.taken(0.0):
            waiting = pool.submit(engine.run, "a", REQUEST)
            sleep(1)
        run = waiting.result()
    assert run.seconds < 0.9 < run.queued_seconds
    assert run.device == "meta"


def test_the_request_with_the_least_left_is_next() -> None:
    turns, order = Turns(), []
    left = {"long": 60.0, "short": 0.0, "middle": 30.0}

    def work(name: str) -> None:
        with turns.taken(left[name]):
            order.append(name)

    threads = [Thread(target=work, args=(name,)) for name in left]
    with turns.taken(0.0):
        for number, thread in enumerate(threads, start=1):
            thread.start()
            while len(turns._waiting) < number:
                sleep(0.001)
    for thread in threads:
        thread.join(10)
    assert order == ["short", "middle", "long"]
    assert not turns._waiting


def test_a_step_that_was_waited_for_long_comes_before_a_new_short_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr("segen.engine.monotonic", lambda: now[0])
    turns, order = Turns(), []

    def work(name: str, seconds_left: float) -> None:
        with turns.taken(seconds_left):
            order.append(name)

    threads = [Thread(target=work, args=("long", 60.0)), Thread(target=work, args=("short", 0.0))]
    with turns.taken(0.0):
        for number, thread in enumerate(threads, start=1):
            thread.start()
            while len(turns._waiting) < number:
                sleep(0.001)
            now[0] += 60.0 / AGEING + 1
    for thread in threads:
        thread.join(10)
    assert order == ["long", "short"]


def test_what_fails_or_is_interrupted_frees_the_device() -> None:
    turns = Turns()
    with pytest.raises(KeyboardInterrupt), turns.taken(0.0):
        raise KeyboardInterrupt
    with turns.taken(0.0):
        pass
