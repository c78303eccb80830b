"""From one place of the page to another: pictures and models are taken along, old links still open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.actions import go, upload, wait_for_result

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_pictures_and_models_go_along_to_another_tab_and_nonsense_is_told(
    address: str, visit: Callable[..., Any], photo: Path
) -> None:
    page = visit(f"{address}/?tab=segment")
    upload(page, photo)
    wait_for_result(page)
    go(page, tab="translate", model="cyclegan-yosemite")
    go(page, tab="segment")
    uploads: list[str] = []
    page.on("request", lambda request: "/upload" in request.url and uploads.append(request.url))
    page.locator("#segment-views .onward a[href*='tab=translate']:visible").first.click()
    page.wait_for_selector("#translate-view img")
    page.wait_for_function("document.querySelector('#translate-told').innerText.includes('330 × 250')")
    assert "tab=translate" in page.url
    assert not uploads, "the server has the picture already"

    assert not page.is_visible("#notice")
    page.evaluate("segen.visit({tab: 'translate', model: 'pix2pix-nuclei', direction: 'sideways'})")
    page.wait_for_url("**/*model=pix2pix-nuclei*")
    assert "(direction)" in page.inner_text("#notice")
    page.evaluate("segen.visit({tab: 'segment'}, 'data:text/plain,none')")
    page.wait_for_selector(".toast-body")
    assert page.is_visible("#segment-run"), "the visit goes on"
