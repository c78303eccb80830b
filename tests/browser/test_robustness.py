"""The Robustness tab in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from segen.text import words
from tests.browser.actions import assert_fits
from tests.browser.engines import KnownEngine

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_picture_is_spoilt_step_by_step(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=robustness&kinds=jpeg,rain&models=unet-camvid,klingon", 390, "dark")
    assert "models" in page.inner_text("#notice")
    page.click("#segment-examples [data-example=street_trees]")
    page.wait_for_selector("#robustness-jpeg [data-severity='5']")
    page.wait_for_selector("#robustness-stop:disabled")
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


def test_networks_to_try_on_spoilt_pictures_are_asked_once_for_each_choice(known: Callable[..., Any]) -> None:
    engine = KnownEngine()
    page = known(engine=engine)
    page.locator("button[role=tab]", has_text=words("en", "robustness.tab")).click()
    choices = page.locator("#robustness-models input")

    def assert_asked(expected: int) -> None:
        for _ in range(600):
            if engine.asked >= expected:
                break
            page.wait_for_timeout(100)
        page.wait_for_selector("#robustness-stop:disabled")
        page.wait_for_timeout(1500)
        page.wait_for_selector("#robustness-stop:disabled")
        assert engine.asked == expected

    page.click("#segment-examples [data-example=street_trees]")
    assert_asked(1 + 6)  # the clean picture and five degraded ones
    choices.click()
    page.get_by_role("option").nth(1).click()
    assert_asked(7 + 12)
    choices.click()
    page.get_by_role("option").nth(1).click()
    assert_asked(19 + 6)
    page.keyboard.press("Tab")
    assert_asked(25)
