"""The page in a real Chromium: the server, the browser, and a visitor who asks nothing of the outside."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from segen.data.synthetic import scenes
from segen.imaging import images
from segen.types import Segmentation, SegmentRequest
from tests.browser.actions import upload, wait_for_result
from tests.browser.engines import KnownEngine

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
WAIT = 180_000
"""Milliseconds that a page may take for one thing; loaded machines are slow."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the networks that browsers run are kept, made once for all workers."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "networks"


@pytest.fixture(scope="session")
def address(
    every_weights_folder: Path, networks: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Where `python app.py` serves the page."""
    port, temporary = _free_port(), tmp_path_factory.mktemp("temporary")
    environment = os.environ | {
        "SEGEN_WEIGHTS": str(every_weights_folder),
        "GRADIO_SERVER_PORT": str(port),
        "TMPDIR": str(temporary),
        "SEGEN_NETWORKS": str(networks),
    }
    del environment["GRADIO_TEMP_DIR"]
    server = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(1200):
            assert server.poll() is None, "app.py ended before it answered"
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                time.sleep(0.25)
        (cache,) = temporary.glob("segen-*")
        yield url
    finally:
        server.terminate()
        server.wait(60)
    assert not cache.exists(), "visitors' files end with the server"


@pytest.fixture(scope="module")
def arguments() -> list[str]:
    """Chromium's, which a file of tests may have others of."""
    return ARGUMENTS


@pytest.fixture(
    scope="module"
)  # no longer: while it runs, the thread has an event loop that others would meet
def chromium(arguments: list[str]) -> Iterator[Any]:
    """A running Chromium."""
    if not CHROMIUM.exists():
        missing = (
            "no /usr/bin/chromium: install it as root with `apt-get install chromium`, or run `make test`"
        )
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page for a visitor, after a script if one is given.

    At the end it is told whether the page asked anything of the outside, or broke.
    """
    contexts, faults = [], []

    def open_page(
        url: str, width: int = 1440, scheme: str = "light", locale: str = "en-GB", script: str = ""
    ) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            locale=locale,
            accept_downloads=True,
        )
        context.set_default_timeout(WAIT)
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(script)
        page.on("request", lambda request: _is_ours(request.url) or faults.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(url)
        page.wait_for_selector("html[data-tab]")  # the server has restored what the address asks for
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults


def _is_ours(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:http://127.0.0.1:"))


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of a street whose sides are no multiples of 32."""
    path = tmp_path_factory.mktemp("photos") / "photo.png"
    path.write_bytes(images.encode(scenes.street(5, 330, 250)[0]))
    return path


@pytest.fixture(scope="session")
def expected(photo: Path, every_weights_folder: Path) -> Segmentation:
    """What the engine says of the photo."""
    from segen.engine import Engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
        return Engine().run("unet-camvid", SegmentRequest(images.read(photo))).value


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serves a page over an engine of the test's own, and gives its address."""
    from segen.ui.app import build_app, launch_options

    apps = []

    def serve_page(engine: Any, **options: Any) -> str:
        apps.append(build_app(engine, **options))
        _, url, _ = apps[-1].launch(prevent_thread_lock=True, quiet=True, **launch_options())
        return str(url)

    yield serve_page
    for app in apps:
        app.close()


@pytest.fixture
def known(serve: Callable[[Any], str], visit: Callable[..., Any], photo: Path) -> Callable[..., Any]:
    """Opens a page over a KnownEngine, with the photo segmented."""

    def open_page(*lacks: str, query: str = "", engine: KnownEngine | None = None, **options: Any) -> Any:
        url = serve(engine or KnownEngine(*lacks))
        page = visit(f"{url}?tab=segment&model=unet-camvid&{query}", **options)
        upload(page, photo)
        wait_for_result(page)
        return page

    return open_page
