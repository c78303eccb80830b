"""What a visitor does on several tabs, and what holds for every tab."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe

from segen.text import words


def upload(page: Any, path: Path, empty: bool = False) -> None:
    """Put a file into the picture of the room in place of the one there, an example at first."""
    if not empty:
        page.wait_for_selector("#segment-picture img")
        page.click("#segment-picture button >> nth=0")
        page.wait_for_selector("#segment-picture img", state="detached")
    page.set_input_files("#segment-picture input[type=file]", path)


def wait_for_result(page: Any, picture: str = "photo") -> None:
    """Wait until the viewer shows what became of the file or example of that name."""
    page.wait_for_selector(f"#segment-viewer [data-picture={picture}] .legend button")
    page.wait_for_selector("#segment-labels")


def open_view(page: Any, tab: str, title: str, language: str = "en") -> None:
    """Open the view of a tab whose title is this entry of the catalogue."""
    views = page.locator(f"#{tab}-views").first
    views.get_by_role("tab", name=words(language, title), exact=True).locator("visible=true").click()


def go(page: Any, **options: str) -> None:
    """Follow a link within the page, which opens a tab with these options."""
    page.evaluate("options => segen.visit(options)", options)
    for name, value in options.items():
        page.wait_for_function(
            "([name, value]) => new URLSearchParams(location.search).get(name) === value", arg=[name, value]
        )


QUIET = """() => new Promise((resolve) => {
    const idle = () => requestIdleCallback(resolve, { timeout: 500 }); // a playground never rests
    let timer = setTimeout(idle, 250);
    new PerformanceObserver(() => {
        clearTimeout(timer);
        timer = setTimeout(idle, 250);
    }).observe({ type: "resource" });
})"""
"""JavaScript that waits until the page has asked nothing for a quarter of a second and has little to do."""


def settle(page: Any, *views: str) -> None:
    """Wait until nothing goes on in these views, and the page is quiet."""
    page.evaluate(QUIET)
    for view in views:
        if page.locator(f"#{view}-stop:disabled").count():
            continue
        page.wait_for_selector(f"#{view}-stop:disabled")
        page.evaluate(QUIET)


def asked_by(page: Any) -> list[int]:
    """The events that this page asks the server for from now on."""
    asked: list[int] = []

    def note(request: Any) -> None:
        if request.method == "POST" and request.url.split("?")[0].endswith(("/queue/join", "/run/predict")):
            asked.append(json.loads(request.post_data)["fn_index"])

    page.on("request", note)
    return asked


def assert_fits(page: Any) -> None:
    """Nothing reaches beyond the page's right edge, not even where it would be cut off.

    But for examples in a row and formulas, which are scrolled, and for what KaTeX cuts off: root signs, drawn
    far too long, and the text of a formula that is only read out.
    """
    wide = page.evaluate(
        """() => [...document.querySelectorAll(":is(.gradio-container, body > main) *")].filter((node) => {
            const box = node.getBoundingClientRect();
            const shown = getComputedStyle(node).visibility !== "hidden";
            const scrolled = ".katex-display, .hide-tail, .katex-mathml, .examples, .math.block";
            const cut = node.parentElement.closest(scrolled);
            return shown && !cut && box.width > 1 && box.right > innerWidth + 1;
        }).map((node) => node.outerHTML.slice(0, 120))"""
    )
    assert not wide, wide[:5]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


PUT_ASIDE = """() => {
    const closed = [...document.querySelectorAll(".tabitem")].filter((node) => !node.checkVisibility());
    window.putBack = closed.map((node) => {
        const place = document.createComment("");
        node.replaceWith(place);
        return () => place.replaceWith(node);
    });
}"""
"""JavaScript that takes closed tabs off the page: axe-core judges nothing in them, but they cost it time."""


def serious_faults(page: Any) -> list[str]:
    """What axe-core finds serious on the page as it stands."""
    page.evaluate(PUT_ASIDE)
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    page.evaluate("window.putBack.reverse().forEach((back) => back())")
    return [
        f"{fault['id']}, {fault['help']}: {[node['html'][:160] for node in fault['nodes'][:3]]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


def stroke(page: Any, board: Any, first: tuple[float, float], *others: tuple[float, float]) -> None:
    """Draw from place to place, as shares of the board's size, once the board stands still."""

    def move(x: float, y: float) -> None:
        box = board.bounding_box()
        board.hover(position={"x": x * box["width"], "y": y * box["height"]})

    move(*first)
    page.mouse.down()
    for place in others:
        move(*place)
    page.mouse.up()


def click_pixel(page: Any, x: int, y: int) -> None:
    stage = page.locator("#segment-viewer .stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    page.mouse.click(box["x"] + box["width"] * (x + 0.5) / 330, box["y"] + box["height"] * (y + 0.5) / 250)
