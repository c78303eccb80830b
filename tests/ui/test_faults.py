"""Faults in the middle of a request: each is one sentence, and the next request is served."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from benchmarks.server import serving
from segen.errors import InputError, sentence
from segen.text import words
from segen.types import Generation, Run, Step
from segen.ui.app import build_app, launch_options

pytestmark = pytest.mark.slow
ASKED = {"data": ["dcgan-fashion", 0, 1, "", 50, 1]}
UNEXPECTED = words("en", "errors.unexpected", kind="{kind}")
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/secret/place")


class FaultyEngine:
    """An engine that makes one picture in two steps, and raises `fault` between them if there is one."""

    def __init__(self) -> None:
        self.fault: BaseException | None = None

    def stream(self, name: str, request: Any) -> Iterator[Step | Run[Generation]]:
        yield Step(1, 2)
        if self.fault:
            raise self.fault
        made = Generation(np.zeros((1, 4, 4, 3), np.uint8), None, (0,))
        yield Run(made, name, "cpu", 0.0, 0.0)


ENGINE = FaultyEngine()


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    app = build_app(ENGINE)  # type: ignore[arg-type]
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    with httpx.Client(base_url=f"{url}gradio_api/", timeout=120) as client:
        yield client
    app.close()


def answer(client: httpx.Client) -> tuple[str, Any]:
    """How a call ends, and what it tells."""
    begun = client.post("call/generate", json=ASKED).json()
    kind, told = client.get(f"call/generate/{begun['event_id']}").text.strip().split("\n\n")[-1].split("\n")
    return kind.removeprefix("event: "), json.loads(told.removeprefix("data: "))


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (InputError("out_of_memory"), words("en", "errors.out_of_memory")),
        (FULL, sentence(FULL)),
        (RuntimeError("at /secret/place"), UNEXPECTED.format(kind="RuntimeError")),
        (SystemExit(1), UNEXPECTED.format(kind="SystemExit")),  # what ends a thread without a word
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_fault_is_told_and_the_next_request_served(
    client: httpx.Client, fault: BaseException, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ENGINE, "fault", fault)
    kind, content = answer(client)
    assert (kind, content["error"]) == ("error", told)
    assert "secret" not in json.dumps(content)
    monkeypatch.setattr(ENGINE, "fault", None)
    assert answer(client)[0] == "complete"


def test_a_disk_that_is_full_when_a_result_is_kept_is_told(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> str:
        raise FULL

    with monkeypatch.context() as patched:
        patched.setattr("segen.ui.api.saved", full)
        kind, content = answer(client)
        assert (kind, content["error"]) == ("error", sentence(FULL))
    assert answer(client)[0] == "complete"


def test_a_page_that_is_slow_at_the_start_does_not_end_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: Any, **__: Any) -> None:
        raise httpx.ReadTimeout("no answer within three seconds")

    monkeypatch.setattr("gradio.networking.httpx.head", slow)
    app = build_app(ENGINE)  # type: ignore[arg-type]
    try:
        _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
        with httpx.Client(base_url=f"{url}gradio_api/", timeout=120) as client:
            assert answer(client)[0] == "complete"
    finally:
        app.close()


SERVED_TWICE = """
from http.server import HTTPServer, SimpleHTTPRequestHandler
server = HTTPServer(("127.0.0.1", int(os.environ["GRADIO_SERVER_PORT"])), SimpleHTTPRequestHandler)
server.handle_request()
server.handle_request()
"""


@pytest.mark.parametrize("served", ["", SERVED_TWICE], ids=["at the start", "later"])
def test_a_server_that_ends_by_itself_is_told_with_the_end_of_its_log(
    served: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.py").write_text(f"import os\n{served}\nraise SystemExit('out of breath')")
    monkeypatch.chdir(tmp_path)

    def ask_twice() -> None:
        with serving(tmp_path) as address:
            httpx.get(address)
            httpx.get(address)

    with pytest.raises(SystemExit, match=r"(?s)by itself, with 1\..*out of breath"):
        ask_twice()
