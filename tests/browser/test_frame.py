"""What holds for the whole page: keyboard, widths, languages, links, and Stop."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segen.text import words
from tests.browser.actions import assert_fits, wait_for_result
from tests.browser.engines import SlowEngine, assert_closed

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]


def test_the_keyboard_alone_is_enough(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=segment")

    def tab_to(selector: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("(selector) => document.activeElement?.matches(selector)", selector):
                return
        pytest.fail(f"Tab does not reach {selector}")

    tab_to("[data-example=street_trees]")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", "focus can be seen"
    page.keyboard.press("Enter")
    wait_for_result(page, "street_trees")
    tab_to("#segment-viewer .views input")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("show=labels"))
    tab_to("#segment-viewer .stage")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.inner_text("#segment-viewer .spoken").startswith("x 240, y 179")
    tab_to("#segment-viewer .legend button")
    page.keyboard.press("Enter")
    assert page.locator("#segment-viewer .legend button[aria-pressed=true]").count() == 1


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "light"), (390, "dark"), (1440, "light"), (1440, "dark")]
)
def test_an_example_is_segmented_on_one_click_at_any_width(
    address: str, visit: Callable[..., Any], width: int, scheme: str
) -> None:
    page = visit(f"{address}/?tab=segment", width, scheme)
    assert_fits(page)
    page.click("[data-example=street_trees]")
    wait_for_result(page, "street_trees")
    assert_fits(page)
    if width == 1440 and scheme == "light" and os.environ.get("SEGEN_SCREENSHOTS"):
        page.click("#segment-viewer .stage")
        page.screenshot(path=ROOT / "docs" / "page.png", full_page=True)
    page.goto(f"{address}/?tab=models")
    page.wait_for_selector(".cards")
    assert_fits(page)


def test_the_browser_prefers_chinese(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=segment", locale="zh-TW")
    assert words("zh", "segment.run") in page.inner_text("#segment-run")
    page = visit(f"{address}/?lang=en&tab=segment", locale="zh-CN")
    assert words("en", "segment.run") in page.inner_text("#segment-run")
    assert "Drop" in page.inner_text("#segment-picture")


def test_a_link_restores_the_page_and_nonsense_falls_back(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=segment&model=unet-camvid&show=entropy&opacity=25")
    page.click("[data-example=street_trees]")
    wait_for_result(page, "street_trees")
    assert page.is_checked("#segment-viewer input[value=entropy]")
    assert page.input_value("#segment-viewer [data-part=opacity]") == "25"
    assert not page.is_visible("#notice")

    page = visit(f"{address}/?tab=models")
    page.wait_for_selector(".cards", state="visible")

    page = visit(f"{address}/?lang=xx&tab=segment&model=../../etc/passwd&show=1&opacity=-3")
    assert page.inner_text("#notice").startswith("This link contains options that do not exist")
    assert "passwd" not in page.url
    page.click("[data-example=street_trees]")
    wait_for_result(page, "street_trees")
    assert page.is_checked("#segment-viewer input[value=overlay]")


@pytest.mark.parametrize("tab", ["segment", "compare", "robustness"])
def test_stop_stops(visit: Callable[..., Any], tab: str) -> None:
    from segen.ui.app import build_app, launch_options

    engine = SlowEngine()
    app = build_app(engine)  # type: ignore[arg-type]
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    try:
        page = visit(f"{url}?tab={tab}")
        shows = f"#{tab}-viewer" if tab == "segment" else f"#{tab}-told"
        page.wait_for_function(f"document.querySelector('{shows}').parentElement.innerText.includes('/1000')")
        page.click(f"#{tab}-stop")
        page.wait_for_selector(f"#{tab}-stop:disabled")
        assert_closed(engine)
        assert engine.requests == 1, "nothing else begins"
        assert engine.steps < 900
        page.wait_for_function(
            f"!document.querySelector('{shows}').parentElement.innerText.includes('/1000')"
        )
    finally:
        app.close()
