"""The Segment tab in a browser."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.data.synthetic import scenes
from segen.imaging import images
from segen.imaging.labels import encode_labels
from segen.registry import card
from segen.text import words
from segen.types import Segmentation, SegmentRequest
from segen.ui.framework.gate import MAX_UPLOAD_BYTES
from tests.browser.actions import assert_fits, settle, upload, wait_for_result
from tests.browser.engines import KnownEngine

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_photo_is_segmented_read_and_taken_home(
    address: str, visit: Callable[..., Any], photo: Path, expected: Segmentation, tmp_path: Path
) -> None:
    page = visit(f"{address}/?tab=segment&model=unet-camvid")
    upload(page, photo)
    wait_for_result(page)
    assert words("en", "viewer.reading") in page.inner_text("#segment-viewer")

    with page.expect_download() as download:
        page.click("#segment-labels")
    assert download.value.suggested_filename == "photo.labels.png"
    download.value.save_as(tmp_path / "labels.png")
    with Pillow.open(tmp_path / "labels.png") as picture:
        assert picture.mode == "P"
        assert np.array_equal(np.array(picture), expected.labels)
    with page.expect_download() as download:
        page.click("#segment-regions")
    regions = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert (regions["width"], regions["height"]) == (330, 250)

    asked: list[str] = []
    page.on("request", lambda request: request.url.startswith("http") and asked.append(request.url))
    stage = page.locator("#segment-viewer .stage")
    box = stage.bounding_box()
    stage.click(position={"x": box["width"] * 100.5 / 330, "y": box["height"] * 60.5 / 250})
    _assert_read(page, 100, 60, expected)
    stage.press("ArrowRight")
    stage.press("Shift+ArrowDown")
    _assert_read(page, 101, 70, expected)
    for view in ("labels", "entropy", "compare", "overlay"):
        page.check(f"#segment-viewer input[value={view}]", force=True)
        page.wait_for_url(re.compile(f"show={view}"))
    page.locator("#segment-viewer .legend button").first.hover()
    assert not asked, "the viewer works without the server"


def _assert_read(page: Any, x: int, y: int, expected: Segmentation) -> None:
    """The pixel's likeliest classes are spoken, with the engine's probabilities."""
    spoken = page.inner_text("#segment-viewer .spoken")
    place, listed = spoken.split(": ")
    assert place == f"x {x}, y {y}"
    probabilities = expected.probabilities[:, y, x]
    names = [known.name["en"].replace("_", " ") for known in card("unet-camvid").classes]
    for entry in listed.split(", "):
        name, percent = re.fullmatch(r"(.+) ([\d.]+)%", entry).groups()
        assert float(percent) / 100 == pytest.approx(probabilities[names.index(name)], abs=0.004)


def test_a_bad_upload_gets_a_sentence_and_the_visit_goes_on(
    address: str, visit: Callable[..., Any], photo: Path, tmp_path: Path
) -> None:
    text = tmp_path / "text.png"
    text.write_text("no picture")
    cut = tmp_path / "cut.jpg"
    whole = io.BytesIO()
    Pillow.open(photo).save(whole, "JPEG")
    cut.write_bytes(whole.getvalue()[:3000])
    page = visit(f"{address}/?tab=segment")
    empty = False
    for path, key in ((text, "not_a_picture"), (cut, "picture_damaged")):
        upload(page, path, empty)
        empty = True  # what cannot be read is taken away
        toast = page.wait_for_selector(".toast-message-text").inner_text()
        assert toast == words("en", f"errors.{key}", formats=", ".join(images.FORMATS))
        page.click(".toast-close")
        page.wait_for_selector(".toast-body", state="detached")
        page.wait_for_selector("#segment-picture img", state="detached")
    upload(page, photo, empty)
    wait_for_result(page)


def test_a_file_that_is_too_large_is_told_of_in_chinese(
    address: str, visit: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "large.png").write_bytes(bytes(MAX_UPLOAD_BYTES + 1))
    page = visit(f"{address}/?tab=segment", locale="zh-CN")
    upload(page, tmp_path / "large.png")
    toast = page.wait_for_selector(".toast-message-text").inner_text()
    assert toast == words("zh", "gradio.too_large", size="61.0 Mb", names='"large.png"')


def test_a_result_is_measured_against_a_reference(
    address: str, visit: Callable[..., Any], every_weights_folder: Path, tmp_path: Path
) -> None:
    from segen.engine import Engine
    from segen.evaluation import scores

    streets = card("unet-camvid")
    image, labels = scenes.street(9)  # the example street_trees
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
        found = Engine().run(streets.name, SegmentRequest(image)).value
    expected = scores.compare(scenes.CLASSES, found.labels, found.probabilities, labels)

    page = visit(f"{address}/?tab=segment&model=unet-camvid", 390)
    page.click("[data-example=street_trees]")
    wait_for_result(page, "street_trees")
    assert not page.is_visible("#measure-run")
    page.click("#segment-measure button")
    page.click("#measure-drawn:enabled")
    figure = page.locator("#measure-scores [data-metric=mean_iou] b")
    figure.wait_for()
    assert figure.inner_text() == f"{expected.mean_iou:.3f}"
    rows = page.locator("#measure-scores tbody tr")
    cells = [rows.nth(number).locator("td").all_inner_texts() for number in range(rows.count())]
    assert [row[0] for row in cells] == [f"{each.iou:.3f}" if each else "–" for each in expected.by_class]
    for metric in ("mean_iou", "f1", "boundary_f1"):
        assert words("en", f"metrics.{metric}") in page.inner_text("#measure-scores")
    assert not page.is_visible("#measure-roc"), "the curve is for two classes"
    assert_fits(page)

    strange = labels.copy()
    strange[0, 0] = 77
    for name, mask, sentence in (
        ("small.png", labels[1:], words("en", "errors.reference_size", width=480, height=359,
                                        picture_width=480, picture_height=360)),
        ("strange.png", strange, words("en", "errors.labels_unknown", ids="77")),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(images.encode(mask))
        page.click("#measure-reference button[aria-label='Remove Image']")
        page.set_input_files("#measure-reference input[type=file]", tmp_path / name)
        assert page.wait_for_selector(".toast-message-text").inner_text() == sentence
        page.click(".toast-close")
        page.wait_for_selector(".toast-body", state="detached")
        assert not figure.count()
        page.wait_for_selector("#segment-stop:disabled")
    (tmp_path / "true.png").write_bytes(encode_labels(labels, streets.palette()))
    page.click("#measure-reference button[aria-label='Remove Image']")
    page.set_input_files("#measure-reference input[type=file]", tmp_path / "true.png")
    figure.wait_for()
    assert figure.inner_text() == f"{expected.mean_iou:.3f}"

    page.click("[data-example=pagoda]")
    page.wait_for_selector("#measure-drawn:disabled")
    page.wait_for_selector("#measure-reference img", state="detached")
    assert not figure.count(), "the scores of another picture are gone"


def test_a_model_is_asked_once_when_it_is_picked_and_never_when_it_is_passed(
    known: Callable[..., Any],
) -> None:
    engine = KnownEngine()
    page = known(engine=engine)
    settle(page, "segment")
    before = engine.asked  # of the example that the page opened with, and of the photo
    choices = page.locator("#segment-model input")

    def asked() -> int:
        settle(page, "segment")
        return engine.asked - before

    choices.focus()
    page.keyboard.press("Tab")
    assert asked() == 0
    choices.click()
    page.get_by_role("option", name="FPN on streets").click()
    assert asked() == 1
    choices.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert asked() == 2
    choices.click()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert asked() == 2
