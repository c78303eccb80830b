"""The Translate tab in a browser."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segen import __version__
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.imaging import images, png_text
from segen.imaging.labels import read_labels, resize_labels
from segen.registry import card, cards
from segen.text import words
from segen.types import SegmentRequest, TranslateRequest
from tests.browser.actions import assert_fits, open_view, stroke

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_picture_is_translated_looked_through_and_limited(
    address: str, visit: Callable[..., Any], weights: Path
) -> None:
    chosen = next(
        card
        for card in cards("translate")
        if card.options.region == "nuclei" and card.options.given["forward"] == "microscopy"
    )
    link = f"tab=translate&model={chosen.name}&direction=sideways&lang=zh"
    page = visit(f"{address}/?{link}", 390, "dark")
    assert "direction" in page.inner_text("#notice")
    page.click("#translate-examples [data-example=nuclei_drawn]")
    page.wait_for_selector("#translate-download")
    assert chosen.title["zh"] in page.inner_text("#translate-told")
    with page.expect_download() as download:
        page.click("#translate-download")
    given = scenes.nuclei(2)[0]
    expected = Engine().run(chosen.name, TranslateRequest(given)).value
    assert np.array_equal(images.read(download.value.path()), expected.image)
    assert_fits(page)

    open_view(page, "translate", "translate.cycle_view", "zh")
    page.wait_for_selector("#translate-cycle-json")
    assert page.locator("#translate-cycle-view img").count() == 7
    with page.expect_download() as download:
        page.click("#translate-cycle-json")
    report = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert f"{report['cycle_error']:.4f}" in page.inner_text("#translate-cycle-view")
    assert_fits(page)

    open_view(page, "translate", "translate.region", "zh")
    page.wait_for_selector("#translate-region-download")
    assert "%" in page.inner_text("#translate-region-told")
    page.locator("#translate-side input").nth(1).check(force=True)
    _assert_is_of(page, "region-download", "nuclei_drawn", "outside")
    assert_fits(page)

    page.click("#translate-examples [data-example=nuclei_dark]")
    _assert_is_of(page, "region-download", "nuclei_dark")
    open_view(page, "translate", "translate.cycle_view", "zh")
    _assert_is_of(page, "cycle-json", "nuclei_dark")
    open_view(page, "translate", "translate.view_translate", "zh")
    _assert_is_of(page, "download", "nuclei_dark")


def _assert_is_of(page: Any, download: str, *named: str) -> None:
    """What the view shows, once it is done, is of this picture: so its file is named."""
    for _ in range(100):
        with page.expect_download() as given:
            page.click(f"#translate-{download}")
        name = given.value.suggested_filename
        if all(part in name for part in named):
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"still {name}")


def test_a_drawing_is_colored_while_it_is_drawn(
    address: str, visit: Callable[..., Any], weights: Path
) -> None:
    name = next(card.name for card in cards("translate") if card.options.pad)
    page = visit(f"{address}/?tab=translate&view=pad&model={name}")
    canvas = page.locator("#translate-board canvas[data-part=board]")
    page.wait_for_function("document.querySelector('#translate-board canvas[data-part=board]').width === 192")
    canvas.scroll_into_view_if_needed()
    inked = """() => {
        const canvas = document.querySelector("#translate-board canvas[data-part=board]");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((level, i) => i % 4 === 0 && level < 128).length;
    }"""
    assert page.evaluate(inked) == 0

    stroke(page, canvas, (0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8), (0.2, 0.2))
    page.get_by_text("nothing was sent anywhere").wait_for()
    frame = page.evaluate(inked)
    assert 4 * 0.6 * 192 * 3 < frame < 4 * 0.6 * 192 * 7
    with page.expect_download() as download:
        page.click("#translate-coloring [data-part=save]")
    saved = Path(download.value.path())
    assert png_text.text_in(saved.read_bytes(), png_text.SOFTWARE) == f"Segen {__version__}"
    lines = page.evaluate("document.querySelector('#translate-board [data-part=board]').toDataURL()")
    drawn = images.read(base64.b64decode(lines.split(",")[1]))
    request = TranslateRequest(images.resize(drawn, *card(name).input_size))
    expected = Engine("cpu").run(name, request).value.image.astype(int)
    assert np.abs(images.read(saved) - expected).mean() < 4, "but for how the browser shrinks the lines"

    page.check("#translate-board input[value=fill]", force=True)
    canvas.click()
    assert page.evaluate(inked) > frame + (0.5 * 192) ** 2, "the square is full"
    page.click("#translate-board [data-do=undo]")
    assert page.evaluate(inked) == frame
    page.click("#translate-board [data-do=clear]")
    assert page.evaluate(inked) == 0
    page.keyboard.press("Control+z")
    assert page.evaluate(inked) == frame
    assert_fits(page)


def test_without_simd_the_server_colors_after_each_stroke(address: str, visit: Callable[..., Any]) -> None:
    page = visit(
        f"{address}/?tab=translate&view=pad&model=pix2pix-emoji",
        script="WebAssembly.validate = () => false;",
    )
    canvas = page.locator("#translate-board canvas[data-part=board]")
    canvas.wait_for()
    page.wait_for_function("document.querySelector('#translate-board canvas[data-part=board]').width === 192")
    stroke(page, canvas, (0.2, 0.2), (0.8, 0.8))
    page.wait_for_selector("#translate-colored img")
    assert words("en", "coloring.instead") in page.inner_text("#translate-coloring")
    with page.expect_download() as download:
        page.click("#translate-colored-download")
    assert images.read(download.value.path()).shape == (64, 64, 3)


def test_a_street_is_painted_photographed_and_segmented_again(
    address: str, visit: Callable[..., Any], weights: Path, tmp_path: Path
) -> None:
    chosen = next(card for card in cards("translate") if card.options.paints)
    page = visit(f"{address}/?tab=translate&view=street&model={chosen.name}&lang=zh", 390, "dark")
    canvas = page.locator("#street-board canvas[data-part=board]")
    canvas.wait_for()
    page.wait_for_function("document.querySelector('#street-board canvas[data-part=board]').width === 256")
    car = chosen.classes[scenes.CAR]
    cars = f"""() => {{
        const canvas = document.querySelector("#street-board canvas[data-part=board]");
        const {{ data }} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const same = (i) => {list(car.color)}.every((level, channel) => data[i + channel] === level);
        return data.filter((level, i) => i % 4 === 0 && same(i)).length;
    }}"""
    before = page.evaluate(cars)
    assert 0 < before == (scenes.street(5, 256, 192)[1] == car.id).sum()

    stroke(page, canvas, (0.25, 0.12), (0.75, 0.12))
    after = page.evaluate(cars)
    assert before + 128 * 14 < after < before + 128 * 20, "a car as long as half the sky"
    page.click("#street-run")
    page.click("#street-view [data-photo='1']")
    page.wait_for_selector("#street-view [data-photo='2']")
    assert page.locator("#street-view [data-photo='1'][aria-pressed=true]").count() == 1, "the choice stays"
    assert page.locator("#street-view .photo img:visible").count() == 1
    painted = _assert_saved(page, tmp_path, after)
    table = page.inner_text("#street-view table")
    assert words("zh", "measure.mean_iou") in table
    assert car.name["zh"] in table
    assert page.locator("#street-view thead .chosen").inner_text() == "2"
    assert_fits(page)

    page.click("#street-from-scene")
    page.wait_for_function(f"({cars})() !== {after}")
    page.click("#street-board [data-do=undo]")
    assert page.evaluate(cars) == after, "the painted map can be had again"
    page.click("#street-board [data-do=redo]")
    assert page.evaluate(cars) != after
    page.click("#translate-picture .icon-button-wrapper button")
    page.set_input_files("#translate-picture input[type=file]", painted)
    page.wait_for_function("document.querySelector('#translate-picture img')")
    page.click("#street-from-map")
    page.wait_for_function(f"({cars})() === {after}")
    page.click("#street-from-photo")
    page.wait_for_function("document.querySelector('#street-told').innerText.includes('U-Net')")
    page.click("#street-board [data-do=clear]")
    assert page.evaluate(cars) == 0
    assert_fits(page)


def _assert_saved(page: Any, folder: Path, cars: int) -> Path:
    """Photograph, map and what is found can be taken home, and hold what is shown; the file of the map."""

    def save(kind: str) -> Path:
        with page.expect_download() as download:
            page.click(f"#street-view [data-save={kind}]")
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path

    photo, painted, found = (save(kind) for kind in ("photo", "painted", "found"))
    assert photo.name == "painted-street-seed-1.png"
    labels = read_labels(painted, scenes.CLASSES)
    assert labels.shape == images.read(photo).shape[:2]
    assert (resize_labels(labels, 192, 256) == scenes.CAR).sum() == cars
    assert labels[int(0.12 * labels.shape[0]), labels.shape[1] // 2] == scenes.CAR
    again = Engine().run("unet-camvid", SegmentRequest(images.read(photo), once=True)).value
    assert np.array_equal(read_labels(found, scenes.CLASSES), again.labels)
    return painted
