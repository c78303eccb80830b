"""One visitor's share of the device: so many works at once, and so many a minute."""

from __future__ import annotations

import pytest

from segen.errors import SegenError
from segen.ui.framework.limits import Limits


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
