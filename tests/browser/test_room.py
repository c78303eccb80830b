"""One picture and its views in a browser: what is shown at once, what goes along, what is told where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segen.imaging import images
from tests.browser.actions import assert_fits, open_view, upload, wait_for_result
from tests.browser.engines import SlowEngine, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SHOWN = {
    "segment": "#segment-viewer .legend button",
    "compare": "#compare-table",
    "robustness": "#robustness-fog [data-severity='5']",
    "cluster": "#cluster-viewer .legend button",
    "inside": "#inside-panel .maps img",
}
"""What each view shows once it has a result."""


def test_every_view_shows_a_result_before_anything_is_pressed(
    address: str, visit: Callable[..., Any]
) -> None:
    page = visit(f"{address}/?tab=segment")
    for name, shown in SHOWN.items():
        open_view(page, "segment", f"{name}.tab")
        page.wait_for_selector(shown)
        assert page.evaluate("document.documentElement.scrollHeight") <= 1800, name
        assert_fits(page)
    assert "common.complete" not in page.inner_text("body"), "what Gradio says is in words"
    examples = page.locator("#segment-examples [data-example]")
    assert examples.first.get_attribute("data-example") == "horse_race"
    assert "drawn by Segen" not in page.inner_text("#segment-examples"), "photographs are what one sees first"


def test_a_picture_is_given_once_and_a_model_goes_along(
    address: str, visit: Callable[..., Any], photo: Path
) -> None:
    page = visit(f"{address}/?tab=segment")
    upload(page, photo)
    wait_for_result(page)
    page.click("#segment-model input")
    page.get_by_role("option", name="FPN on streets").click()
    open_view(page, "segment", "cluster.tab")
    page.wait_for_selector("#cluster-viewer [data-picture=photo] .legend button")
    open_view(page, "segment", "inside.tab")
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
    wait_for_result(page, "horse_race")
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


def test_another_picture_ends_what_other_views_make_of_the_one_before(
    serve: Callable[[Any], str], visit: Callable[..., Any]
) -> None:
    engine = SlowEngine()
    page = visit(f"{serve(engine)}?tab=segment")
    page.click("#segment-take > button")
    wait_until(lambda: engine.requests == 1)
    page.click("#take-run")
    wait_until(lambda: engine.requests == 2)
    open_view(page, "segment", "compare.tab")
    wait_until(lambda: engine.requests == 3)
    assert page.locator("#segment-stop").is_enabled(), "both go on"
    page.click("#segment-examples [data-example=cat]")
    page.wait_for_selector("#segment-stop:disabled", state="attached")
    wait_until(lambda: engine.requests == 4)
    assert page.locator("#compare-stop").is_enabled(), "the view that is open looks at the new picture"
    page.click("#compare-stop")


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
