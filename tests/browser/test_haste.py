"""Hasty visitors and poor lines: what is shown in the end is of what is chosen, and work can go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from segen.text import words
from tests.browser.actions import open_view, settle, wait_for_result
from tests.browser.engines import KnownEngine, QuickEngine

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LINE = """
const { fetch } = window;
Object.assign(window, { held: null, asked: 0, fails: "none" });
let before = null;
window.fetch = async (...given) => {
    const path = new URL(given[0].url ?? given[0], location).pathname;
    if (!/(run.predict|queue.join)$/.test(path)) return fetch(...given);
    window.asked += 1;
    await window.held;
    if (path.endsWith(window.fails)) return new Response("<html>Service Unavailable</html>", { status: 503 });
    const [earlier, { promise, resolve }] = [before, Promise.withResolvers()];
    before = promise;
    await earlier;
    return fetch(...given).finally(resolve);
};
window.hold = () => { window.asked = 0; window.held = new Promise((resolve) => (window.let_go = resolve)); };
"""
"""JavaScript of a slow line: `hold()` holds what is `asked` until `let_go()`; what `fails` never comes."""


def _ask(page: Any, act: Callable[[], None]) -> None:
    """Do something that asks the server, which does not hear of it until `let_go()`."""
    page.evaluate("hold()")
    act()
    page.wait_for_function("window.asked")


def test_a_fault_is_told_in_a_sentence_and_stop_is_over(
    serve: Callable[..., str], visit: Callable[..., Any]
) -> None:
    page = visit(f"{serve(KnownEngine())}?tab=segment&model=unet-camvid&lang=zh", script=LINE)
    wait_for_result(page, "pagoda")
    settle(page, "segment")
    sentence = words("zh", "page.no_answer")
    page.evaluate("window.fails = '/run/predict'")
    page.click("#segment-run")
    assert sentence in page.wait_for_selector("#fault").inner_text()
    page.evaluate("window.fails = '/queue/join'")  # the press is heard, the work is not
    page.click("#segment-run")
    assert page.wait_for_selector(".toast-message-text").inner_text() == sentence
    page.evaluate("window.fails = 'none'")
    settle(page, "segment")
    open_view(page, "segment", "robustness.tab", "zh")
    settle(page, "robustness")
    page.locator("#robustness-kinds input:checked").uncheck(force=True)
    page.get_by_text(words("zh", "errors.nothing_chosen")).first.wait_for()
    settle(page, "robustness")


def test_a_view_that_is_left_before_the_server_heard_of_it_runs_when_it_is_opened_again(
    address: str, visit: Callable[..., Any]
) -> None:
    page = visit(f"{address}/?tab=translate", script=LINE)
    page.wait_for_selector("#translate-picture img")
    settle(page, "translate")
    _ask(page, lambda: open_view(page, "translate", "translate.cycle_view"))
    open_view(page, "translate", "translate.region")
    page.wait_for_function("window.asked > 1")
    page.evaluate("window.held = null, let_go()")
    page.wait_for_selector("#translate-region-download")
    settle(page, "translate")
    open_view(page, "translate", "translate.cycle_view")
    page.wait_for_selector("#translate-cycle-json")


def test_the_last_of_quick_choices_counts(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=translate", script=LINE)
    page.wait_for_selector("#translate-picture img[src*=pagoda]")
    settle(page, "translate")
    _ask(page, lambda: page.click("[data-example=ruins]"))
    page.click("[data-example=horse_race]")
    page.evaluate("window.held = null, let_go()")
    page.wait_for_selector("#translate-picture img[src*=horse_race]")
    told = "document.querySelector('#translate-told').innerText"
    page.wait_for_function(f"{told}.includes('640 × 426')")  # the ruins are 640 x 427
    settle(page, "translate")
    with page.expect_download() as download:
        page.click("#translate-download")
    assert "horse_race" in download.value.suggested_filename

    directions = page.locator("#translate-direction input")
    _ask(page, lambda: directions.nth(1).check(force=True))
    directions.nth(0).check(force=True)
    page.evaluate("window.held = null, let_go()")
    page.wait_for_selector("#translate-picture img[src*=pagoda]")
    settle(page, "translate")
    assert directions.nth(0).is_checked()
    assert page.locator("#translate-picture img[src*=pagoda]").count()


def test_a_picture_that_is_taken_away_is_no_fault(
    serve: Callable[..., str], visit: Callable[..., Any]
) -> None:
    page = visit(f"{serve(QuickEngine())}?tab=pipelines")
    page.wait_for_selector("#pipelines-zip")
    asked = page.evaluate("performance.getEntriesByType('resource').length")
    page.click("#pipelines-picture button >> nth=0")
    page.wait_for_function("before => performance.getEntriesByType('resource').length > before", arg=asked)
    settle(page, "pipelines")
    assert not page.locator(".toast-body").count()
