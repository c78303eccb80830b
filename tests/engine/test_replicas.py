"""Replicas of `segen serve`: equal answers, and none lost where one dies, is renewed, or nobody listens."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic, sleep
from typing import TYPE_CHECKING

import grpc
import httpx
import numpy as np
import psutil
import pytest

from segen.data.synthetic import landscapes, scenes
from segen.engine import Engine
from segen.errors import SegenError
from segen.registry import cards
from segen.types import (
    ClusterRequest,
    GenerateRequest,
    Generation,
    Request,
    Run,
    SegmentRequest,
    Step,
    TranslateRequest,
)

if TYPE_CHECKING:
    from tests.engine.conftest import Served

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
DIFFUSION = next(card.name for card in cards("generate") if card.options.diffusion)
GENERATOR = next(card.name for card in cards("generate") if not card.options.diffusion)
LONG = GenerateRequest(range(4), steps=30)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine("cpu")


def asked(task: str) -> tuple[str, Request[object]]:
    """A card of a task, and something to ask it."""
    picture = scenes.street(3, 128, 96)[0]
    requests: dict[str, Request[object]] = {
        "segment": SegmentRequest(picture),
        "cluster": ClusterRequest(picture),
        "generate": GenerateRequest([7, 1], steps=5),
        "translate": TranslateRequest(landscapes.landscape(1, width=64, height=64)),
    }
    return cards(task)[0].name, requests[task]  # type: ignore[arg-type]


def check_equal(one: object, other: object) -> None:
    for name, value in vars(one).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_allclose(value, getattr(other, name), atol=1e-4, err_msg=name)
            assert getattr(other, name).flags.writeable
        elif isinstance(value, str | int | bool | tuple):
            assert value == getattr(other, name), name


@pytest.mark.parametrize("task", ["segment", "cluster", "generate", "translate"])
def test_a_replica_gives_what_the_engine_gives(served: Served, engine: Engine, task: str) -> None:
    name, request = asked(task)
    *steps, run = engine.stream(name, request)
    *remote_steps, remote = served.engine.stream(name, request)
    assert isinstance(run, Run)
    assert isinstance(remote, Run)
    assert (remote.model, remote.device) == (name, "cpu")
    check_equal(run.value, remote.value)
    for step, told in zip(steps, remote_steps, strict=True):
        assert isinstance(step, Step)
        check_equal(step, told)
    assert name in served.engine.loaded()


def test_an_export_is_the_same_file(served: Served, engine: Engine) -> None:
    name = cards("segment")[0].name
    served.engine.load(name)
    assert served.engine.exported(name, (1, 64, 64), "forward") == engine.exported(
        name, (1, 64, 64), "forward"
    )


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        (GENERATOR, GenerateRequest([1], label=999)),
        (DIFFUSION, GenerateRequest([1], guidance=2)),
        (cards("cluster")[0].name, SegmentRequest(np.zeros((4, 5, 3), np.uint8))),
    ],
)
def test_errors_arrive_as_themselves(
    served: Served, engine: Engine, name: str, request_: Request[object]
) -> None:
    with pytest.raises(SegenError) as here:
        engine.run(name, request_)
    with pytest.raises(SegenError) as there:
        served.engine.run(name, request_)
    assert type(there.value) is type(here.value)
    assert (there.value.key, there.value.values) == (here.value.key, here.value.values)


@pytest.fixture(scope="module")
def long_answer(engine: Engine) -> Generation:
    return engine.run(DIFFUSION, LONG).value


def test_who_closes_the_stream_stops_the_work(served: Served) -> None:
    """Told by how long another request waits for the device between its steps."""
    short = GenerateRequest([1], steps=20)
    served.engine.run(DIFFUSION, short)
    stream = served.engine.stream(DIFFUSION, GenerateRequest([1], steps=1_000))
    next(stream)
    beside = served.engine.run(DIFFUSION, short)
    stream.close()  # type: ignore[attr-defined]
    sleep(2)
    after = served.engine.run(DIFFUSION, short)
    assert beside.queued_seconds > 0.5 * beside.seconds
    assert after.queued_seconds < 0.1 * after.seconds


def test_none_is_lost_while_a_task_is_renewed(
    served: Served, engine: Engine, long_answer: Generation
) -> None:
    """Two replicas take the place of one, and long work is under way in it."""
    from ray import serve

    from segen.engine import cluster

    expected = engine.run(GENERATOR, GenerateRequest([5]))
    (old,) = served.replicas("generate")
    renewed = Event()

    def ask_until_renewed(_: int) -> int:
        count = 0
        while not renewed.is_set():
            check_equal(served.engine.run(GENERATOR, GenerateRequest([5])).value, expected.value)
            count += 1
        return count

    with ThreadPoolExecutor(4) as pool:
        long = pool.submit(served.engine.run, DIFFUSION, LONG)
        asking = [pool.submit(ask_until_renewed, number) for number in range(2)]
        arguments = {"task": "generate", "least": 2, "most": 2, "cores": 0.1}
        serve.run(cluster.application(arguments), name="generate", route_prefix=None)
        renewed.set()
        counts = [each.result() for each in asking]
        check_equal(long.result().value, long_answer)
    assert min(counts) >= 1
    pids = {each.pid for each in served.replicas("generate")}
    assert len(pids - {old.pid}) == 2


def two_replicas(served: Served) -> list[psutil.Process]:
    """Those of the task generate, once the one that a test killed is replaced."""
    until = monotonic() + 120
    while len(found := served.replicas("generate")) < 2:
        assert monotonic() < until
        sleep(0.5)
    return found


def busiest(replicas: list[psutil.Process]) -> psutil.Process:
    before = [each.cpu_times().user for each in replicas]
    sleep(1)
    spent = [each.cpu_times().user - seconds for each, seconds in zip(replicas, before, strict=True)]
    return replicas[spent.index(max(spent))]


def test_a_stream_goes_on_where_its_replica_dies(
    served: Served, long_answer: Generation, caplog: pytest.LogCaptureFixture
) -> None:
    replicas = two_replicas(served)
    stream = served.engine.stream(DIFFUSION, LONG)
    told = [next(stream) for _ in range(3)]
    busiest(replicas).send_signal(signal.SIGKILL)
    *steps, run = [*told, *stream]
    assert "died" in caplog.text
    assert [step.done for step in steps if isinstance(step, Step)] == list(range(1, LONG.steps + 1))
    assert isinstance(run, Run)
    check_equal(run.value, long_answer)


def test_batches_of_several_visitors_survive_their_replica(
    served: Served, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    replicas = two_replicas(served)
    expected = {seed: engine.run(GENERATOR, GenerateRequest([seed])).value.images[0] for seed in range(12)}
    killed = Event()

    def ask(seed: int) -> Iterator[Generation]:
        while not killed.is_set():
            yield served.engine.run(GENERATOR, GenerateRequest([seed, seed + 4])).value
        yield served.engine.run(GENERATOR, GenerateRequest([seed, seed + 4])).value

    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(lambda seed=seed: list(ask(seed))) for seed in range(8)]
        sleep(1)
        replicas[0].send_signal(signal.SIGKILL)
        sleep(1)
        killed.set()
        for seed, answers in enumerate(asking):
            for answer in answers.result():
                assert answer.seeds == (seed, seed + 4)
                np.testing.assert_array_equal(answer.images, [expected[seed], expected[seed + 4]])
    assert "died" in caplog.text


def test_strangers_are_refused_at_every_port(served: Served) -> None:
    """What listens on more than this machine's own address asks for the token."""
    opened = 0
    for process in served.process.children(recursive=True):
        for each in process.net_connections():
            if each.status != psutil.CONN_LISTEN or each.laddr.ip.endswith("127.0.0.1"):
                continue
            opened += 1
            with grpc.insecure_channel(f"127.0.0.1:{each.laddr.port}") as channel:
                call = channel.unary_unary("/ray.serve.ASGIService/HandleRequest")
                with pytest.raises(grpc.RpcError) as refused:
                    call(b"", timeout=10)
            assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert opened == sum(
        len(served.replicas(task)) for task in ("segment", "cluster", "generate", "translate")
    )


def test_prometheus_is_told_of_requests_by_card(served: Served) -> None:
    name = cards("cluster")[0].name
    served.engine.run(*asked("cluster"))
    until = monotonic() + 30
    while True:
        told = httpx.get(f"http://127.0.0.1:{served.port + 1}/metrics", timeout=10).text
        counts = [
            line
            for line in told.splitlines()
            if line.startswith("ray_segen_requests_total{") and f'card="{name}"' in line
        ]
        if any('outcome="answered"' in line for line in counts):
            break
        assert monotonic() < until, told[-2000:]
        sleep(1)
    assert "ray_segen_seconds_count{" in told


def test_the_cluster_is_ready(served: Served) -> None:
    assert served.engine.ready()
