"""Draws docs/page.png, the picture of the page in the README, from the page as it is."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import sync_playwright

from benchmarks.marked import DOCS
from segen.data import files
from segen.engine import Engine
from segen.ui.app import build_app, launch_options

PICTURE = DOCS / "page.png"
QUERY = "?tab=segment&lang=en"
WIDTH, HEIGHT = 1440, 1000


def main() -> Iterator[str]:
    """One line: the file that was written."""
    app = build_app(Engine("cpu"))
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_default_timeout(900_000)
        page.goto(f"{url}{QUERY}")
        page.wait_for_selector("#segment-viewer .legend button")
        page.wait_for_selector("#segment-labels", state="visible")
        page.wait_for_function("[...document.images].every((each) => each.complete)")
        drawn = page.screenshot(animations="disabled")
        browser.close()
    app.close()
    with files.replacing(PICTURE) as temporary:
        temporary.write_bytes(drawn)
    yield f"{PICTURE.name}: {WIDTH} x {HEIGHT} pixels"
