"""All models: a table that is sorted and filtered, one card opened at a time; studies as plots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from segen.registry import card, cards
from segen.text import words
from tests.browser.actions import assert_fits

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAMES_OVER_POINTS = """() => [...document.querySelectorAll("#models-table .plots svg")].flatMap((plot) => {
    const boxes = (which) => [...plot.querySelectorAll(which)].map((node) => node.getBoundingClientRect());
    const points = boxes("circle, .interval");
    return boxes("a text").filter((name) => points.some(
        (point) => name.left < point.right && point.left < name.right && name.top < point.bottom
            && point.top < name.bottom));
})"""
"""JavaScript that finds the names in plots that lie on a dot or on a bar."""


def _shown(page: Any) -> list[str]:
    rows = page.locator("#models-table tr[data-card]:visible")
    return [row.get_attribute("data-card") for row in rows.all()]


@pytest.mark.parametrize("width", [390, 1440])
def test_models_are_sorted_filtered_and_opened_one_at_a_time(
    address: str, visit: Callable[..., Any], width: int
) -> None:
    page = visit(f"{address}/?tab=models", width)
    page.wait_for_selector(".cards", state="visible")
    assert_fits(page)
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height <= (1800 if width == 1440 else 4200)
    assert _shown(page) == [each.name for each in cards()]
    assert page.evaluate(NAMES_OVER_POINTS) == []

    page.click(".cards th button[data-sort='3']")
    parameters = [card(name).parameters for name in _shown(page)]
    assert parameters == sorted(parameters, reverse=True)

    page.click("#models-table label:has([value=generate])")
    assert set(_shown(page)) == {each.name for each in cards("generate")}
    page.fill("#models-table [type=search]", "wgan")
    assert _shown(page) == ["wgan-gp-fashion"]
    page.fill("#models-table [type=search]", "no such thing")
    assert page.inner_text("#models-table .none") == words("en", "models.none")
    page.fill("#models-table [type=search]", "")
    page.click("#models-table label:has([value=''])")

    for name in ("unet-camvid", "dcgan-yosemite"):
        page.click(f"[data-card={name}] button")
        page.wait_for_url(f"**card={name}*")
        assert page.locator("#models-table .details:visible").count() == 1
    page.click(f"[data-of={name}] [data-visit]")
    page.wait_for_selector("#generate-model", state="visible")
    page.wait_for_url(f"**model={name}*")


def test_a_link_opens_a_card_and_studies_are_plots(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=models&card=vgg16-nuclei")
    page.wait_for_selector("[data-of=vgg16-nuclei]", state="visible")
    page = visit(f"{address}/?tab=studies")
    page.wait_for_selector("[data-study=imbalance] svg", state="visible")
    assert page.locator("[data-study] circle").count() == 3 * 3 + 6 * 4 + 2 * (4 * 3) + 4 * 2
    page.wait_for_function("document.querySelector('[data-study=generated] figure img').naturalWidth")
    assert not page.is_visible("[data-study] table")
    page.click("[data-study=transfer] summary")
    assert page.locator("[data-study=transfer] table b").count() == 3, "the best of each row"
