"""The page is open to everybody: axe-core finds nothing serious, the keyboard alone reaches everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.actions import assert_fits
from tests.browser.places import places

pytestmark = [pytest.mark.browser, pytest.mark.slow]

REACHABLE = """() => {
    const kinds = "a[href], button, input, select, textarea, summary, [tabindex]";
    const closed = "dialog:not([open]), .visually-hidden, footer";
    return [...document.querySelectorAll(kinds)].filter((node) =>
        node.checkVisibility({ visibilityProperty: true }) && !node.disabled && node.tabIndex >= 0
        && !["file", "hidden"].includes(node.type) && !node.closest(closed));
}"""
"""JavaScript that gives what can be used on the page as it stands; a button beside it gives a file."""
UNREACHED = f"""() => {{
    const reached = [...document.querySelectorAll("input[type=radio]")].filter((node) => node.reached);
    const names = new Set(reached.map((node) => node.name)); // of a group one is reached, by Tab
    return ({REACHABLE})()
        .filter((node) => !node.reached && !(node.type === "radio" && names.has(node.name)))
        .map((node) => node.outerHTML.slice(0, 160));
}}"""


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [(1440, "light", "en"), (390, "dark", "zh")],
)
def test_axe_finds_nothing_serious_on_any_tab(
    address: str, visit: Callable[..., Any], width: int, scheme: str, language: str
) -> None:
    page = visit(f"{address}/?lang={language}", width, scheme)
    found = []
    for place in places(page):
        assert_fits(page)
        for fault in Axe().run(page).response["violations"]:
            if fault["impact"] in ("serious", "critical"):
                nodes = [node["html"][:160] for node in fault["nodes"][:3]]
                found.append(f"{place}: {fault['id']}, {fault['help']}: {nodes}")
    assert found == []


def test_no_tab_is_taller_than_two_screens_before_it_is_used(address: str, visit: Callable[..., Any]) -> None:
    page = visit(address)
    heights = {place: page.evaluate("document.documentElement.scrollHeight") for place in places(page)}
    assert len(heights) > 10
    assert {place: height for place, height in heights.items() if height > 1800} == {}


def test_the_keyboard_alone_reaches_everything(address: str, visit: Callable[..., Any]) -> None:
    page = visit(address)
    page.evaluate("document.addEventListener('focusin', (event) => { event.target.reached = true; })")
    for place in places(page):
        page.evaluate("document.activeElement.blur(); window.getSelection().removeAllRanges()")
        page.evaluate("document.body.tabIndex = -1; document.body.focus()")
        for _ in range(page.evaluate(f"({REACHABLE})().length") + 20):
            page.keyboard.press("Tab")
        assert page.evaluate(UNREACHED) == [], place
