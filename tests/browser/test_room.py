"""One picture and its views in a browser: what is shown at once, what goes along, what is told where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segen.imaging import images
from segen.text import words
from segen.ui.tabs.segment.compare import compared
from tests.browser.actions import assert_fits, upload, wait_for_result

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SHOWN = {
    "segment": "#segment-viewer .legend button",
    "compare": "#compare-table",
    "robustness": "#robustness-fog [data-severity='5']",
    "cluster": "#cluster-viewer .legend button",
    "inside": "#inside-panel .maps img",
}
"""What each view shows once it has a result."""


def open_view(page: Any, name: str) -> None:
    page.locator("#segment-views").get_by_role("tab", name=words("en", f"{name}.tab"), exact=True).click()


def test_every_view_shows_a_result_before_anything_is_pressed(
    address: str, visit: Callable[..., Any]
) -> None:
    page = visit(f"{address}/?tab=segment")
    for name, shown in SHOWN.items():
        open_view(page, name)
        page.wait_for_selector(shown)
        assert page.evaluate("document.documentElement.scrollHeight") <= 1800, name
        assert_fits(page)
    assert "common.complete" not in page.inner_text("body"), "what Gradio says is in words"
    assert (
        page.locator("#segment-examples [data-example]").last.get_attribute("data-example") == "street_trees"
    )
    assert "drawn by Segen" in page.locator("#segment-examples [data-example]").last.inner_text()


def test_a_picture_is_given_once_and_a_model_goes_along(
    address: str, visit: Callable[..., Any], photo: Path
) -> None:
    page = visit(f"{address}/?tab=segment")
    upload(page, photo)
    wait_for_result(page)
    page.click("#segment-model input")
    page.get_by_role("option", name="FPN on streets").click()
    open_view(page, "cluster")
    page.wait_for_selector("#cluster-viewer [data-picture=photo] .legend button")
    open_view(page, "inside")
    page.wait_for_selector("#inside-panel .maps img")
    assert page.input_value("#inside-model input") == "FPN on streets"
    assert "view=inside" in page.url
    assert "model=fpn-camvid" in page.url
    page.click("#inside-choices [data-choice='decoder.merge'], #inside-choices g >> nth=-2")
    page.wait_for_selector("#inside-choices g[aria-pressed=true] >> nth=0")
    page.wait_for_function("location.search.includes('layer=decoder')")


def test_a_model_of_other_pictures_brings_its_own_example_but_leaves_a_visitors_picture(
    address: str, visit: Callable[..., Any], photo: Path
) -> None:
    page = visit(f"{address}/?tab=segment")
    wait_for_result(page, "pagoda")
    page.click("#segment-model input")
    page.get_by_role("option", name="U-Net on nuclei").click()
    wait_for_result(page, "nuclei_dark")
    assert "microscope" in page.inner_text("#segment-model"), "what it is for is told before it runs"
    upload(page, photo)
    wait_for_result(page)
    page.click("#segment-model input")
    page.get_by_role("option", name="U-Net on streets").click()
    page.wait_for_function("document.querySelector('#segment-viewer').innerText.includes('U-Net on streets')")
    wait_for_result(page)


def test_noise_is_warned_of_on_the_picture(address: str, visit: Callable[..., Any], tmp_path: Path) -> None:
    noise = np.random.default_rng(9).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    (tmp_path / "noise.png").write_bytes(images.encode(noise))
    page = visit(f"{address}/?tab=segment")
    upload(page, tmp_path / "noise.png")
    wait_for_result(page, "noise")
    stage = page.locator("#segment-viewer .stage").bounding_box()
    notice = page.locator("#segment-viewer .stage .notice")
    assert notice.is_visible()
    box = notice.bounding_box()
    assert stage["y"] <= box["y"] <= box["y"] + box["height"] <= stage["y"] + stage["height"]


def test_a_class_in_the_legend_lights_up_and_dims_the_others(known: Callable[..., Any]) -> None:
    page = known("attention", "discriminator_score", "instances")
    others = "document.querySelector('#segment-viewer [data-part=labels]').toDataURL()"
    before = page.evaluate(others)
    page.locator("#segment-viewer .legend button").first.hover()
    page.wait_for_selector("#segment-viewer [data-lit=true]")
    assert page.evaluate(others) != before, "the others are dimmed"
    opacity = "Number(getComputedStyle(document.querySelector('#segment-viewer [data-part=labels]')).opacity)"
    assert page.evaluate(opacity) > 0.8, "and the class shines through"


def test_quality_is_plotted_over_cost_before_any_network_ran(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=compare")
    measured = [each for each in compared("camvid") if each.reached()]
    page.wait_for_selector("#compare-plot circle", state="attached")
    assert page.locator("#compare-plot circle").count() == len(measured)


def test_the_best_number_of_clusters_is_one_click_away(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=cluster&k=7")
    page.wait_for_selector("#cluster-best:visible")
    page.click("#cluster-best")
    page.wait_for_selector("#cluster-best", state="hidden")
    best = page.input_value("#cluster-k input[type=number]")
    assert best != "7"
    page.wait_for_function(f"document.querySelectorAll('#cluster-viewer .legend button').length === {best}")
