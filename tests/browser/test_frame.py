"""What holds for the whole page: keyboard, widths, languages, links, and Stop."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from segen.text import words
from tests.browser.actions import open_view, settle, wait_for_result
from tests.browser.engines import SlowEngine

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_keyboard_alone_is_enough(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=segment&model=unet-camvid")

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


def test_a_link_restores_the_page_and_nonsense_falls_back(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?lang=en&tab=segment&model=unet-camvid&show=entropy&opacity=25", locale="zh-CN")
    assert words("en", "segment.run") in page.inner_text("#segment-run"), "the address has the last word"
    wait_for_result(page, "pagoda")
    assert page.is_checked("#segment-viewer input[value=entropy]")
    assert page.input_value("#segment-viewer [data-part=opacity]") == "25"
    assert not page.is_visible("#notice")

    page = visit(f"{address}/?lang=xx&tab=segment&model=../../etc/passwd&show=1&opacity=-3")
    assert page.inner_text("#notice").startswith("This link contains options that do not exist")
    assert "passwd" not in page.url
    wait_for_result(page, "horse_race")
    assert page.is_checked("#segment-viewer input[value=overlay]")

    page.evaluate("navigator.clipboard.writeText = async (text) => void (window.copied = text)")
    page.evaluate("history.replaceState(null, '', location.href + '&__sign=secret')")
    page.click("#header [data-part=link]")
    page.wait_for_function("window.copied")
    copied = page.evaluate("window.copied")
    assert "tab=segment" in copied
    assert "secret" not in copied


def test_stop_stops_every_view_of_a_picture(serve: Callable[[Any], str], visit: Callable[..., Any]) -> None:
    engine = SlowEngine()
    page = visit(f"{serve(engine)}?tab=segment")
    working = "document.body.innerText.includes('/1000')"
    for view in ("segment", "compare", "robustness", "cluster", "inside"):
        open_view(page, "segment", f"{view}.tab")
        page.wait_for_function(working)
        page.click(f"#{view}-stop")
        page.wait_for_function(f"!{working}")
        settle(page, view)
        assert engine.closed
        ended = (engine.requests, engine.steps)
        assert engine.steps < 900
        settle(page, view)
        assert (engine.requests, engine.steps) == ended, "nothing goes on, nothing else begins"
