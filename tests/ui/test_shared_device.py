"""One visitor does not occupy the service: work ends with its client, several go on, a call has a budget."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import gradio as gr
import httpx
import numpy as np
import pytest

from segen.imaging import images
from segen.text import words
from segen.types import Step
from segen.ui.app import build_app, launch_options
from segen.ui.framework import queue
from segen.ui.framework.queue import alone_if_large

pytestmark = pytest.mark.slow
LONG = ["ddpm-fashion", 0, 16, "", 1_000, 1]


class LongWork:
    """An engine whose every request takes longer than a test waits, and that counts those that were ended."""

    def __init__(self) -> None:
        self.ended = 0

    def stream(self, name: str, request: Any) -> Iterator[Step]:
        try:
            for done in range(1, 10_001):
                sleep(0.05)
                yield Step(done, 10_000)
        finally:
            self.ended += 1

    def ends(self, count: int) -> bool:
        began = monotonic()
        while self.ended < count and monotonic() - began < 120:
            sleep(0.05)
        return self.ended == count


WORK = LongWork()


@pytest.fixture
def engine() -> LongWork:
    WORK.ended = 0
    return WORK


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    app = build_app(WORK)  # type: ignore[arg-type]
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    yield url
    app.close()


def _begin(address: str, data: list[Any]) -> str:
    """Ask for a generation the way curl does; returns where its answer is."""
    url = f"{address}gradio_api/call/generate"
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps({"data": data}).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return f"{url}/{json.load(answer)['event_id']}"


def test_several_are_under_way_at_once_and_end_when_their_clients_hang_up(
    address: str, engine: LongWork
) -> None:
    answers = [urllib.request.urlopen(_begin(address, LONG)) for _ in range(4)]
    for answer in answers:
        assert answer.readline() == b"event: generating\n", "each has begun"
    assert engine.ended == 0
    for answer in answers:
        answer.close()
    assert engine.ends(4)


def test_the_work_of_a_page_that_is_closed_in_the_middle_ends(address: str, engine: LongWork) -> None:
    """Asked for as the page does: it joins the queue and listens to all that its visit is told."""
    with httpx.Client(base_url=f"{address}gradio_api/", timeout=120) as client:
        events = client.get("../config").json()["dependencies"]
        number = next(event["id"] for event in events if event["api_name"] == "generate")
        visit = {"session_hash": "closed"}
        client.post("queue/join", json={"fn_index": number, "data": LONG} | visit).raise_for_status()
        with client.stream("GET", "queue/data", params=visit) as told:
            assert any("process_generating" in line for line in told.iter_lines()), "it has begun"
        assert engine.ends(1)


def test_the_work_of_a_client_that_never_listens_ends(
    address: str, engine: LongWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segen.ui.framework.page.MAX_UNREAD", 4)
    _begin(address, LONG)
    assert engine.ends(1)


@pytest.mark.parametrize(
    ("count", "steps", "key", "values"),
    [
        (17, 1_000, "too_much_work", {"count": 17, "steps": 1_000, "most": "16,000"}),
        (1, 10**9, "steps_out_of_range", {"most": "1,000"}),
    ],
)
def test_a_call_has_a_budget(
    address: str, engine: LongWork, count: int, steps: int, key: str, values: dict[str, Any]
) -> None:
    with urllib.request.urlopen(_begin(address, ["ddpm-fashion", 0, count, "", steps, 1])) as answer:
        kind, content = answer.read().decode().strip().split("\n")[:2]
    assert kind == "event: error"
    assert json.loads(content.removeprefix("data: "))["error"] == words("en", f"errors.{key}", **values)
    assert engine.ended == 0


def test_one_large_picture_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = tmp_path / "small.png", tmp_path / "large.png"
    small.write_bytes(images.encode(np.zeros((4, 4, 3), np.uint8)))
    large.write_bytes(images.encode(np.zeros((5, 4, 3), np.uint8)))
    monkeypatch.setattr(queue, "LARGE_PIXELS", 16)
    monkeypatch.setattr(queue, "TOLD_SECONDS", 0.01)
    work = alone_if_large(lambda given: iter(["begun", "done"]))
    first, second, third = (work({"picture": each}) for each in (large, large, small))
    assert next(first) == "begun"
    assert next(second) == gr.skip(), "it waits, and can be stopped meanwhile"
    assert list(third) == ["begun", "done"]
    first.close()
    assert [item for item in second if item != gr.skip()] == ["begun", "done"]
    assert list(work(large)) == ["begun", "done"], "the turn was given back"
    (tmp_path / "no.png").write_bytes(b"no picture")
    assert list(work(tmp_path / "no.png")) == ["begun", "done"], "whoever reads it says what is wrong"
