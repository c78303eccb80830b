"""Where the page opens: something to look at at once, doors, and a result on one click."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from segen.text import words
from segen.ui.app import TABS
from tests.browser.actions import assert_fits, settle, wait_for_result

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize(("width", "language"), [(390, "en"), (1440, "zh")])
def test_the_page_opens_on_results_and_every_tab_is_in_sight(
    address: str, visit: Callable[..., Any], width: int, language: str
) -> None:
    page = visit(f"{address}/?lang={language}", width, "dark" if width == 390 else "light")
    assert "tab=start" in page.url
    assert words(language, "start.lead") in page.inner_text("#start")
    page.wait_for_function(
        "[...document.querySelectorAll('#start img')].every((image) => image.naturalWidth)"
    )
    assert page.locator("#start .doors a").count() == 4
    assert_fits(page)
    for tab in (tab.NAME for tab in TABS):
        button = page.locator(f"#tabs > .tab-wrapper [role=tab][data-tab-id={tab}]")
        assert button.inner_text() == words(language, f"{tab}.tab")
        box = button.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    if width == 1440:
        assert page.evaluate("document.documentElement.scrollHeight") <= 1800


def test_going_between_tabs_asks_the_server_for_nothing_and_a_photograph_is_segmented_on_one_click(
    address: str, visit: Callable[..., Any]
) -> None:
    page = visit(address)
    settle(page)  # its own opening may still be on its way
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.click("#start .doors a[href*=models]")
    page.wait_for_selector(".cards", state="visible")
    page.wait_for_url("**tab=models*")
    page.click("[role=tab][data-tab-id=start]")
    page.wait_for_selector("#start", state="visible")
    assert [url for url in asked if "/gradio_api/" in url] == []

    page.click("#start [data-try=cat]")
    wait_for_result(page, "cat")
    page.wait_for_url("**example=cat*")
    assert page.is_visible("#segment-viewer")
