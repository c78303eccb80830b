"""From one place of the page to another: pictures and models are taken along, old links still open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segen.text import words
from tests.browser.actions import upload, wait_for_result

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_picture_goes_along_to_another_tab(address: str, visit: Callable[..., Any], photo: Path) -> None:
    page = visit(f"{address}/?tab=segment")
    page.click(".onward a[href*=translate]")
    page.wait_for_function(
        "(said) => document.getElementById('notice').innerText === said",
        arg=words("en", "page.no_picture_yet"),
    )
    upload(page, photo)
    wait_for_result(page)
    uploads: list[str] = []
    page.on("request", lambda request: "/upload" in request.url and uploads.append(request.url))
    page.click(".onward a[href*=translate]")
    page.wait_for_selector("#translate-view img")
    assert "330 × 250" in page.inner_text("#translate-told")
    assert "tab=translate" in page.url
    assert not uploads, "the server has the picture already"


def test_a_link_within_the_page_brings_a_model_and_says_what_is_not_there(
    address: str, visit: Callable[..., Any]
) -> None:
    page = visit(f"{address}/?tab=segment")
    page.evaluate("segen.visit({tab: 'translate', model: 'pix2pix-emoji', direction: 'sideways'})")
    page.wait_for_url("**/*model=pix2pix-emoji*")
    assert "(direction)" in page.inner_text("#notice")
    page.evaluate("segen.visit({tab: 'segment'}, 'data:text/plain,none')")
    page.wait_for_selector(".toast-body")
    assert page.is_visible("#segment-run"), "the visit goes on"
