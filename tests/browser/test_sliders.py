"""Latent space under sliders: the browser draws what the server does, and asks it nothing meanwhile."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.engine import Engine
from segen.models import latents
from segen.registry import card
from segen.text import words
from segen.types import DecodeRequest, DirectionsRequest, LatentsRequest, Pictures
from tests.browser.actions import assert_fits, serious_faults
from tests.browser.places import STREAMS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COUNT = 16
IDLE = "#generate-sliders [data-state=idle]"


@pytest.fixture
def opened(address: str, visit: Callable[..., Any]) -> Callable[..., Any]:
    """Opens the sliders of a model, before the page loads with a script run first."""

    def open_page(model: str, script: str = "", lang: str = "en", width: int = 1440) -> Any:
        page = visit(f"{address}/?tab=generate&view=latent&model={model}&lang={lang}", width, script=script)
        page.get_by_text(words(lang, "generate.sliders"), exact=True).click()
        return page

    return open_page


def shown(page: Any) -> Pictures:
    """The sixteen pictures that the page shows."""
    addresses = page.evaluate(
        "[...document.querySelectorAll('#generate-sliders .grid canvas')].map((each) => each.toDataURL())"
    )
    assert len(addresses) == COUNT
    pictures = []
    for each in addresses:
        with Pillow.open(io.BytesIO(base64.b64decode(each.split(",")[1]))) as picture:
            pictures.append(np.array(picture.convert("RGB")))
    return np.stack(pictures)


def slide(page: Any, number: int, value: float) -> None:
    """Move a slider, and wait until its pictures are shown."""
    page.evaluate(
        """([number, value]) => {
            const slider = document.querySelectorAll("#generate-sliders .sliders input")[number];
            slider.closest("[data-state]").dataset.state = "moved";
            slider.value = value;
            slider.dispatchEvent(new Event("input"));
        }""",
        [number, value],
    )
    page.wait_for_selector(IDLE)


@pytest.mark.parametrize("model", ["gan-fashion", "cgan-fashion", "vae-yosemite"])
def test_the_browser_draws_what_the_server_draws(
    opened: Callable[..., Any], every_weights_folder: Path, model: str
) -> None:
    page = opened(model)
    page.wait_for_selector(IDLE)
    first = shown(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    slide(page, 1, 2.5)
    assert [url for url in asked if not STREAMS.search(url)] == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
        engine = Engine("cpu")
        seeds = range(COUNT)
        labels = latents.labels_of(card(model), seeds, None)
        vectors = engine.run(model, LatentsRequest(seeds)).value
        direction = engine.run(model, DirectionsRequest(2)).value.directions[1]
        for found, points in ((first, vectors), (shown(page), vectors + np.float32(2.5) * direction)):
            expected = engine.run(model, DecodeRequest(points, labels)).value
            assert np.abs(found.astype(int) - expected).max() <= 1
    assert (first != shown(page)).any()
    page.click("#generate-sliders [data-part=reset]")
    page.wait_for_selector(IDLE)
    np.testing.assert_array_equal(shown(page), first)


def test_a_class_and_other_seeds_can_be_chosen_on_a_phone(opened: Callable[..., Any]) -> None:
    page = opened("cgan-fashion", lang="zh", width=390)
    page.wait_for_selector(IDLE)
    before = shown(page)
    page.select_option("#generate-sliders [data-part=label]", "8")
    page.wait_for_selector(IDLE)
    page.click("#generate-sliders [data-part=others]")
    page.get_by_text(words("zh", "sliders.seed", seed=16)).wait_for()
    page.wait_for_selector(IDLE)
    assert (shown(page) != before).any(axis=(1, 2, 3)).all()
    page.locator("#generate-sliders .grid button").nth(3).click()
    assert page.inner_text("#generate-sliders [data-part=seed]") == words("zh", "sliders.seed", seed=19)
    assert_fits(page)
    assert serious_faults(page) == []


def test_without_simd_it_is_said_what_the_server_draws(opened: Callable[..., Any]) -> None:
    page = opened("gan-fashion", "WebAssembly.validate = () => false;")
    told = f"{words('en', 'inference.no_simd')} {words('en', 'sliders.instead')}"
    page.get_by_text(told).wait_for()
    assert page.locator("#generate-sliders .grid canvas:visible").count() == 0
