"""A picture of another kind than the model's: said, and the model for it offered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from segen.registry import segmenters
from segen.text import words
from tests.browser.actions import wait_for_result

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_model_for_the_picture_is_one_click_away(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=segment&example=nuclei_dark")
    wait_for_result(page, "nuclei_dark")
    assert "Pascal VOC" in page.inner_text("#segment-viewer .notice")
    better = next(each for each in segmenters() if each.dataset == "nuclei").title["en"]
    assert page.inner_text("#segment-offer") == words("en", "segment.offer", model=better)
    page.click("#segment-offer")
    page.wait_for_selector("#segment-offer", state="hidden")
    page.wait_for_function(
        "title => document.querySelector('#segment-viewer').innerText.includes(title)", arg=better
    )
    assert page.is_hidden("#segment-viewer .notice")
    assert page.input_value("#segment-model input") == better
    assert "example=nuclei_dark" in page.url, "the picture stays"
