"""What the page's side makes of replicas that die, without a cluster; and how `segen serve` refuses."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from itertools import repeat
from threading import Event
from typing import Any

import numpy as np
import pytest
from ray.exceptions import ActorDiedError
from ray.serve.exceptions import RequestCancelledError

from segen.cli.main import main
from segen.engine import Engine, cluster, remote, serving
from segen.engine.replica import drawn_together
from segen.errors import InputError, SegenError, UsageError
from segen.registry import cards
from segen.text import words
from segen.types import GenerateRequest, Run, SegmentRequest, Step

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
NAME = cards("segment")[0].name
REQUEST = SegmentRequest(np.zeros((4, 5, 3), np.uint8))
RUN: Run[str] = Run("value", NAME, "cpu", 0.0, 0.0)
STEPS = [Step(1, 3), Step(2, 3), Step(3, 3)]


class Answers:
    """What a handle gives: items, an exception among them, then nothing until it is cancelled."""

    def __init__(self, items: list[Any]) -> None:
        self.items, self.cancelled = items, Event()

    def __iter__(self) -> Iterator[bytes]:
        for item in self.items:
            if isinstance(item, Exception) and not isinstance(item, SegenError):
                raise item
            yield pickle.dumps(item)
        if RUN not in self.items:
            assert self.cancelled.wait(10)
            raise RequestCancelledError

    def cancel(self) -> None:
        self.cancelled.set()


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Callable[..., remote.RemoteEngine]:
    """An engine of which each try is answered by the next of these items."""

    def engine(*tries: list[Any]) -> remote.RemoteEngine:
        answers = iter(tries)

        class Handle:
            def options(self, **_: Any) -> Handle:
                return self

            def remote(self, sent: bytes) -> Answers:
                return Answers(next(answers))

        monkeypatch.setattr(remote.RemoteEngine, "__init__", lambda self: None)
        made = remote.RemoteEngine()  # type: ignore[call-arg]
        made._handles, made._answered = {"segment": Handle()}, {}
        return made

    return engine


def test_steps_are_told_once_though_three_replicas_die(asking: Callable[..., remote.RemoteEngine]) -> None:
    died = ActorDiedError()
    engine = asking([died], [*STEPS[:2], died], [STEPS[0], died], [*STEPS, RUN])
    assert list(engine.stream(NAME, REQUEST)) == [*STEPS, RUN]


def test_a_request_that_kills_every_replica_ends(asking: Callable[..., remote.RemoteEngine]) -> None:
    engine = asking(*repeat([ActorDiedError()], remote.TRIES))
    with pytest.raises(InputError) as caught:
        engine.run(NAME, REQUEST)
    assert caught.value.key == "replicas_died"


@pytest.mark.parametrize("ready", [True, False])
def test_nobody_is_waited_for_where_no_replica_runs(
    ready: bool, asking: Callable[..., remote.RemoteEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(cluster, "ready", lambda: ready)
    if ready:
        assert asking([*STEPS, RUN]).run(NAME, REQUEST) == RUN
        return
    with pytest.raises(InputError) as caught:
        asking([]).run(NAME, REQUEST)
    assert caught.value.key == "no_replica"


def test_several_requests_are_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """For each label; the pictures are those that each request gets alone."""
    options = {card.name: card.options for card in cards("generate")}
    conditional = next(name for name, each in options.items() if each.conditional and not each.diffusion)
    engine, run = Engine("cpu"), Engine.run
    requests = [GenerateRequest([1, 2], 3), GenerateRequest([9], 4), GenerateRequest([5], 3)]
    alone = [engine.run(conditional, request).value for request in requests]
    runs: list[int] = []

    def counted(self: Engine, name: str, request: GenerateRequest) -> Any:
        runs.append(len(request.seeds))
        return run(self, name, request)

    monkeypatch.setattr(Engine, "run", counted)
    *answers, fault = drawn_together(engine, conditional, [*requests, GenerateRequest([1], 999)])
    assert sorted(runs) == [1, 1, 3]
    assert isinstance(fault, InputError)
    for expected, answer in zip(alone, answers, strict=True):
        assert isinstance(answer, Run)
        np.testing.assert_array_equal(answer.value.images, expected.images)
        assert (answer.value.seeds, answer.value.labels) == (expected.seeds, expected.labels)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nothing", "127.0.0.1:99999999"])
def test_a_cluster_that_is_not_there_is_named(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        serving.engine(address)
    assert (caught.value.key, caught.value.values["address"]) == ("no_cluster", address)


def test_a_cluster_that_does_not_start_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_: Any) -> None:
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(cluster.ray, "init", broken)
    monkeypatch.setenv("RAY_GCS_SERVER_PORT", "")
    assert main(["serve", "--port", "7000"]) == 2
    assert words("en", "errors.cluster_not_started", port=7000) in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [("--least", "0"), ("--least", "3", "--most", "2"), ("--cores", "-1"), ("--port", "0")]
)
def test_serve_refuses_numbers_that_make_no_sense(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *arguments]) == 2
    assert capsys.readouterr().err.strip() == UsageError("serve_numbers").sentence()


def test_without_ray_the_way_out_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serving, "find_spec", lambda name: None)
    assert main(["serve"]) == 2
    assert 'pip install "segen[serve]"' in capsys.readouterr().err
