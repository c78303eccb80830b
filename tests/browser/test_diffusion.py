"""Diffusion on the Generate tab in a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from segen.registry import cards
from segen.text import words
from segen.ui.tabs.generate.objectives import diffuses
from tests.browser.actions import assert_fits
from tests.browser.engines import DrawingEngine, assert_closed

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize(("width", "scheme", "language"), [(1440, "light", "en"), (390, "dark", "zh")])
def test_diffusion_is_seen_step_by_step(
    address: str, visit: Callable[..., Any], width: int, scheme: str, language: str
) -> None:
    name = next(card.name for card in cards("generate") if diffuses(card))
    page = visit(f"{address}/?tab=generate&model={name}&count=16&steps=10&lang={language}", width, scheme)

    def open_part(key: str) -> None:
        label = words(language, f"diffusion.{key}")
        page.locator("#generate-diffusion button[role=tab]:visible", has_text=label).click()

    page.click("#generate-run")
    page.wait_for_selector("#generate-zip")
    page.locator(
        "#generate-views button[role=tab]:visible", has_text=words(language, "generate.diffusion_view")
    ).click()
    page.click("#generate-watch")
    page.wait_for_function("document.querySelector('#generate-reverse [data-part=slider]').max === '9'")
    said, slider = (page.locator(f"#generate-reverse [data-part={part}]") for part in ("said", "slider"))
    assert said.inner_text() == words(language, "diffusion.timestep", t=99, number=10, count=10)
    last = page.locator("#generate-reverse img").first.get_attribute("src")
    slider.press("ArrowLeft")
    assert said.inner_text() == words(language, "diffusion.timestep", t=199, number=9, count=10)
    assert page.locator("#generate-reverse img").first.get_attribute("src") != last
    assert_fits(page)
    open_part("picture")
    page.click("#generate-noised-examples [data-example=garment_boot]")
    page.wait_for_selector("#generate-forward img")
    page.click("#generate-vary")
    page.wait_for_selector("#generate-varied .frames img")
    assert page.locator("#generate-varied .frames img").count() == 16
    page.wait_for_selector("#generate-stop:disabled")  # its end, which would else come after the next start
    assert_fits(page)
    open_part("compare")
    page.click("#generate-compare")
    page.wait_for_selector("#generate-samplers tbody tr")
    page.locator("#generate-stop:enabled").click()
    page.wait_for_selector("#generate-stop:disabled")
    assert_fits(page)


@pytest.mark.parametrize(("width", "language"), [(1440, "en"), (390, "zh")])
def test_a_grid_is_seen_while_it_is_drawn_until_stop(
    visit: Callable[..., Any], width: int, language: str
) -> None:
    from segen.ui.app import build_app, launch_options

    engine = DrawingEngine()
    app = build_app(engine)  # type: ignore[arg-type]
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    name = next(card.name for card in cards("generate") if diffuses(card))
    try:
        page = visit(f"{url}?tab=generate&model={name}&count=16&lang={language}", width)
        page.click("#generate-run")
        preview = page.locator("#generate-grid .coming img")
        preview.wait_for()
        first = preview.get_attribute("src")
        page.wait_for_function(
            f"document.querySelector('#generate-grid .coming img').src !== {json.dumps(first)}"
        )
        assert page.is_visible("#generate-grid .grid"), "what was there stays beside it"
        assert_fits(page)
        page.click("#generate-stop", no_wait_after=True)
        assert_closed(engine)
        page.wait_for_selector("#generate-stop:disabled")
        assert engine.steps < 1200
        assert preview.is_visible(), "what was drawn stays"
        assert engine.requests == 1, "the grid asks for nothing by itself"
    finally:
        app.close()
