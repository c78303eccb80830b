"""One click on Start to a segmented photograph in Chromium, against the engine alone on the same picture."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from time import perf_counter

from playwright.sync_api import sync_playwright

from segen.engine import Engine
from segen.registry import SEGMENT_MODEL
from segen.types import SegmentRequest
from segen.ui.app import build_app, launch_options
from segen.ui.tabs.start.tab import TO_TRY
from segen.ui.widgets.examples import named

ROUNDS = 5
MAX_SECONDS = 3.0


def main() -> Iterator[str]:
    """One line: seconds from the click to the result, and their ratio to the engine alone."""
    engine = Engine("cpu")
    app = build_app(engine)
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    example = TO_TRY[1]
    request = SegmentRequest(named()[example].draw())
    clicks, passes = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for _ in range(ROUNDS + 1):
            page = browser.new_page()
            page.set_default_timeout(300_000)
            page.goto(url)
            page.wait_for_selector("html[data-tab]")
            began = perf_counter()
            page.click(f"#start [data-try={example}]")
            page.wait_for_selector(f"#segment-viewer [data-picture={example}] .legend button")
            clicks.append(perf_counter() - began)
            page.close()
            began = perf_counter()
            engine.run(SEGMENT_MODEL, request)
            passes.append(perf_counter() - began)
        browser.close()
    app.close()
    seconds, bare = median(clicks[1:]), median(passes[1:])
    yield (
        f"one click to a segmented photograph: {seconds:.1f} s (at most {MAX_SECONDS:.0f}), "
        f"the first time {clicks[0]:.1f} s; {seconds / bare:.1f} times the engine alone, {bare:.2f} s"
    )
