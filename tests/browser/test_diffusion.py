"""Diffusion on the Generate tab in a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from segen.registry import card, cards
from segen.text import words
from segen.ui.tabs.generate.objectives import diffuses
from tests.browser.actions import assert_fits, open_view
from tests.browser.engines import DrawingEngine, assert_closed, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_diffusion_is_seen_step_by_step(address: str, visit: Callable[..., Any]) -> None:
    asked = "tab=generate&model=ddpm-fashion&count=16&sampler=ddim&steps=10&lang=zh"
    page = visit(f"{address}/?{asked}", 390, "dark")
    for fold, place, key in (
        ("advanced", "#generate-guidance", "diffusion.guidance_taught"),
        ("trained", "#generate-objective", "generate.objective_taught"),
    ):
        page.click(f"#generate-{fold} > button")
        page.locator(place, has_text=words("zh", key, guidance="1.75")).wait_for()

    def open_part(key: str) -> None:
        label = words("zh", f"diffusion.{key}")
        page.locator("#generate-diffusion button[role=tab]:visible", has_text=label).click()

    page.click("#generate-run")
    page.wait_for_selector("#generate-zip")
    open_view(page, "generate", "generate.diffusion_view", "zh")
    page.click("#generate-watch")
    page.wait_for_function("document.querySelector('#generate-reverse [data-part=slider]').max === '9'")
    said, slider = (page.locator(f"#generate-reverse [data-part={part}]") for part in ("said", "slider"))
    assert said.inner_text() == words("zh", "diffusion.timestep", t=99, number=10, count=10)
    last = page.locator("#generate-reverse img").first.get_attribute("src")
    slider.press("ArrowLeft")
    assert said.inner_text() == words("zh", "diffusion.timestep", t=199, number=9, count=10)
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
    page.locator("#generate-stop:enabled").press("Enter")  # rows that come move it away from under a pointer
    page.wait_for_selector("#generate-stop:disabled")
    assert_fits(page)


def test_a_student_of_four_steps_is_asked_for_nothing_else(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=generate&view=diffusion&model=distilled-fashion&steps=50&sampler=ddpm")
    samplers = page.locator(
        "#generate-diffusion button[role=tab]:visible", has_text=words("en", "diffusion.compare")
    )
    page.click("#generate-advanced > button")
    page.wait_for_selector("#generate-guidance")
    assert not page.is_visible("#generate-sampler")
    assert not page.is_visible("#generate-steps")
    assert samplers.count() == 0
    page.click("#generate-watch")
    page.wait_for_function("document.querySelector('#generate-reverse [data-part=slider]').max === '3'")
    page.locator("#generate-model input").click()
    page.get_by_role("option", name=card("ddpm-fashion").title["en"], exact=True).click()
    page.wait_for_selector("#generate-sampler")
    assert samplers.count() == 1


def test_diffusion_starts_nothing_unasked_is_seen_while_it_draws_and_keeps_what_was_there(
    serve: Callable[[Any], str], visit: Callable[..., Any]
) -> None:
    engine = DrawingEngine()
    page = visit(f"{serve(engine)}?tab=generate")
    page.wait_for_selector("#generate-grid .grid button")
    slow = next(each for each in cards("generate") if diffuses(each))
    page.locator("#generate-model input").click()
    page.get_by_role("option", name=slow.title["en"], exact=True).click()
    page.wait_for_function(
        "title => document.querySelector('#generate-grid .said').innerText.includes(title)",
        arg=slow.title["en"],
    )
    assert re.search(r"\d+ (s|min)", page.inner_text("#generate-estimate")), "how long it would take"
    assert engine.requests == 0
    before = page.get_attribute("#generate-grid .grid img", "src")
    page.click("#generate-run")
    preview = page.locator("#generate-grid .coming img")
    preview.wait_for()
    first = preview.get_attribute("src")
    page.wait_for_function(
        f"document.querySelector('#generate-grid .coming img').src !== {json.dumps(first)}"
    )
    assert page.get_attribute("#generate-grid .grid img", "src") == before
    assert_fits(page)
    assert engine.requests == 1

    page.click("#generate-run")
    assert_closed(engine)
    wait_until(lambda: engine.requests == 2)  # the second press begins anew
    assert page.is_enabled("#generate-stop"), "while work goes on, it can be stopped"
    engine.closed = False
    page.click("#generate-stop", no_wait_after=True)
    assert_closed(engine)
    page.wait_for_selector("#generate-stop:disabled")
    assert engine.steps < 1200
    assert page.get_attribute("#generate-grid .grid img", "src") == before, "Stop leaves what was there"
    assert page.is_visible("#generate-grid .grid")
    assert preview.is_visible(), "and what was drawn so far"
    assert engine.requests == 2, "nothing was queued"
