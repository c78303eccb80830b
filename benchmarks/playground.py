"""The playground's GAN in headless Chromium: pictures a second, and what one costs on one core."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from segen.text import catalogue
from segen.ui import widgets
from segen.ui.widgets.playground import FOLDER, TABLE

SECONDS = 10
LEAST = 30
"""Pictures a second that the page must reach."""
LAB = "#playground .lab"
HOST = "http://playground.test/"
"""No server is asked: files are answered for from the package."""


def main() -> Iterator[str]:
    """One line for each backend: rates by the clock and by the main thread's own time, with the load."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for backend in ("wasm", "cpu"):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(600_000)
            if backend == "cpu":
                page.add_init_script("delete window.WebAssembly")
            page.route(f"{HOST}**", _answer)
            page.goto(HOST)
            page.wait_for_function(f"document.querySelector('{LAB}')?.dataset.iterations > 20")
            yield _measured(page, backend)
            page.close()
        browser.close()


def _measured(page: Any, backend: str) -> str:
    """Let it run for SECONDS and count."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def now() -> tuple[float, int, int, float]:
        numbers = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
        counts = page.evaluate(
            f"(({{ frames, iterations }}) => [+frames, +iterations, performance.now()])"
            f"(document.querySelector('{LAB}').dataset)"
        )
        return numbers["TaskDuration"], counts[0], counts[1], counts[2] / 1000

    first = now()
    page.wait_for_timeout(SECONDS * 1000)
    busy, frames, iterations, clock = (after - before for after, before in zip(now(), first, strict=True))
    return (
        f"{backend}: {frames / clock:.0f} pictures a second (at least {LEAST}) and {iterations / clock:.0f} "
        f"iterations a second by the clock; {1000 * busy / frames:.1f} ms of the main thread for a picture, "
        f"which is {frames / busy:.0f} a second on a core of its own; load {os.getloadavg()[0]:.1f}"
    )


def _answer(route: Any) -> None:
    """Answer for the page and the package's files."""
    name = route.request.url.removeprefix(HOST)
    if not name:
        route.fulfill(body=_page(), content_type="text/html; charset=utf-8")
        return
    path = FOLDER / Path(name).relative_to("playground")
    kinds = {".js": "text/javascript", ".wasm": "application/wasm"}
    route.fulfill(path=path, content_type=kinds[path.suffix])


def _page() -> str:
    """The playground without Gradio around it."""

    html, script, style = (
        files(widgets).joinpath(f"playground.{kind}").read_text("utf-8") for kind in ("html", "js", "css")
    )
    value = json.dumps({"table": TABLE, "asked": {}})
    return f"""<!doctype html><style>#playground {{ {style} }}</style><div id="playground">{html}</div>
<script type="module">
const words = {json.dumps(catalogue("en"))};
window.segen = {{
  words,
  say: (key, values) => (words[key] ?? "").replace(/\\{{(\\w+)\\}}/g, (_, name) => values[name]),
  parts: (element) =>
    Object.fromEntries([...element.querySelectorAll("[data-part]")].map((node) => [node.dataset.part, node])),
  remember: () => {{}},
}};
const element = document.querySelector("#playground");
const props = {{ value: {value} }};
const watch = () => {{}};
{script}
</script>"""
