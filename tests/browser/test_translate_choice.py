"""What a model of the Translate tab brings along, and what is said of pictures that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from segen.imaging import images
from segen.registry import card
from segen.text import words
from segen.ui.widgets.examples import named
from tests.browser.actions import go, settle
from tests.browser.engines import SlowEngine, assert_closed

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CHECKED = "document.querySelector('#translate-direction input:checked')?.value"


def test_a_model_brings_its_example_and_its_direction_and_a_picture_that_does_not_fit_is_told_of_before(
    serve: Callable[[Any], str], visit: Callable[..., Any]
) -> None:
    engine = SlowEngine()
    page = visit(f"{serve(engine)}?tab=translate&model=cyclegan-yosemite")
    page.wait_for_selector("#translate-view img", state="attached")
    assert page.evaluate(CHECKED) == "forward", "it leads with what the eye sees"
    assert card("cyclegan-yosemite").options.shows["forward"]["en"] in page.inner_text("#translate-told")
    assert page.evaluate("document.documentElement.scrollHeight") <= 1800

    page.click("#translate-model input")
    page.get_by_role("option", name=card("pix2pix-nuclei").title["en"], exact=True).click()
    page.wait_for_selector("#translate-examples [data-example=mask_few]")
    assert page.evaluate(CHECKED) == "forward"
    assert card("pix2pix-nuclei").options.shows["forward"]["en"] in page.inner_text("#translate-told")
    page.locator("#translate-direction input").nth(1).check(force=True)
    page.wait_for_selector("#translate-examples [data-example=nuclei_dark]")
    settle(page, "translate")
    assert engine.requests == 0, "no network runs before it is asked to"

    go(page, tab="translate", model="pix2pix-camvid-photo")
    page.wait_for_selector("#translate-examples [data-example=map_cars]")
    photograph = images.encode(named()["ruins"].draw())
    page.wait_for_selector("#translate-picture img")
    page.click("#translate-picture .icon-button-wrapper button")
    page.set_input_files(
        "#translate-picture input[type=file]",
        {"name": "ruins.png", "mimeType": "image/png", "buffer": photograph},
    )
    unfit = words("en", "translate.unfit", kind=words("en", "translate.kind_labels"))
    page.wait_for_selector("#translate-told .notice")
    assert page.inner_text("#translate-told .notice") == unfit
    settle(page, "translate")
    assert engine.requests == 0
    page.click("#translate-run")
    page.wait_for_function(
        "document.querySelector('#translate-view').parentElement.innerText.includes('/1000')"
    )
    assert engine.requests == 1, "asked for, it is done all the same"
    page.click("#translate-stop")
    page.wait_for_selector("#translate-stop:disabled")
    assert_closed(engine)
