"""The viewer of a segmentation in a browser: attention, discriminator score, instances, disagreement."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest

from segen.text import words
from segen.types import SURE
from tests.browser.actions import assert_fits, click_pixel, go, settle, stroke
from tests.browser.engines import KnownEngine, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def _brightest(page: Any) -> tuple[int, int]:
    """The middle of what is brightest on the heat map, as grid column and row of the KnownEngine."""
    x, y = page.evaluate(
        """() => {
            const canvas = document.querySelector("#segment-viewer [data-part=heat]");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let best = 0;
            for (let i = 0; i < data.length; i += 4) if (data[i + 1] > data[best + 1]) best = i;
            return [(best / 4) % canvas.width, Math.floor(best / 4 / canvas.width)];
        }"""
    )
    return x // KnownEngine.stride, y // KnownEngine.stride


def _view(page: Any, name: str) -> str:
    """Choose a view and return what stands below the picture."""
    page.check(f"#segment-viewer input[value={name}]", force=True)
    return str(page.inner_text("#segment-viewer [data-part=meaning]"))


def test_attention_follows_the_pixel_and_discriminator_score_is_read(known: Callable[..., Any]) -> None:
    page = known("instances", query="lang=zh&show=attention", width=390, scheme="dark")
    assert page.is_checked("#segment-viewer input[value=attention]")
    assert _brightest(page) == (21 - 165 // 16, 15 - 125 // 16), "the middle is read at first"
    asked: list[str] = []
    page.on("request", lambda request: request.url.startswith("http") and asked.append(request.url))
    click_pixel(page, 200, 100)
    assert _brightest(page) == (21 - 200 // 16, 15 - 100 // 16)
    share = {"share": "100%", "times": "352"}
    assert words("zh", "viewer.value_attention", **share) in page.inner_text("#segment-viewer .spoken")
    stage = page.locator("#segment-viewer .stage")
    for _ in range(2):
        stage.press("Shift+ArrowDown")
    assert _brightest(page) == (21 - 200 // 16, 15 - 120 // 16)
    stroke(page, stage, (0.5, 0.5), (0.97, 0.9))
    assert _brightest(page) == (21 - 320 // 16, 15 - 225 // 16)
    assert_fits(page)

    assert _view(page, "discriminator_score") == words("zh", "viewer.meaning_discriminator_score")
    scale = page.inner_text("#segment-viewer .scale")
    assert words("zh", "viewer.low_discriminator_score") in scale
    assert words("zh", "viewer.high_discriminator_score") in scale
    click_pixel(page, 247, 100)
    (percent,) = re.findall(r"([\d.]+)%", page.inner_text("#segment-viewer .value"))
    assert float(percent) / 100 == pytest.approx(247 / 329, abs=0.004)
    assert_fits(page)
    assert not page.is_visible("#segment-viewer input[value=instances] + span")
    assert not asked, "the viewer works without the server"


def test_classes_light_up_instances_are_counted_and_disagreement_is_measured_when_asked_for(
    known: Callable[..., Any],
) -> None:
    engine = KnownEngine("attention", "discriminator_score")
    page = known(engine=engine, query="show=discriminator_score")
    assert page.is_checked("#segment-viewer input[value=overlay]"), "there is no discriminator score"
    assert not page.is_visible("#segment-viewer input[value=disagreement] + span")
    _assert_lights_up(page)
    _assert_instances_are_told(page)

    settle(page, "segment")
    before = engine.asked
    engine.holds_at = before + 2
    page.click("#segment-disagree")
    wait_until(lambda: engine.asked == before + 2)
    page.click("#segment-stop")
    settle(page, "segment")
    assert engine.asked == before + 2, "six answers make a disagreement"
    assert not page.is_visible("#segment-viewer input[value=disagreement] + span")

    engine.holds_at = None
    page.click("#segment-disagree")
    page.wait_for_selector("#segment-viewer input[value=disagreement]:checked", state="attached")
    _assert_disagreement_is_measured(page)


def test_a_link_within_the_page_sets_the_view_and_the_opacity_that_its_address_has(
    known: Callable[..., Any],
) -> None:
    page = known(query="show=labels")
    assert "example" not in page.url, "the picture is the visitor's own"
    wanted = {"show": "discriminator_score", "opacity": "30"}
    page.evaluate("segen.tell('page.no_picture_yet')")
    go(page, tab="segment", model="fcn-camvid", **wanted)
    page.wait_for_selector("#segment-viewer input[value=discriminator_score]:checked", state="attached")
    assert page.input_value("#segment-viewer [data-part=opacity]") == "30"
    assert page.inner_text("#notice").strip() == "", "what was told of another link is gone"
    settle(page, "segment")
    page.evaluate("segen.visit({ tab: 'segment' }, document.querySelector('#segment-picture img').src)")
    settle(page, "segment")
    assert page.is_checked("#segment-viewer input[value=discriminator_score]")
    options = dict(parse_qsl(urlsplit(page.url).query))
    assert options == {"lang": "en", "tab": "segment", "model": "fcn-camvid", **wanted}


def _assert_lights_up(page: Any) -> None:
    """A class that is pointed at in the legend is seen alone."""
    drawn = "document.querySelector('#segment-viewer [data-part=labels]').toDataURL()"
    before = page.evaluate(drawn)
    page.locator("#segment-viewer .legend button").first.hover()
    page.wait_for_selector("#segment-viewer [data-lit=true]")
    assert page.evaluate(drawn) != before, "the others are dimmed"
    opacity = "Number(getComputedStyle(document.querySelector('#segment-viewer [data-part=labels]')).opacity)"
    assert page.evaluate(opacity) > 0.8, "and the class shines through"


def _assert_instances_are_told(page: Any) -> None:
    told = {"count": "1", "least": f"{SURE:.0%}", "mean": "800"}
    assert _view(page, "instances") == words("en", "viewer.meaning_instances", **told)
    first = words("en", "viewer.value_instance", name="building", found="1", score="90%", pixels="800")
    click_pixel(page, 70, 50)
    assert page.inner_text("#segment-viewer .value") == first
    click_pixel(page, 90, 50)
    assert page.inner_text("#segment-viewer .value") == words("en", "viewer.value_none")
    page.locator("#segment-viewer [data-part=threshold]").fill("30")
    told = {"count": "2", "least": "30%", "mean": "800"}
    below = page.inner_text("#segment-viewer [data-part=meaning]")
    assert below == words("en", "viewer.meaning_instances", **told)
    second = words("en", "viewer.value_instance", name="building", found="2", score="30%", pixels="800")
    assert page.inner_text("#segment-viewer .value") == second
    click_pixel(page, 70, 50)
    assert page.inner_text("#segment-viewer .value") == first, "the surest is on top"


def _assert_disagreement_is_measured(page: Any) -> None:
    """Half of the answers, the mirrored ones, say the opposite: as far apart as two sides can be."""
    assert "6" in page.inner_text("#segment-viewer [data-part=sentence]")
    click_pixel(page, 300, 100)
    (percent,) = re.findall(r"([\d.]+)%", page.inner_text("#segment-viewer .value"))
    one, other = (np.array([a, b, *[0.02] * 9]) / (a + b + 0.18) for a, b in ((0.8, 0.02), (0.8, 0.9)))
    entropies = [-(each * np.log(each)).sum() for each in ((one + other) / 2, one, other)]
    assert float(percent) / 100 == pytest.approx(
        (entropies[0] - (entropies[1] + entropies[2]) / 2) / np.log(6), abs=0.002
    )
    assert "show=disagreement" in page.url
