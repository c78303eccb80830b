"""The view Robustness of the tab Segment in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from segen.text import words
from tests.browser.actions import assert_fits, open_view, settle
from tests.browser.engines import KnownEngine, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_picture_is_degraded_step_by_step(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=robustness&kinds=jpeg,rain&models=unet-camvid,klingon", 390, "dark")
    assert "models" in page.inner_text("#notice")
    page.click("#segment-examples [data-example=cat]")
    page.wait_for_selector("#segment-picture img[src*=cat]")
    settle(page, "robustness")
    page.wait_for_selector("#robustness-jpeg [data-severity='5']")
    assert page.locator("#robustness-rain [data-severity]").count() == 6
    plots = page.locator("#robustness-plots .vega-embed:visible")
    plots.first.wait_for()
    assert plots.count() == 1, "one network has one plot"
    legend = plots.first.inner_text()
    assert all(words("en", f"corruptions.{kind}") in legend for kind in ("rain", "jpeg"))
    assert_fits(page)
    page.uncheck("#robustness-kinds input >> nth=3")
    page.wait_for_url(re.compile("kinds=jpeg&"))
    page.wait_for_selector("#robustness-rain", state="hidden")
    page.wait_for_selector("#robustness-jpeg [data-severity='5']")


def test_networks_are_asked_once_for_each_choice(
    known: Callable[..., Any],
) -> None:
    engine = KnownEngine()
    page = known(engine=engine)
    settle(page, "segment")
    before = engine.asked
    open_view(page, "segment", "robustness.tab")
    choices = page.locator("#robustness-models input")

    def assert_asked(expected: int) -> None:
        wait_until(lambda: engine.asked - before >= expected)
        settle(page, "robustness")
        assert engine.asked - before == expected

    assert_asked(1 + 5)  # the clean picture and five degraded ones
    choices.click()
    page.get_by_role("option").nth(1).click()
    assert_asked(6 + 12)
    choices.click()
    page.get_by_role("option").nth(1).click()
    assert_asked(18 + 6)
    page.keyboard.press("Tab")
    assert_asked(24)
