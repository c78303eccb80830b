"""The page is open to everybody: axe-core finds nothing serious, the keyboard alone reaches everything.

What a place shows is there when one comes back to it.

Of a dark phone in Chinese tells test_chinese.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.actions import asked_by, assert_fits, serious_faults, settle
from tests.browser.places import open_place, places

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


def test_every_place_is_open_to_everybody(address: str, visit: Callable[..., Any]) -> None:
    page = visit(address)
    page.evaluate("document.addEventListener('focusin', (event) => { event.target.reached = true; })")
    found, heights, unreached = [], {}, {}
    asked = asked_by(page)
    for place in places(page):
        heights[place] = page.evaluate("document.documentElement.scrollHeight")
        assert_fits(page)
        found += [f"{place}: {fault}" for fault in serious_faults(page)]
        page.evaluate("document.activeElement.blur(); window.getSelection().removeAllRanges()")
        page.evaluate("document.body.tabIndex = -1; document.body.focus()")
        for _ in range(page.evaluate(f"({REACHABLE})().length") + 20):
            page.keyboard.press("Tab")
        unreached[place] = page.evaluate(UNREACHED)
    assert len(heights) > 10
    assert asked
    asked.clear()
    for place in heights:
        open_place(page, place)
    settle(page)
    assert asked == [], "what was seen once is there"
    assert found == []
    tall = {place: height for place, height in heights.items() if height > 1800}
    assert tall == {}, "before it is used, no place is taller than two screens"
    assert not any(unreached.values()), {place: nodes for place, nodes in unreached.items() if nodes}
