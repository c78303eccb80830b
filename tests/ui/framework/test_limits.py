"""One visitor's share of the device: so many works at once, and so many a minute."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from segen.errors import SegenError
from segen.ui.framework.limits import Limits
from segen.ui.framework.page import Page
from segen.ui.framework.queue import ASKING, DEVICE


def test_a_visitor_starts_so_many_works_a_minute_and_again_later() -> None:
    time = 0.0
    limits = Limits(at_once=9, per_minute=2, now=lambda: time)
    limits.admit("a", 0)
    time = 20.0
    limits.admit("a", 0)
    with pytest.raises(SegenError, match="wait 41 s"):
        limits.admit("a", 0)
    limits.admit("b", 0)
    time = 60.0
    limits.admit("a", 0)
    with pytest.raises(SegenError):
        limits.admit("a", 0)


def test_a_visitor_has_so_many_works_at_once() -> None:
    limits = Limits(at_once=2, per_minute=100)
    limits.admit("a", 1)
    with pytest.raises(SegenError, match="2 works running or waiting"):
        limits.admit("a", 2)


def test_visitors_are_forgotten_after_a_minute() -> None:
    time = 0.0
    limits = Limits(at_once=1, per_minute=1, now=lambda: time)
    for number in range(100):
        limits.admit(f"visitor {number}", 0)
    time = 61.0
    limits.admit("another", 0)
    assert list(limits._begun) == ["another"]


def _of(host: str) -> Any:
    return SimpleNamespace(client=SimpleNamespace(host=host))


def _event(concurrency_id: str, visibility: str) -> Any:
    return SimpleNamespace(concurrency_id=concurrency_id, api_visibility=visibility)


def test_a_page_counts_what_a_visitor_has_in_the_queue() -> None:
    page = Page(Limits(at_once=1, per_minute=100))
    asks, works = _event(ASKING, "private"), _event(DEVICE["concurrency_id"], "private")
    calls = _event(DEVICE["concurrency_id"], "public")
    waiting = SimpleNamespace(concurrency_id=DEVICE["concurrency_id"], request=_of("a"))
    page._queue.event_ids_to_events["1"] = waiting  # type: ignore[assignment]
    with pytest.raises(SegenError, match="1 works"):
        page._admit(block_fn=asks, request=_of("a"))
    page._admit(block_fn=asks, request=_of("b"))
    page._admit(block_fn=works, request=_of("a"))  # it was counted when it was asked for
    page._admit(block_fn=calls, request=_of("a"))  # the one that waits is this call
    page._queue.event_ids_to_events["2"] = waiting  # type: ignore[assignment]
    with pytest.raises(SegenError):
        page._admit(block_fn=calls, request=_of("a"))
    page._admit(block_fn=calls, request=_of("a"), iterator=iter(()))  # a further step of one under way
    assert Page().limits is None
