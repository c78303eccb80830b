"""The gate of the web app: what a stranger may ask of it, and how much they may send.

Gradio lets anyone call every event of a page by its name or number. Here a call by name reaches public
endpoints only, and an event of the page only a client that says which visit it belongs to. All faults found
here, and those that Gradio leaves as a bare status, are answered with one sentence in the caller's language.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse

from segen import __version__
from segen.errors import SegenError
from segen.ui.framework.language import language_of

if TYPE_CHECKING:
    from gradio import Blocks
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIX = "/gradio_api"
MAX_UPLOAD_BYTES = 64_000_000
"""Of all files of one upload together."""
MAX_CALL_BYTES = 8_000_000
"""Of the arguments of one call: pictures are uploaded before it."""
MAX_WAITING = 100
"""Events that wait in the queue, of all visitors together."""
IDLE_SECONDS = 30.0
"""A client that sends nothing for so long is not waited for."""
CLOSED = (
    "/deep_link", "/proxy=", "/process_recording", "/stream/", "/vibe", "/undo-vibe", "/mcp/sse",
    "/mcp/messages",
)  # fmt: skip
"""Routes of Gradio that have no use here: they write to disk, fetch addresses, run programs or stay open."""
TOOLS = ("/mcp", "/mcp/http")
"""Where an MCP server is asked, by POST alone: a GET would stay open without a word."""
HEADERS = {
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Segen-Version": __version__
}  # fmt: skip
"""Of every answer: a file is what it says it is, and an address with its options goes nowhere else."""
_CALLS = ("/call/v2/", "/call/", "/run/", "/api/")
_LOG = logging.getLogger(__name__)


class RefusedError(Exception):
    """An answer in place of Gradio's: an HTTP status, and a fault that is put into words."""

    def __init__(self, status: int, fault: SegenError) -> None:
        super().__init__(fault.key)
        self.status, self.fault = status, fault


class Gate:
    """ASGI middleware that refuses what the page and the public API have no use for."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with a sentence; connections other than HTTP pass."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            if message.get("status") == 422:  # FastAPI's, a list in English
                raise RefusedError(400, SegenError("arguments"))
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            begun = True
            await send(message)

        try:
            await self.app(scope, await _admitted(scope, receive), noted)
        except RefusedError as refusal:
            answer = refusal
        except Exception as fault:
            if begun:  # too late for another answer
                raise
            _LOG.error("%s %s: %s", scope["method"], scope["path"].split("=")[0], type(fault).__name__)
            answer = RefusedError(500, SegenError("unexpected", kind=type(fault).__name__))
        else:
            return
        if not begun:
            told = answer.fault.sentence(language_of(Request(scope)))
            await JSONResponse({"detail": told, "error": told}, answer.status, HEADERS)(scope, receive, send)


async def _admitted(scope: Scope, receive: Receive) -> Receive:
    """What the app may receive of a request. Raises RefusedError."""
    _, _, path = scope["path"].rstrip("/").partition(PREFIX)
    if path.startswith(CLOSED):
        raise RefusedError(404, SegenError("no_endpoint"))
    if path in TOOLS and scope["method"] != "POST":
        raise RefusedError(405, SegenError("no_endpoint"))
    if scope["method"] not in ("POST", "PUT", "PATCH"):
        return receive
    if path == "/upload":
        return _bounded(scope, receive, MAX_UPLOAD_BYTES)
    bounded = _bounded(scope, receive, MAX_CALL_BYTES)
    name = next((path.removeprefix(call) for call in _CALLS if path.startswith(call)), None)
    if name is None and path != "/queue/join":
        return bounded
    content = b""
    more = True
    while more:
        message = await bounded()
        if message["type"] == "http.disconnect":
            raise RefusedError(400, SegenError("arguments"))
        content += message.get("body", b"")
        more = message.get("more_body", False)
    _check_call(scope["app"].get_blocks(), name, content, by_arguments=path.startswith("/call/v2/"))
    read = iter([{"type": "http.request", "body": content, "more_body": False}])

    async def again() -> Message:
        return next(read, None) or await receive()

    return again


def _bounded(scope: Scope, receive: Receive, most: int) -> Receive:
    """Receives up to `most` bytes, from a client that goes on sending."""
    told = Request(scope).headers.get("content-length", "0")
    if not told.isdecimal() or int(told) > most:
        raise RefusedError(413, SegenError("too_much_sent", most=f"{most / 1e6:.0f}"))
    count, whole = 0, False

    async def bounded() -> Message:
        nonlocal count, whole
        if whole:  # what comes now is the end of the connection, for which long work waits
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), IDLE_SECONDS)
        except TimeoutError:
            raise RefusedError(408, SegenError("sent_too_slowly")) from None
        count += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if count > most:
            raise RefusedError(413, SegenError("too_much_sent", most=f"{most / 1e6:.0f}"))
        return message

    return bounded


def _check_call(page: Blocks, name: str | None, content: bytes, by_arguments: bool) -> None:
    """Raise RefusedError unless this is a call of a public endpoint, or of a page event by a visit."""
    try:
        sent = json.loads(content)
    except (ValueError, RecursionError):
        raise RefusedError(400, SegenError("arguments")) from None
    if not isinstance(sent, dict):
        raise RefusedError(400, SegenError("arguments"))
    number = None if by_arguments else sent.get("fn_index")
    if number is None:
        named = [event for event in page.fns.values() if event.api_name == name]
    else:
        named = [page.fns[number]] if type(number) is int and number in page.fns else []
        if name not in (None, "predict", *(event.api_name for event in named)):
            named = []
    if not named:
        raise RefusedError(404, SegenError("no_endpoint"))
    event = named[0]
    visit = sent.get("session_hash")
    by_page = number is not None and isinstance(visit, str) and 0 < len(visit) <= 64
    if event.api_visibility == "private" and not by_page:
        raise RefusedError(404, SegenError("no_endpoint"))
    if not by_arguments and (not isinstance(sent.get("data"), list) or sent.get("batched")):
        raise RefusedError(400, SegenError("arguments"))
    if event.queue and len(page._queue) >= MAX_WAITING:
        raise RefusedError(429, SegenError("queue_full", most=MAX_WAITING))
