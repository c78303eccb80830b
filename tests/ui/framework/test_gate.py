"""What a stranger may not ask of the web app, each attack as it was tried."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import gradio as gr
import httpx
import pytest

from segen.errors import InputError
from segen.text import words
from segen.ui.app import build_app, launch_options
from segen.ui.framework import arguments, gate
from segen.ui.framework.gate import Gate, RefusedError, _bounded

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def app() -> gr.Blocks:
    return build_app(engine=None)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def client(app: gr.Blocks) -> Iterator[httpx.Client]:
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    with httpx.Client(base_url=url, timeout=60) as client:
        yield client
    app.close()


def _event(app: gr.Blocks, name: str) -> int:
    return next(number for number, event in app.fns.items() if event.api_name == name)


def _sentence(answer: httpx.Response, status: int, key: str, language: str = "en", **values: object) -> None:
    assert answer.status_code == status
    assert answer.json()["detail"] == words(language, f"errors.{key}", **values)


def test_every_private_event_is_closed_to_calls_without_a_visit(app: gr.Blocks, client: httpx.Client) -> None:
    private = {n: event for n, event in app.fns.items() if event.api_visibility != "public"}
    assert len(private) > 100
    ways = ("run", "api", "call", "call/v2")
    for each, (number, event) in enumerate(private.items()):
        data = {"data": [None] * len(event.inputs)}
        named = client.post(f"gradio_api/{ways[each % 4]}/{event.api_name}", json=data)
        path = ("run/predict", "run/models", "call/models", "queue/join")[each % 4]
        for answer in (named, client.post(f"gradio_api/{path}", json={**data, "fn_index": number})):
            _sentence(answer, 404, "no_endpoint")


def test_nothing_passes_the_queue(app: gr.Blocks, client: httpx.Client) -> None:
    call = {"data": [None, "unet-camvid"]}
    assert client.post("gradio_api/run/segment", json=call).status_code == 404
    call |= {"fn_index": _event(app, "segment"), "session_hash": "me"}
    assert client.post("gradio_api/run/segment", json=call).status_code == 404
    assert client.post("gradio_api/run/predict", json=call).status_code == 404


def test_the_page_may_still_call_its_own_events(app: gr.Blocks, client: httpx.Client) -> None:
    call = {"data": [], "fn_index": _event(app, "load"), "session_hash": "me"}
    assert client.post("gradio_api/run/predict", json=call).status_code == 200
    assert client.post("gradio_api/run/models", json={"data": ["segment"]}).status_code == 200


@pytest.mark.parametrize("number", [-1, 10**6, "3", 1.5, True, [3], {"a": 1}])
def test_a_number_that_is_no_event_gets_a_sentence(client: httpx.Client, number: object) -> None:
    call = {"data": [], "fn_index": number, "session_hash": "me"}
    for path in ("run/predict", "queue/join"):
        answer = client.post(f"gradio_api/{path}", json=call, headers={"Accept-Language": "zh"})
        _sentence(answer, 404, "no_endpoint", "zh")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"3", b'{"data": 3}', b"[" * 100_000, b'{"data": [], "batched": true}']
)
def test_what_is_no_call_gets_a_sentence(client: httpx.Client, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    _sentence(client.post("gradio_api/call/segment", content=content, headers=headers), 400, "arguments")


@pytest.mark.parametrize("path", ["deep_link?session_hash=me", "proxy=http://127.0.0.1:1/", "stream/x/close"])
def test_routes_that_the_page_does_not_use_are_closed(client: httpx.Client, path: str) -> None:
    for method in ("GET", "POST"):
        _sentence(client.request(method, f"gradio_api/{path}"), 404, "no_endpoint")


def test_what_is_too_large_is_refused(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MAX_CALL_BYTES", 2_000_000)
    monkeypatch.setattr(gate, "MAX_UPLOAD_BYTES", 2_000_000)
    call = json.dumps({"data": ["x" * 2_000_000]}).encode()
    _sentence(client.post("gradio_api/call/models", content=call), 413, "too_much_sent", most="2")
    files = [("files", (f"{n}.png", bytes(900_000))) for n in range(3)]
    _sentence(client.post("gradio_api/upload", files=files), 413, "too_much_sent", most="2")

    def pieces() -> Iterator[bytes]:
        yield from (bytes(900_000) for _ in range(3))

    answer = client.post("gradio_api/call/models", content=pieces())
    _sentence(answer, 413, "too_much_sent", most="2")


def test_a_client_that_sends_nothing_more_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "IDLE_SECONDS", 0.05)

    async def silent() -> Any:
        await asyncio.sleep(60)

    receive = _bounded({"type": "http", "headers": []}, silent, 10)
    with pytest.raises(RefusedError) as refused:
        asyncio.run(receive())  # type: ignore[arg-type]
    assert refused.value.status == 408


def test_a_client_that_has_sent_all_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "IDLE_SECONDS", 0.05)
    messages = iter([{"type": "http.request", "body": b"1"}, {"type": "http.disconnect"}])

    async def slow() -> Any:
        await asyncio.sleep(0.02 if (message := next(messages))["type"] == "http.request" else 0.2)
        return message

    receive = _bounded({"type": "http", "headers": []}, slow, 10)

    async def both() -> list[Any]:
        return [await receive(), await receive()]

    assert [each["type"] for each in asyncio.run(both())] == ["http.request", "http.disconnect"]


def test_a_full_queue_is_said_so(
    app: gr.Blocks, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "MAX_WAITING", 0)
    _sentence(client.post("gradio_api/call/segment", json={"data": [None, ""]}), 429, "queue_full", most=0)


def test_an_odd_request_line_leaves_the_server_up(client: httpx.Client) -> None:
    address = urlsplit(str(client.base_url))
    for line in (
        b"POST /gradio_api/call/segment HTTP/1.1\r\nContent-Length: x",
        b"GET /\0 HTTP/1.1",
        b"\xff",
    ):
        with socket.create_connection((str(address.hostname), int(address.port or 0)), 5) as connection:
            connection.sendall(line + b"\r\nHost: x\r\n\r\n")
            connection.settimeout(5)
            connection.recv(1000)
    assert client.get("").status_code == 200


def test_a_fault_behind_the_gate_is_one_sentence() -> None:
    sent: list[Any] = []

    async def faulty(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError("secret")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/x", "headers": [], "query_string": b""}
    asyncio.run(Gate(faulty)(scope, None, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["detail"] == words("en", "errors.unexpected", kind="KeyError")


@pytest.mark.parametrize("value", ["1", [1], {"a": 1}, True, 1e400])
@pytest.mark.parametrize(("endpoint", "at", "count"), [("cluster", 4, 7), ("generate", 5, 6)])
def test_a_number_that_is_none_gets_a_sentence(
    app: gr.Blocks, endpoint: str, at: int, count: int, value: object
) -> None:
    event = app.fns[_event(app, endpoint)]
    data = [*(None,) * at, value, *(None,) * (count - at - 1)]
    with pytest.raises(InputError) as refused:
        asyncio.run(app.preprocess_data(event, data, None))
    assert refused.value.key == "arguments"


def test_an_event_without_what_the_browser_tells_gets_a_sentence(
    app: gr.Blocks, client: httpx.Client, capfd: pytest.CaptureFixture[str]
) -> None:
    told = {number: event for number, event in app.fns.items() if arguments.reads_event(event)}
    assert len(told) > 8
    for number, event in told.items():
        if event.queue:
            continue
        call = {"data": [None] * len(event.inputs), "fn_index": number, "session_hash": "me"}
        for sent in ({}, {"event_data": {}}, {"event_data": {"index": 3, "options": 3, "example": []}}):
            answer = client.post("gradio_api/run/predict", json=call | sent)
            assert sent or answer.json()["error"] == words("en", "errors.arguments")
    assert "Traceback" not in capfd.readouterr().err
