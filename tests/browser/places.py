"""Every tab of the page and every view within it, found on the page itself: new ones are among them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.browser.actions import settle

STREAMS = re.compile(r"/queue/data|/heartbeat/")
TABS = "#tabs > .tab-wrapper [role=tab][data-tab-id]"
VIEWS = ".tabitem:visible .tabs:visible > .tab-wrapper [role=tab][data-tab-id]"


def places(page: Any) -> Iterator[str]:
    """Open each tab and each of its views in turn, by clicks; its name, once it is calm."""
    waiting = requests(page)
    for tab in _names(page, TABS):
        open_place(page, tab)
        rest(page, waiting)
        views = _names(page, f"#tabs > {VIEWS}")
        for view in views:
            open_place(page, f"{tab}, {view}")
            rest(page, waiting)
            yield f"{tab}, {view}"
        if not views:
            yield tab


def open_place(page: Any, place: str) -> None:
    """Open a tab, or a view of one, by clicks."""
    tab, _, view = place.partition(", ")
    if page.evaluate("document.documentElement.dataset.tab") != tab:
        page.locator(f"{TABS}[data-tab-id={tab}]").first.click()
        page.wait_for_function(f"document.documentElement.dataset.tab === '{tab}'")
    if view:
        page.locator(f"#tabs > {VIEWS}").and_(page.locator(f"[data-tab-id={view}]")).first.click()


def _names(page: Any, selector: str) -> list[str]:
    buttons = [each for each in page.locator(selector).all() if each.is_visible()]
    return list(dict.fromkeys(each.get_attribute("data-tab-id") for each in buttons))


def requests(page: Any) -> set[Any]:
    """The requests that wait for an answer from now on, but for streams, which stay open."""
    waiting: set[Any] = set()
    page.on("request", lambda request: STREAMS.search(request.url) or waiting.add(request))
    for end in ("requestfinished", "requestfailed"):
        page.on(end, lambda request: waiting.discard(request))
    return waiting


def rest(page: Any, waiting: set[Any]) -> None:
    """Wait until nothing is under way: neither asked of the server, nor on its way into the page."""
    signs = "[...document.querySelectorAll('.progress-text, .pending, [id$=-stop]:enabled')]"
    busy = f"{signs}.some((each) => each.checkVisibility())"
    while True:
        settle(page)
        if not waiting and not page.evaluate(busy):
            break
        page.wait_for_function(f"!{busy}")
