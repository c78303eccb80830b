"""What the page tells those who watch over it."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import httpx
import pytest

from segen.engine import Engine
from segen.ui.app import build_app, launch_options
from segen.ui.framework import health, passwords


class Watched:
    """An engine that is ready, is not, or does not say."""

    def __init__(self) -> None:
        self.is_ready, self.says = True, Event()
        self.says.set()

    def ready(self) -> bool:
        self.says.wait(30)
        return self.is_ready


@pytest.fixture(scope="module")
def watched() -> Watched:
    return Watched()


@pytest.fixture(scope="module")
def address(watched: Watched) -> Iterator[str]:
    app = build_app(watched)  # type: ignore[arg-type]
    guard = passwords.guard({"anna": passwords.hashed("a b")})
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options(guard))
    yield url
    app.close()


@pytest.mark.parametrize(("is_ready", "status"), [(True, 200), (False, 503)])
def test_a_page_is_ready_while_its_engine_is(
    address: str, watched: Watched, is_ready: bool, status: int
) -> None:
    watched.is_ready = is_ready
    assert httpx.get(f"{address}ready", timeout=60).status_code == status
    assert httpx.get(f"{address}health", timeout=60).status_code == 200


def test_an_engine_that_does_not_say_is_not_waited_for(
    address: str, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "SECONDS", 0.2)
    watched.is_ready = True
    watched.says.clear()
    try:
        assert httpx.get(f"{address}ready", timeout=60).status_code == 503
    finally:
        watched.says.set()


def test_an_engine_of_this_process_is_always_ready() -> None:
    assert Engine("cpu").ready()
