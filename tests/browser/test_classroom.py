"""`python app.py --classroom`: larger type, a QR code that follows the page, a place in the queue, limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import segno

from segen.text import words
from segen.ui.framework import queue
from tests.browser.actions import assert_fits
from tests.browser.engines import SlowEngine

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def classroom(monkeypatch: pytest.MonkeyPatch, serve: Callable[..., str]) -> str:
    """Where a classroom's page is served, over an engine that takes minutes, one request at a time."""
    monkeypatch.setitem(queue.DEVICE, "concurrency_limit", 1)
    return serve(SlowEngine(), classroom=True)


def _modules(link: str) -> str:
    """The drawing of the code that leads to this address."""
    return segno.make(link, error="m", micro=False).svg_inline(omitsize=True, border=2).split(' d="')[1]


def test_the_code_follows_the_page_and_type_is_larger(classroom: str, visit: Callable[..., Any]) -> None:
    page = visit(classroom)
    size = "parseFloat(getComputedStyle(document.querySelector('#start .lead')).fontSize)"
    assert page.evaluate(size) >= 24
    assert_fits(page)
    page.click("#tabs [data-tab-id=models]")
    page.wait_for_url("**tab=models*")
    page.click("[data-card=dcgan-yosemite] button")
    page.wait_for_url("**card=dcgan-yosemite*")
    page.click("#qr .small")
    page.wait_for_function("document.querySelector('#qr .link').textContent === location.href")
    drawn = page.locator("#qr .large").inner_html()
    assert _modules(page.url).split('"')[0] in drawn, "the code is of this very address"
    assert page.inner_text("#qr .said") == words("en", "page.qr_here_only")
    page.keyboard.press("Escape")
    assert not page.is_visible("#qr dialog")


def test_a_visitor_is_told_the_place_in_the_queue_and_what_is_too_much(
    classroom: str, visit: Callable[..., Any]
) -> None:
    queued = (
        "[...document.querySelectorAll('.progress-text')]"
        ".map(node => getComputedStyle(node, '::after').content)"
    )
    first = visit(f"{classroom}?tab=segment")
    first.wait_for_function("document.body.innerText.includes('/1000')")
    waiting = [visit(f"{classroom}?tab=segment&lang={language}") for language in ("zh", "en")]
    for place, (page, language) in enumerate(zip(waiting, ("zh", "en"), strict=True), start=1):
        said = words(language, "page.queued", place=place, waiting=place)  # as it was when it came
        page.wait_for_function(f"{queued}.some(said => said.includes({said!r}))")
    one_too_many = visit(f"{classroom}?tab=segment")
    one_too_many.wait_for_selector("#fault")
    assert words("en", "errors.visitor_at_once", count=3) in one_too_many.inner_text("#fault")
    one_too_many.wait_for_selector("#segment-stop:disabled")
    for page in waiting:
        page.close()
    while not one_too_many.is_enabled("#segment-stop"):  # until the server hears of it
        if one_too_many.is_visible("#fault"):
            one_too_many.click("#fault button")
        one_too_many.click("#segment-run")
        one_too_many.wait_for_selector("#segment-stop:enabled, #fault")
    said = words("en", "page.queued", place=1, waiting=1)
    one_too_many.wait_for_function(f"{queued}.some(said => said.includes({said!r}))")


def test_a_phone_in_class_shows_no_code_and_every_tab(classroom: str, visit: Callable[..., Any]) -> None:
    page = visit(classroom, 390)
    assert not page.is_visible("#qr")
    assert_fits(page)
