"""The way in: what the page asks of the server, what moves, what two visitors and a turned phone do to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.actions import asked_by, assert_fits, settle, wait_for_result
from tests.browser.engines import SlowEngine

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def slow(serve: Callable[[Any], str]) -> str:
    """Where a page is served whose works take minutes."""
    return serve(SlowEngine())


def test_the_page_is_filled_in_one_pass(address: str, visit: Callable[..., Any]) -> None:
    page = visit(address)
    settle(page)
    asked = asked_by(page)
    page.reload()
    page.wait_for_selector("html[data-tab]")
    settle(page)
    assert len(asked) == 1, "what the address asks for, and nothing else"
    assert page.evaluate("gradio_config.dependencies.constructor.name") == "Dependencies", "unwatched"


def test_two_visitors_press_stop_at_once_and_each_stops_his_own(slow: str, visit: Callable[..., Any]) -> None:
    pages = [visit(f"{slow}?tab=segment") for _ in range(2)]
    for page in pages:
        page.wait_for_selector("#segment-stop:enabled")
    for page in pages:
        page.click("#segment-stop", no_wait_after=True)
    for page in pages:
        page.wait_for_selector("#segment-stop:disabled")
        page.wait_for_function("!document.body.innerText.includes('/1000')")
        settle(page)  # before it has ended what was stopped, Gradio's page begins nothing
    pages[0].click("#segment-run")
    pages[0].wait_for_function("document.body.innerText.includes('/1000')")
    assert pages[1].is_disabled("#segment-stop"), "what one begins is none of the other's"


def test_a_phone_shows_the_result_first_and_can_be_turned(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=segment&lang=zh", 390, "dark")
    wait_for_result(page, "horse_race")
    result, run, stop = (
        page.locator(each).bounding_box() for each in ("#segment-viewer", "#segment-run", "#segment-stop")
    )
    scrolled = page.evaluate("scrollY")  # to the result, where it is out of sight
    assert result["y"] + scrolled < 844, "the result begins within the first screen"
    assert result["y"] < run["y"], "and stands above its controls"
    assert abs(run["y"] - stop["y"]) < 5, "Stop stands beside the button that starts"
    for width, height in ((844, 390), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        settle(page)
        assert_fits(page)
        stage = page.locator("#segment-viewer .stage").bounding_box()
        assert stage["x"] >= 0
        assert stage["width"] <= width


def test_names_and_places_are_right_from_the_first_moment(address: str, visit: Callable[..., Any]) -> None:
    watch = """const seen = window.seen = { values: new Set(), places: new Set() };
        setInterval(() => {
            const model = document.querySelector("#segment-model input");
            const examples = document.querySelector("#segment-examples [data-example]");
            const views = document.querySelector("#segment-views");
            if (model?.checkVisibility()) seen.values.add(model.value);
            if (!views?.checkVisibility()) return;
            seen.places.add(Math.round(views.getBoundingClientRect().y + scrollY));
        }, 30)"""
    page = visit(f"{address}/?tab=segment", script=watch)
    wait_for_result(page, "horse_race")
    values, places_seen = page.evaluate("[[...seen.values], [...seen.places]]")
    assert set(values) <= {"", "U-Net on animals and people"}, "never the name that the code uses"
    assert max(places_seen) - min(places_seen) < 40, "nothing is pushed down by what arrives later"
