"""The view Inside the network of the tab Segment in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segen.text import words
from tests.browser.actions import assert_fits, go, upload

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_inside_of_a_network_is_looked_at_and_a_kernel_tried(
    address: str, visit: Callable[..., Any], photo: Path
) -> None:
    page = visit(f"{address}/?tab=inside&layer=nothing&kernel=sobel_x&stride=9", 390, "dark")
    assert "stride" in page.inner_text("#notice")
    page.wait_for_selector("#inside-panel .maps img")
    assert page.inner_text("#inside-panel .notice") == words("en", "errors.unknown_layer")
    upload(page, photo)
    page.wait_for_selector("#inside-panel .notice", state="detached")
    page.click("#inside-layers summary")
    page.click("#inside-layers .layers button >> nth=4")
    page.wait_for_selector("#inside-layers .layers button[aria-pressed=true] >> nth=0")
    page.wait_for_url(re.compile(r"layer=encoder\.features"))
    page.wait_for_function("document.querySelectorAll('#inside-panel .maps img').length === 16")
    assert not page.query_selector("#inside-panel .notice")
    assert_fits(page)

    page.check("#inside-view input[value=kernels]", force=True)
    page.wait_for_selector("#inside-panel .trials img")
    assert page.get_attribute("[data-choice=sobel_x]", "aria-pressed") == "true"
    assert "(330 + 2 × 1 − 3) / 1⌋ + 1 = 330" in page.inner_text("#inside-panel")
    page.click("[data-choice=learned-3]")
    page.wait_for_selector("[data-choice=learned-3][aria-pressed=true]")
    page.wait_for_url(re.compile("kernel=learned-3"))
    page.check("#inside-trial input[value='2']", force=True)
    page.wait_for_url(re.compile("stride=2"))
    page.wait_for_function("document.querySelector('#inside-panel').innerText.includes('/ 2⌋ + 1 = 165')")

    page.check("#inside-view input[value=label]", force=True)
    # Six pictures, or a sentence where there are no ImageNet weights.
    page.wait_for_selector("#inside-panel .trials figure:nth-child(6), #inside-panel .notice")
    assert_fits(page)


def test_the_keyboard_stays_where_it_was_when_another_layer_is_shown(
    address: str, visit: Callable[..., Any]
) -> None:
    """Nor does it come back from where it went meanwhile."""
    page = visit(f"{address}/?tab=inside")
    page.wait_for_selector("#inside-panel .maps img")
    page.click("#inside-layers summary")
    layers = page.locator("#inside-layers .layers button")
    for index, key in ((6, ""), (4, "Tab")):
        layer = layers.nth(index)
        layer.press("Enter")
        if key:
            page.keyboard.press(key)
        name = layer.get_attribute("data-choice")
        page.wait_for_selector(f"#inside-layers [data-choice='{name}'][aria-pressed=true]")
        page.evaluate("new Promise(requestAnimationFrame)")
        at = layers.nth(index + bool(key))
        assert at.evaluate("node => node === document.activeElement")
    block = page.locator("#inside-choices g[data-choice]").nth(1)
    block.press("Enter")
    page.wait_for_selector("#inside-choices g:nth-of-type(2)[aria-pressed=true]")
    assert block.evaluate("node => node === document.activeElement")


def test_a_click_and_the_arrow_keys_choose_whose_context_is_seen(
    address: str, visit: Callable[..., Any]
) -> None:
    page = visit(
        f"{address}/?tab=segment&view=inside&show=context&model=attention-camvid&x=0.25&y=7&lang=zh",
        390,
        "dark",
    )
    assert "y" in page.inner_text("#notice")
    spot = page.locator("#inside-choices .spot")
    spot.wait_for()
    assert page.locator("#inside-panel figure").count() == 12
    x, stride, width = (float(spot.get_attribute(f"data-{name}")) for name in ("x", "stride", "width"))
    assert abs(x - width / 4) <= stride
    spot.press("ArrowRight")
    page.wait_for_function(
        f"document.querySelector('#inside-choices .here')?.getAttribute('x') == {x + stride / 2}"
    )
    box = spot.bounding_box()
    spot.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    page.wait_for_url(re.compile(r"x=0\.[45]\d*"))
    page.wait_for_function(
        f"Math.abs(document.querySelector('#inside-choices .spot')?.dataset.x - {width / 2}) <= {stride}"
    )
    assert_fits(page)

    go(page, tab="segment", view="inside", show="context", model="renet-camvid", lang="zh")
    page.wait_for_function("document.querySelectorAll('#inside-panel .swept').length === 4")
    assert page.locator("#inside-choices .sweep").count() == 4
    assert_fits(page)
