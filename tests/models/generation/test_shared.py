"""Calls of a network that requests share: fewer calls, the same bytes, and nobody in another's way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Thread
from time import sleep
from typing import Any

import numpy as np
import pytest
import torch

from segen.engine import Engine
from segen.models.generation.diffusion import BATCH
from segen.models.generation.shared import SharedCalls
from segen.registry import ModelCard, cards
from segen.types import GenerateRequest, Run
from tests.models.generation.tiny_diffusion import CARD, drawn

STEPS = 4
FEW: tuple[dict[str, Any], ...] = (
    {"label": 3, "sampler": "ddim"},
    {"sampler": "ddpm"},
    {"label": 1, "sampler": "dpm-solver", "guidance": 2.5},
)
"""Requests that differ in all that a network is asked with."""


def in_turns(streams: list[Iterator[Any]]) -> list[Any]:
    """A step of each in turn; the last item of each."""
    last: list[Any] = [None] * len(streams)
    going = dict(enumerate(streams))
    while going:
        for number, stream in list(going.items()):
            try:
                last[number] = next(stream)
            except StopIteration:
                del going[number]
    return last


def test_requests_of_all_kinds_share_calls_and_keep_their_bytes(engine: Engine, calls: list[int]) -> None:
    requests = [
        GenerateRequest(range(10 * number, 10 * number + 3), steps=STEPS + number, **few)
        for number, few in enumerate(FEW)
    ]
    alone = [engine.run(CARD.name, request).value.images for request in requests]
    calls.clear()
    runs = in_turns([engine.stream(CARD.name, request) for request in requests])
    assert all(np.array_equal(run.value.images, images) for run, images in zip(runs, alone, strict=True))
    assert set(calls) == {BATCH}
    longest = STEPS + len(FEW) - 1
    assert len(calls) <= longest + len(FEW) - 1, "those that begin later share from their second step on"


@pytest.mark.parametrize("card", cards("generate"), ids=lambda card: card.name)
def test_company_changes_no_byte_of_a_card(card: ModelCard) -> None:
    engine = Engine("cpu")
    first, second = (GenerateRequest(seeds, steps=2) for seeds in ([40], [7, 8, 9]))
    alone = [engine.run(card.name, request).value.images for request in (first, second)]
    predictor = engine._predictor(card.name)
    with torch.inference_mode():
        items = in_turns([iter(predictor(request)) for request in (first, second)])
    assert all(np.array_equal(each.images, images) for each, images in zip(items, alone, strict=True))


def test_one_call_draws_for_all_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, name = Engine("cpu"), "gan-fashion"
    calls: list[int] = []
    network = engine._predictor(name).network
    network.register_forward_hook(lambda _module, given, _found: calls.append(len(given[0])))
    runs: dict[int, Run[Any]] = {}

    def ask(seed: int) -> None:
        runs[seed] = engine.run(name, GenerateRequest([seed]))

    threads = [Thread(target=ask, args=(seed,)) for seed in range(8)]
    with engine._turns.taken(0.0):
        for thread in threads:
            thread.start()
        while len(engine._turns._waiting) < len(threads):
            sleep(0.001)
    for thread in threads:
        thread.join(60)
    assert len(calls) == 1
    for seed, run in runs.items():
        assert np.array_equal(run.value.images, engine.run(name, GenerateRequest([seed])).value.images)


def test_a_request_without_room_beside_another_calls_by_itself(engine: Engine, calls: list[int]) -> None:
    requests = [GenerateRequest(range(9), steps=STEPS), GenerateRequest(range(20, 29), steps=STEPS)]
    in_turns([engine.stream(CARD.name, request) for request in requests])
    assert calls == [BATCH] * 2 * STEPS


def test_stop_of_one_lets_the_other_go_on_without_it(engine: Engine, calls: list[int]) -> None:
    request = GenerateRequest([5], steps=STEPS, label=2)
    expected = engine.run(CARD.name, request).value.images
    other = engine.stream(CARD.name, GenerateRequest([1], steps=1000))
    going = engine.stream(CARD.name, request)
    next(other), next(going)
    predictor: Any = engine._predictor(CARD.name)
    assert len(predictor._calls._noted) == 2
    other.close()  # type: ignore[attr-defined]
    assert len(predictor._calls._noted) == 1, "what was stopped asks no more"
    calls.clear()
    *_, run = going
    assert np.array_equal(run.value.images, expected)  # type: ignore[union-attr]
    assert len(calls) == STEPS - 1


def test_a_call_that_fails_is_the_callers_alone(engine: Engine) -> None:
    requests = [GenerateRequest([seed], steps=STEPS) for seed in (1, 2)]
    expected = drawn(engine, [2], steps=STEPS).images
    failing, going = (engine.stream(CARD.name, request) for request in requests)
    next(failing), next(going)
    next(going)  # answers for both
    next(failing)

    def fail(*_: object) -> None:
        raise RuntimeError("a fault of the network")

    hook = engine._predictor(CARD.name).network.register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="a fault"):
        next(failing)
    hook.remove()
    *_, run = going
    assert np.array_equal(run.value.images, expected)  # type: ignore[union-attr]


@pytest.fixture
def network() -> Callable[..., torch.Tensor]:
    def doubled(rows: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        assert len(rows) == 4
        return 2 * rows + (0 if labels is None else labels)

    return doubled


def test_the_oldest_questions_that_fit_are_answered_first(network: Callable[..., torch.Tensor]) -> None:
    calls = SharedCalls(4)
    questions = [calls.note(torch.full((count,), 1.0 * count), None) for count in (3, 2, 1, 1)]
    assert calls.answer(questions[1], network).tolist() == [4.0, 4.0]
    assert [each.answer is None for each in questions] == [True, False, False, False]
    assert calls.answer(questions[0], network).tolist() == [6.0, 6.0, 6.0]
    asked = calls.note(torch.ones(2), torch.tensor([1, 2]))
    assert calls.answer(asked, network).tolist() == [3.0, 4.0]


def test_an_answer_is_given_once(network: Callable[..., torch.Tensor]) -> None:
    calls = SharedCalls(4)
    question = calls.note(torch.ones(1), None)
    found = calls.answer(question, network)
    assert calls.answer(question, lambda *_: torch.zeros(4)) is found
