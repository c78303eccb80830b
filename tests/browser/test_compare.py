"""The view Compare of the tab Segment in a browser."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image as Pillow

from segen.text import words
from segen.ui.tabs.segment.compare import compared
from tests.browser.actions import assert_fits, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_networks_are_compared_on_one_picture(address: str, visit: Callable[..., Any]) -> None:
    chosen = compared("nuclei")
    page = visit(f"{address}/?tab=compare&data=nuclei&lang=zh", 390, "dark")
    page.wait_for_selector("#compare-plot circle", state="attached")
    measured = [each for each in chosen if each.reached()]
    assert page.locator("#compare-plot circle").count() == len(measured), "before any network ran"
    page.click("#segment-examples [data-example=nuclei_drawn]")
    page.wait_for_selector("#segment-picture img[src*=nuclei_drawn]")
    page.wait_for_selector("#compare-grid [data-cell]")
    titles = page.locator("#compare-grid b").all_inner_texts()[3:]
    assert titles == [each.title["zh"] for each in chosen], "cells stand before their answers come"
    settle(page, "compare")  # the example that the page opened with may have been compared before
    page.wait_for_selector("#compare-table")
    cells = page.locator("#compare-grid figure")
    assert page.locator("#compare-grid figure img").count() == 3 + len(chosen)
    boxes = [cells.nth(number).locator("img").bounding_box() for number in range(cells.count())]
    assert len({(round(box["width"]), round(box["height"])) for box in boxes}) == 1
    assert boxes[0]["y"] == pytest.approx(boxes[1]["y"]), "side by side at any width"
    assert_fits(page)
    assert words("zh", "compare.majority") in page.inner_text("#compare-grid")
    with page.expect_download() as download:
        page.click("#compare-table")
    assert download.value.suggested_filename == "nuclei_drawn.models.csv"
    rows = list(csv.DictReader(download.value.path().read_text(encoding="utf-8").splitlines()))
    assert [row["model"] for row in rows] == [each.name for each in chosen]
    assert all(float(row["milliseconds"]) > 0 and 0 <= float(row["agreement"]) <= 1 for row in rows)
    with page.expect_download() as download:
        page.click("#compare-sheet")
    assert min(Pillow.open(download.value.path()).size) > 300
