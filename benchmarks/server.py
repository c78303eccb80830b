"""A server of its own for a benchmark, asked over HTTP as a stranger would."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx

START_SECONDS = 600
"""On a busy machine the imports alone may take minutes."""
TAIL_LINES = 40
"""Of its log, that are told where it ended by itself."""


def uploaded(client: httpx.Client, picture: bytes) -> dict[str, Any]:
    """A picture that the server has now, as its endpoints take it."""
    (path,) = client.post("upload", files={"files": ("a.png", picture)}).raise_for_status().json()
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def begun(client: httpx.Client, name: str, data: list[Any]) -> str:
    """Where the answer of a call is."""
    answer = client.post(f"call/{name}", json={"data": data}).raise_for_status().json()
    return f"call/{name}/{answer['event_id']}"


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[str]:
    """The address of `app.py` with these arguments, which answers by then and ends with the block.

    It writes `server.log` and its cache into `folder`. Where it ended by itself the program ends, and says
    how, and what the log tells last, in place of whatever came of it in the block.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    settings = {
        **os.environ,
        "GRADIO_SERVER_PORT": port,
        "GRADIO_TEMP_DIR": str(folder / "cache"),
        "PYTHONFAULTHANDLER": "1",  # a fault in a library in C is logged, too
    }
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "app.py", *arguments], env=settings, stdout=log, stderr=log
        )
    address, until = f"http://127.0.0.1:{port}/", monotonic() + START_SECONDS
    try:
        while True:
            try:
                httpx.get(address + "config", timeout=60)
                break
            except httpx.HTTPError:
                if monotonic() > until or server.poll() is not None:
                    raise
                sleep(0.5)
        yield address
    finally:
        with suppress(subprocess.TimeoutExpired):
            server.wait(1)  # it may be ending just now
        code = server.poll()
        server.terminate()
        server.wait(60)
        if code is not None:
            tail = (folder / "server.log").read_text("utf-8", "replace").splitlines()[-TAIL_LINES:]
            sys.exit("\n".join([f"The server ended by itself, with {code}. The end of its log:", *tail]))
