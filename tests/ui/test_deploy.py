"""A server for others: passwords, headers, and nginx before it as docs/deploy.md has it."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from time import sleep

import httpx
import pytest

from segen.ui.app import build_app, launch_options
from segen.ui.framework import passwords
from segen.ui.tabs.start import tab as start
from tests import nginx

pytestmark = pytest.mark.slow
PAGE = Path(__file__).resolve().parents[2] / "docs" / "deploy.md"
ANNA = {"username": "anna", "password": "a b"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    app = build_app(engine=None)  # type: ignore[arg-type]
    guard = passwords.guard({"anna": passwords.hashed("a b")})
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options(guard))
    yield url
    app.close()


def test_nobody_comes_in_without_a_password(address: str) -> None:
    with httpx.Client(base_url=address, timeout=60) as client:
        for path in ("config", "gradio_api/info", "gradio_api/file=x"):
            assert client.get(path).status_code == 401
        assert client.post("gradio_api/upload", files={"files": ("a.png", b"x")}).status_code == 401
        assert client.post("gradio_api/call/models", json={"data": []}).status_code == 401
        assert client.post("login", data=ANNA | {"password": "x"}).status_code == 400
        assert client.post("login", data=ANNA).status_code == 200
        assert client.get("config").status_code == 200
        headers = client.get("").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_what_can_be_smaller_is_compressed_on_its_way(address: str) -> None:
    with httpx.Client(base_url=address, timeout=60) as client:
        client.post("login", data=ANNA)
        for path, coding in (
            ("", "gzip"),
            ("config", "gzip"),
            ("inference/network.js", "br"),  # by Gradio
            (f"start/{next(start.PICTURES.glob('*.webp')).name}", None),
            ("inference/onnxruntime/ort-wasm-simd-threaded.wasm.gz", None),
        ):
            sizes = {}
            for asked in ("identity", "gzip, br"):
                with client.stream("GET", path, headers={"accept-encoding": asked}) as answer:
                    sizes[asked] = len(b"".join(answer.iter_raw()))
            assert answer.headers.get("content-encoding") == coding, path
            assert (sizes["gzip, br"] < sizes["identity"] / 2) == bool(coding), path


def test_a_connection_outlives_the_clients_own_limit(address: str) -> None:
    host, _, port = address.removeprefix("http://").rstrip("/").partition(":")
    connection = HTTPConnection(host, int(port), timeout=60)
    connection.request("GET", "/health")
    connection.getresponse().read()
    opened = connection.sock
    sleep(6)  # httpx, and with it gradio_client, lets go of an idle one after 5 seconds
    connection.request("GET", "/health")
    assert connection.getresponse().read()
    assert connection.sock is opened
    connection.close()


@pytest.fixture(scope="module")
def proxied(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    (told,) = re.findall(r"```nginx\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    told = told.replace("http://127.0.0.1:7860", address.rstrip("/"))
    with nginx.running(told, tmp_path_factory.mktemp("nginx")) as before_it:
        yield before_it


def test_nginx_passes_the_page_and_the_api_on(proxied: str) -> None:
    with httpx.Client(base_url=proxied, timeout=60) as client:
        assert client.post("login", data=ANNA).status_code == 200
        page = client.get("")
        assert page.status_code == 200
        assert page.headers["content-security-policy"] == "frame-ancestors 'self'"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert client.get("config").json()["root"].rstrip("/") == proxied.rstrip("/")
        event = client.post("gradio_api/call/models", json={"data": ["segment"]}).json()["event_id"]
        told = client.get(f"gradio_api/call/models/{event}").text
    assert told.startswith("event: complete")


def test_nginx_refuses_what_is_too_large(proxied: str) -> None:
    address = httpx.URL(proxied)
    with socket.create_connection((address.host, address.port or 0), 10) as connection:
        connection.sendall(
            b"POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
