"""The page in a real Chromium: what a visitor does, at both widths, in both languages, light and dark."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.data.synthetic import scenes
from segen.imaging import images
from segen.imaging.export import picture_file
from segen.registry import card, cards
from segen.text import catalogue, words
from segen.types import (
    Attention,
    ClusterRequest,
    GenerateRequest,
    Instance,
    Run,
    Segmentation,
    SegmentRequest,
    Step,
    TranslateRequest,
)
from segen.ui.framework.data_uri import sent
from segen.ui.tabs.compare import compared
from segen.ui.tabs.generate.objectives import diffuses

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WAIT = 180_000
"""Milliseconds that a page may take for one thing; loaded machines are slow."""
OURS = ("page", "picture", "examples", "segment", "measure", "viewer", "downloads", "models", "tasks")
"""The sections of the catalogue that the page shows."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def address(every_weights_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where `python app.py` serves the page."""
    port = _free_port()
    environment = os.environ | {
        "SEGEN_WEIGHTS": str(every_weights_folder),
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(tmp_path_factory.mktemp("gradio")),
    }
    server = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            assert server.poll() is None, "app.py ended before it answered"
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                time.sleep(0.25)
        yield url
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A running Chromium."""
    if not CHROMIUM.exists():
        missing = (
            "no /usr/bin/chromium: install it as root with `apt-get install chromium`, or run `make test`"
        )
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page for a visitor, and at the end tells whether it asked anything of the outside, or broke."""
    contexts, faults = [], []

    def open_page(url: str, width: int = 1440, scheme: str = "light", locale: str = "en-GB") -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            locale=locale,
            accept_downloads=True,
        )
        context.set_default_timeout(WAIT)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: _is_ours(request.url) or faults.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(url)
        page.wait_for_selector("#segment-examples [data-example]", state="attached")
        page.wait_for_function("location.search.includes('tab=')")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults


def _is_ours(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:http://127.0.0.1:"))


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of a street whose sides are no multiples of 32."""
    path = tmp_path_factory.mktemp("photos") / "photo.png"
    path.write_bytes(images.encode(scenes.street(5, 330, 250)[0]))
    return path


@pytest.fixture(scope="module")
def expected(photo: Path, every_weights_folder: Path) -> Segmentation:
    """What the engine says of the photo."""
    from segen.engine import Engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
        return Engine().run("unet-camvid", SegmentRequest(images.read(photo))).value


def _upload(page: Any, path: Path) -> None:
    page.set_input_files("#segment-picture input[type=file]", path)


def _wait_for_result(page: Any) -> None:
    page.wait_for_selector("#segment-viewer .legend button")
    page.wait_for_selector("#segment-labels")


def _assert_fits(page: Any) -> None:
    """Nothing reaches beyond the page's right edge, not even where it would be cut off.

    But for the root signs of formulas, which KaTeX draws far too long and cuts to their size.
    """
    wide = page.evaluate(
        """() => [...document.querySelectorAll(".gradio-container *")].filter((node) => {
            const box = node.getBoundingClientRect();
            const shown = getComputedStyle(node).visibility !== "hidden";
            const cut = node.parentElement.closest(".katex .hide-tail");
            return shown && !cut && box.width > 1 && box.right > innerWidth + 1;
        }).map((node) => node.outerHTML.slice(0, 120))"""
    )
    assert not wide
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _stroke(page: Any, board: Any, first: tuple[float, float], *others: tuple[float, float]) -> None:
    """Draw from place to place, as shares of the board's size, once the board stands still."""

    def move(x: float, y: float) -> None:
        box = board.bounding_box()
        board.hover(position={"x": x * box["width"], "y": y * box["height"]})

    move(*first)
    page.mouse.down()
    for place in others:
        move(*place)
    page.mouse.up()


def test_a_photo_is_segmented_read_and_taken_home(
    address: str, visit: Callable[..., Any], photo: Path, expected: Segmentation, tmp_path: Path
) -> None:
    page = visit(address)
    _upload(page, photo)
    _wait_for_result(page)
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
    page.mouse.click(box["x"] + box["width"] * 100.5 / 330, box["y"] + box["height"] * 60.5 / 250)
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


def test_the_keyboard_alone_is_enough(address: str, visit: Callable[..., Any]) -> None:
    page = visit(address)

    def tab_to(selector: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("(selector) => document.activeElement?.matches(selector)", selector):
                return
        pytest.fail(f"Tab does not reach {selector}")

    tab_to("[data-example=street_cars]")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", "focus can be seen"
    page.keyboard.press("Enter")
    _wait_for_result(page)
    tab_to("#segment-viewer .views input")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("show=labels"))
    tab_to("#segment-viewer .stage")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.inner_text("#segment-viewer .spoken").startswith("x 240, y 179")
    tab_to("#segment-viewer .legend button")
    page.keyboard.press("Enter")
    assert page.locator("#segment-viewer .legend button[aria-pressed=true]").count() == 1


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "light"), (390, "dark"), (1440, "light"), (1440, "dark")]
)
def test_an_example_is_segmented_on_one_click_at_any_width(
    address: str, visit: Callable[..., Any], width: int, scheme: str
) -> None:
    page = visit(address, width, scheme)
    _assert_fits(page)
    page.click("[data-example=street_trees]")
    _wait_for_result(page)
    _assert_fits(page)
    if width == 1440 and scheme == "light" and os.environ.get("SEGEN_SCREENSHOTS"):
        page.click("#segment-viewer .stage")
        page.screenshot(path=ROOT / "docs" / "page.png", full_page=True)
    page.goto(f"{address}/?tab=models")
    page.wait_for_selector(".cards")
    _assert_fits(page)


def test_every_word_changes_with_the_language(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?show=labels")
    page.click("#header a[hreflang=zh]")
    page.wait_for_url(re.compile("lang=zh.*show=labels"))
    page.wait_for_selector("[data-example=coffee]")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    text = page.inner_text("body")
    assert "Drop" not in text, "Gradio's own words follow"
    page.click("[data-example=coffee]")
    _wait_for_result(page)
    page.locator("#segment-viewer .stage").press("ArrowUp")
    text += page.inner_text("body")
    page.click("button[role=tab] >> nth=-1")
    page.wait_for_selector(".cards", state="visible")
    text += page.inner_text("body")
    assert words("zh", "viewer.legend") in text
    assert words("zh", "models.checkpoint") in text
    for each in cards():
        text = text.replace(each.licence["credit"], "")  # names stay as they are
    english = [
        sentence
        for key, sentence in catalogue("en").items()
        if key.startswith(OURS) and sentence != catalogue("zh")[key] and "{" not in sentence
    ]
    assert not [sentence for sentence in english if re.search(rf"\b{re.escape(sentence)}\b", text)]
    for known in card("unet-camvid").classes:
        assert not re.search(rf"\b{known.name['en']}\b", text)


def test_the_browser_prefers_chinese(address: str, visit: Callable[..., Any]) -> None:
    page = visit(address, locale="zh-TW")
    assert words("zh", "segment.run") in page.inner_text("#segment-run")
    page = visit(f"{address}/?lang=en", locale="zh-CN")
    assert words("en", "segment.run") in page.inner_text("#segment-run")
    assert "Drop" in page.inner_text("#segment-picture")


def test_a_link_restores_the_page_and_nonsense_falls_back(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=segment&model=unet-camvid&show=entropy&opacity=25")
    page.click("[data-example=street_trees]")
    _wait_for_result(page)
    assert page.is_checked("#segment-viewer input[value=entropy]")
    assert page.input_value("#segment-viewer [data-part=opacity]") == "25"
    assert not page.is_visible("#notice")

    page = visit(f"{address}/?tab=models")
    page.wait_for_selector(".cards", state="visible")

    page = visit(f"{address}/?lang=xx&tab=segment&model=../../etc/passwd&show=1&opacity=-3")
    assert page.inner_text("#notice").startswith("This link asks for something that is not here")
    assert "passwd" not in page.url
    page.click("[data-example=street_trees]")
    _wait_for_result(page)
    assert page.is_checked("#segment-viewer input[value=overlay]")


@pytest.mark.parametrize(("width", "model"), [(1440, "kmeans"), (390, "dbscan")])
def test_a_picture_is_clustered_and_measured(
    address: str, visit: Callable[..., Any], photo: Path, width: int, model: str
) -> None:
    page = visit(f"{address}/?tab=cluster&model={model}&k=3&space=rgb&eps=0.05&position=9", width)
    assert "position" in page.inner_text("#notice")
    kmeans = model == "kmeans"
    assert page.is_visible("#cluster-k") == kmeans
    assert page.is_visible("#cluster-eps") != kmeans
    page.set_input_files("#cluster-picture input[type=file]", photo)
    page.wait_for_selector("#cluster-viewer .legend button")
    page.wait_for_selector("#cluster-labels")
    from segen.engine import Engine

    expected = Engine().run(model, ClusterRequest(images.read(photo), k=3, space="rgb", eps=0.05)).value
    with page.expect_download() as download:
        page.click("#cluster-labels")
    assert np.array_equal(np.array(Pillow.open(download.value.path())), expected.labels)
    assert not page.is_visible("#cluster-viewer input[value=entropy] + span")
    stage = page.locator("#cluster-viewer .stage")
    stage.press("ArrowUp")
    height, width = expected.labels.shape
    cluster = expected.labels[height // 2, width // 2] + 1
    assert page.inner_text("#cluster-viewer .spoken") == f"x {width // 2}, y {height // 2}: cluster {cluster}"
    assert f"{expected.silhouette:.2f}" in page.inner_text("#cluster-viewer .sentence")
    plots = page.locator("#cluster-measured .vega-embed:visible")
    plots.nth(3 if kmeans else 1).wait_for()
    assert plots.count() == (4 if kmeans else 2)
    assert page.locator(".silhouettes tr").count() == len(expected.cluster_silhouettes)
    _assert_fits(page)


@pytest.mark.parametrize(("width", "scheme", "language"), [(1440, "light", "en"), (390, "dark", "zh")])
def test_networks_are_compared_on_one_picture(
    address: str, visit: Callable[..., Any], width: int, scheme: str, language: str
) -> None:
    chosen = compared("nuclei")
    page = visit(f"{address}/?tab=compare&data=nuclei&lang={language}", width, scheme)
    page.click("#compare-examples [data-example=nuclei_drawn]")
    page.wait_for_selector("#compare-grid [data-cell]")
    titles = page.locator("#compare-grid b").all_inner_texts()[3:]
    assert titles == [each.title[language] for each in chosen], "cells stand before their answers come"
    page.wait_for_selector("#compare-table")
    cells = page.locator("#compare-grid figure")
    assert page.locator("#compare-grid figure img").count() == 3 + len(chosen)
    boxes = [cells.nth(number).locator("img").bounding_box() for number in range(cells.count())]
    assert len({(round(box["width"]), round(box["height"])) for box in boxes}) == 1
    assert boxes[0]["y"] == pytest.approx(boxes[1]["y"]), "side by side at any width"
    _assert_fits(page)
    assert words(language, "compare.majority") in page.inner_text("#compare-grid")
    with page.expect_download() as download:
        page.click("#compare-table")
    rows = list(csv.DictReader(download.value.path().read_text(encoding="utf-8").splitlines()))
    assert [row["model"] for row in rows] == [each.name for each in chosen]
    assert all(float(row["milliseconds"]) > 0 and 0 <= float(row["agreement"]) <= 1 for row in rows)
    with page.expect_download() as download:
        page.click("#compare-sheet")
    assert min(Pillow.open(download.value.path()).size) > 300


def test_a_picture_is_spoilt_step_by_step(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=robustness&kinds=jpeg,rain&models=unet-camvid,klingon", 390, "dark")
    assert "models" in page.inner_text("#notice")
    page.click("#robustness-examples [data-example=street_cars]")
    page.wait_for_selector("#robustness-jpeg [data-severity='5']")
    page.wait_for_selector("#robustness-stop:disabled")
    assert page.locator("#robustness-rain [data-severity]").count() == 6
    plots = page.locator("#robustness-plots .vega-embed:visible")
    plots.first.wait_for()
    assert plots.count() == 1, "one network has one plot"
    legend = plots.first.inner_text()
    assert all(words("en", f"corruptions.{kind}") in legend for kind in ("rain", "jpeg"))
    _assert_fits(page)
    page.uncheck("#robustness-kinds input >> nth=3")
    page.wait_for_url(re.compile("kinds=jpeg&"))
    page.wait_for_selector("#robustness-rain", state="hidden")
    page.wait_for_selector("#robustness-jpeg [data-severity='5']")


def test_the_inside_of_a_network_is_looked_at_and_a_kernel_tried(
    address: str, visit: Callable[..., Any], photo: Path
) -> None:
    page = visit(f"{address}/?tab=inside&layer=nothing&kernel=sobel_x&stride=9", 390, "dark")
    assert "stride" in page.inner_text("#notice")
    page.set_input_files("#inside-picture input[type=file]", photo)
    page.wait_for_selector("#inside-panel .maps img")
    assert page.inner_text("#inside-panel .notice") == words("en", "errors.unknown_layer")
    page.click("#inside-choices .layers button >> nth=4")
    page.wait_for_selector("#inside-choices .layers button[aria-pressed=true] >> nth=0")
    page.wait_for_url(re.compile(r"layer=encoder\.features"))
    page.wait_for_function("document.querySelectorAll('#inside-panel .maps img').length === 16")
    assert not page.query_selector("#inside-panel .notice")
    _assert_fits(page)

    page.check("#inside-view input[value=kernels]", force=True)
    page.wait_for_selector("#inside-panel .trials img")
    assert page.get_attribute("[data-choice=sobel_x]", "aria-pressed") == "true"
    assert "(330 + 2 × 1 − 3) / 1⌋ + 1 = 330" in page.inner_text("#inside-panel")
    page.click("[data-choice=learned-3]")
    page.wait_for_selector("[data-choice=learned-3][aria-pressed=true]")
    page.wait_for_url(re.compile("kernel=learned-3"))
    page.check("#inside-trial input[value='2']", force=True)
    page.wait_for_url(re.compile("stride=2"))
    page.wait_for_function("document.querySelector('#inside-panel').innerText.includes('/ 2⌋ + 1 = 165')")

    page.check("#inside-view input[value=label]", force=True)
    # Six pictures, or a sentence where there are no ImageNet weights.
    page.wait_for_selector("#inside-panel .trials figure:nth-child(6), #inside-panel .notice")
    _assert_fits(page)


@pytest.mark.skipif(not cards("generate"), reason="no card generates yet")
@pytest.mark.parametrize(("width", "scheme", "language"), [(1440, "light", "en"), (390, "dark", "zh")])
def test_pictures_are_drawn_from_seeds_kept_and_walked_between(
    address: str,
    visit: Callable[..., Any],
    every_weights_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    scheme: str,
    language: str,
) -> None:
    from segen.engine import Engine

    name = next(card.name for card in cards("generate") if not diffuses(card))
    page = visit(
        f"{address}/?tab=generate&model={name}&seed=40&count=16&label=99&lang={language}", width, scheme
    )
    assert "label" in page.inner_text("#notice")
    page.click("#generate-run")
    page.wait_for_selector("#generate-zip")
    cells = page.locator("#generate-grid .grid button")
    assert cells.count() == 16
    cells.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    picked = page.locator("#generate-grid .grid [aria-pressed=true]")
    assert picked.count() == 1
    assert page.inner_text("#generate-grid .name").startswith(words(language, "generate.seed_of", seed=45))
    monkeypatch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
    alone = Engine().run(name, GenerateRequest([45])).value
    with page.expect_download() as download:
        page.click("#generate-grid a[download]")
    assert (download.value.suggested_filename, download.value.path().read_bytes()) == picture_file(alone, 0)
    with page.expect_download() as download:
        page.click("#generate-zip")
    bundle = zipfile.ZipFile(download.value.path())
    assert bundle.namelist() == [f"seed-{seed:06d}.png" for seed in range(40, 56)]
    assert bundle.read("seed-000045.png") == picture_file(alone, 0)[1]

    page.click("[data-do=keep]")
    page.click("[data-do=end]")
    cells.first.click()
    page.click("[data-do=start]")
    assert page.locator("#generate-grid .kept li").count() == 1
    page.click("#generate-walk")
    page.wait_for_selector("#generate-film")
    assert page.locator("#generate-strip .frames img").count() == 16
    with page.expect_download() as download:
        page.click("#generate-film")
    assert download.value.suggested_filename == f"{name}-seed-000040-to-000045.webp"
    assert Pillow.open(download.value.path()).n_frames == 30
    _assert_fits(page)

    page.check("#generate-way input[value=map]", force=True)
    page.click("#generate-draw")
    page.wait_for_selector("#generate-map .frame")
    page.locator("#generate-map .frame").press("ArrowRight")
    page.wait_for_function(
        "document.querySelector('#generate-map [data-part=said]').innerText.includes('0.8')"
    )
    _assert_fits(page)
    assert page.locator("#generate-objective .katex").count() >= 2


@pytest.mark.parametrize(("width", "scheme", "language"), [(1440, "dark", "en"), (390, "light", "zh")])
def test_a_seed_is_refined_round_by_round(
    address: str, visit: Callable[..., Any], width: int, scheme: str, language: str
) -> None:
    name = next(card.name for card in cards("generate") if not diffuses(card))
    page = visit(
        f"{address}/?tab=generate&model={name}&seed=40&count=16&label=3&lang={language}", width, scheme
    )
    page.click("#generate-run")
    page.wait_for_selector("#generate-zip")
    page.click("#generate-grid .grid button:nth-child(3)")
    picked = sent(page.get_attribute("#generate-grid .large img", "src"))
    page.click("#generate-grid [data-do=refine]")
    page.wait_for_selector("#generate-refined [data-number]")
    middle = "#generate-refined figure img"
    first = page.get_attribute(middle, "src")
    assert np.array_equal(sent(first), picked)
    back = page.locator("#generate-neighbours-back")
    assert back.is_disabled()
    chosen = page.get_attribute("#generate-refined [data-number='5'] img", "src")
    page.click("#generate-refined [data-number='5']")
    page.wait_for_function(f"document.querySelector('{middle}').src !== {json.dumps(first)}")
    assert page.get_attribute(middle, "src") == chosen
    with page.expect_download() as download:
        page.click("#generate-refined-file")
    assert download.value.suggested_filename == f"{name}-seed-000042-around-05.png"
    _assert_fits(page)
    back.click()
    page.wait_for_function(f"document.querySelector('{middle}').src === {json.dumps(first)}")


@pytest.mark.skipif(
    not any(card.options.get("encodes") for card in cards("generate")), reason="no card encodes yet"
)
def test_a_picture_is_placed_in_latent_space(address: str, visit: Callable[..., Any]) -> None:
    name = next(card.name for card in cards("generate") if card.options.get("encodes"))
    page = visit(f"{address}/?tab=generate&model={name}", 390)
    page.check("#generate-way input[value=place]", force=True)
    page.click("#generate-examples [data-example=garment_boot]")
    page.wait_for_selector("#generate-encoding .three img")
    assert page.locator("#generate-encoding .three img").count() == 3
    assert page.locator("#generate-encoding .frames img").count() == 16
    _assert_fits(page)


@pytest.mark.skipif(not any(map(diffuses, cards("generate"))), reason="no card diffuses yet")
@pytest.mark.parametrize(("width", "scheme", "language"), [(1440, "light", "en"), (390, "dark", "zh")])
def test_diffusion_is_seen_step_by_step(
    address: str, visit: Callable[..., Any], width: int, scheme: str, language: str
) -> None:
    name = next(card.name for card in cards("generate") if diffuses(card))
    page = visit(f"{address}/?tab=generate&model={name}&count=16&steps=10&lang={language}", width, scheme)

    def open_part(key: str) -> None:
        """Choose a part by its tab, which stands in a menu where the page is narrow."""
        label = words(language, f"diffusion.{key}")
        tab = page.locator("#generate-diffusion button[role=tab]:visible", has_text=label)
        if not tab.count():
            page.click("#generate-diffusion .overflow-menu > button")
            tab = page.locator("#generate-diffusion .overflow-dropdown button", has_text=label)
        tab.click()

    page.click("#generate-run")
    page.wait_for_selector("#generate-grid .grid button")
    assert not page.is_visible("#generate-latent")
    assert not page.is_visible("#generate-truncation")
    page.click("#generate-watch")
    page.wait_for_function("document.querySelector('#generate-reverse [data-part=slider]').max === '9'")
    said, slider = (page.locator(f"#generate-reverse [data-part={part}]") for part in ("said", "slider"))
    assert said.inner_text() == words(language, "diffusion.moment", t=99, number=10, count=10)
    last = page.locator("#generate-reverse img").first.get_attribute("src")
    slider.press("ArrowLeft")
    assert said.inner_text() == words(language, "diffusion.moment", t=199, number=9, count=10)
    assert page.locator("#generate-reverse img").first.get_attribute("src") != last
    _assert_fits(page)
    open_part("picture")
    page.click("#generate-noised-examples [data-example=garment_boot]")
    page.wait_for_selector("#generate-forward img")
    page.click("#generate-vary")
    page.wait_for_selector("#generate-varied .frames img")
    assert page.locator("#generate-varied .frames img").count() == 16
    page.wait_for_selector("#generate-stop:disabled")  # its end, which would else come after the next start
    _assert_fits(page)
    open_part("compare")
    page.click("#generate-compare")
    page.wait_for_selector("#generate-samplers tbody tr")
    page.locator("#generate-stop:enabled").click()
    page.wait_for_selector("#generate-stop:disabled")
    _assert_fits(page)


@pytest.mark.skipif(not any(card.moments() for card in cards("generate")), reason="no moments are kept yet")
@pytest.mark.parametrize(("width", "language"), [(1440, "en"), (390, "zh")])
def test_a_training_is_played_without_asking_the_server(
    address: str, visit: Callable[..., Any], width: int, language: str
) -> None:
    kept = next(card for card in cards("generate") if card.moments())
    steps = [f"{step:,}" for step in kept.moments()["steps"]]
    said = [words(language, "generate.moment", step=step, last=steps[-1]) for step in steps]
    page = visit(f"{address}/?tab=generate&model={kept.name}&lang={language}", width)
    page.locator("#generate-moments").scroll_into_view_if_needed()
    frame, slider = (page.locator(f"#generate-moments [data-part={part}]") for part in ("frame", "slider"))
    page.wait_for_selector("#generate-moments [data-part=frame][src]")
    assert frame.get_attribute("alt") == said[-1]
    asked: list[str] = []
    page.on("request", lambda request: request.method == "POST" and asked.append(request.url))
    last = frame.get_attribute("src")
    slider.focus()
    page.keyboard.press("Home")
    assert frame.get_attribute("alt") == said[0]
    assert frame.get_attribute("src") != last
    numbers = page.locator("#generate-moments output").all_inner_texts()
    page.keyboard.press("ArrowRight")
    assert page.locator("#generate-moments output").all_inner_texts() != numbers
    page.click("#generate-moments [data-part=play]")
    page.wait_for_function(
        "alt => document.querySelector('#generate-moments [data-part=frame]').alt === alt",
        arg=said[-1],
    )
    assert frame.get_attribute("src") == last
    assert not asked
    _assert_fits(page)


@pytest.mark.skipif(
    not any(card.options.get("stages") for card in cards("generate")), reason="no card has stages yet"
)
def test_styles_are_mixed_and_every_class_is_drawn(address: str, visit: Callable[..., Any]) -> None:
    staged = [card for card in cards("generate") if card.options.get("stages")]
    named = max(staged, key=lambda card: card.conditional)
    page = visit(f"{address}/?tab=generate&model={named.name}", 390)
    page.check("#generate-way input[value=mix]", force=True)
    page.click("#generate-mix")
    page.wait_for_selector("#generate-mixed td img")
    assert page.locator("#generate-mixed img").count() == 4 + 4 + 16
    _assert_fits(page)
    if named.conditional:
        page.check("#generate-way input[value=classes]", force=True)
        page.click("#generate-classes")
        page.wait_for_selector("#generate-every-class img")
        names = page.locator("#generate-every-class figcaption").all_inner_texts()
        assert names == [known.name["en"] for known in named.classes]
        _assert_fits(page)


@pytest.mark.skipif(
    max(Counter(card.dataset for card in cards("generate")).values(), default=0) < 2,
    reason="no two cards of one data set generate yet",
)
def test_a_blind_test_tells_nothing_before_the_click(address: str, visit: Callable[..., Any]) -> None:
    ((dataset, _),) = Counter(card.dataset for card in cards("generate")).most_common(1)
    one, other = sorted((card for card in cards("generate") if card.dataset == dataset), key=diffuses)[:2]
    page = visit(f"{address}/?tab=generate&model={one.name}")
    page.locator("#blind-second input").click()
    page.get_by_role("option", name=other.title["en"], exact=True).click()
    for trials in (1, 2):
        page.click("#blind-next")
        page.wait_for_selector("#blind-pair [data-side]")
        sides = page.locator("#blind-pair .pair")
        assert sides.inner_text().split() == ["Left", "Right"]
        assert other.title["en"] not in sides.inner_html()
        page.click("#blind-pair [data-side=right]")
        page.wait_for_selector("#blind-pair figure")
        assert other.title["en"] in page.inner_text("#blind-pair")
        assert f"of {trials} answers right" in page.inner_text("#blind-score")
    page.click("#blind-reset")
    page.wait_for_selector("#blind-pair .empty")
    assert page.inner_text("#blind-score").strip() == ""
    _assert_fits(page)


@pytest.mark.skipif(not any(card.options.get("cycles") for card in cards("translate")), reason="no cycle yet")
@pytest.mark.parametrize(("width", "scheme", "language"), [(1440, "light", "en"), (390, "dark", "zh")])
def test_a_picture_is_translated_looked_through_and_limited(
    address: str,
    visit: Callable[..., Any],
    every_weights_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    scheme: str,
    language: str,
) -> None:
    from segen.engine import Engine

    chosen = next(card for card in cards("translate") if card.options.get("region") == "nuclei")
    page = visit(
        f"{address}/?tab=translate&model={chosen.name}&direction=sideways&lang={language}", width, scheme
    )
    assert "direction" in page.inner_text("#notice")
    page.click("#translate-examples [data-example=nuclei_drawn]")
    page.wait_for_selector("#translate-download")
    assert chosen.title[language] in page.inner_text("#translate-told")
    with page.expect_download() as download:
        page.click("#translate-download")
    monkeypatch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
    given = scenes.nuclei(2)[0]
    expected = Engine().run(chosen.name, TranslateRequest(given)).value
    assert np.array_equal(images.read(download.value.path()), expected.image)
    _assert_fits(page)

    page.click("#translate-cycle")
    page.wait_for_selector("#translate-cycle-json")
    assert page.locator("#translate-cycle-view img").count() == 7
    with page.expect_download() as download:
        page.click("#translate-cycle-json")
    report = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert f"{report['cycle_error']:.4f}" in page.inner_text("#translate-cycle-view")

    page.click("#translate-region-run")
    page.wait_for_selector("#translate-region-download")
    assert "%" in page.inner_text("#translate-region-told")
    before = page.inner_text("#translate-region-told")
    page.locator("#translate-side input").nth(1).check(force=True)
    page.wait_for_function(
        "before => document.querySelector('#translate-region-told').innerText !== before", arg=before
    )
    _assert_fits(page)


@pytest.mark.skipif(not any(card.options.get("draws") for card in cards("translate")), reason="no pad yet")
@pytest.mark.parametrize(("width", "scheme", "language"), [(1440, "light", "en"), (390, "dark", "zh")])
def test_a_drawing_is_coloured_while_it_is_drawn(
    address: str, visit: Callable[..., Any], width: int, scheme: str, language: str
) -> None:
    name = next(card.name for card in cards("translate") if card.options.get("draws"))
    page = visit(f"{address}/?tab=translate&model={name}&lang={language}", width, scheme)
    canvas = page.locator("#translate-board canvas")
    canvas.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('#translate-board canvas').width === 192")
    inked = """() => {
        const canvas = document.querySelector("#translate-board canvas");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((level, i) => i % 4 === 0 && level < 128).length;
    }"""
    assert page.evaluate(inked) == 0

    _stroke(page, canvas, (0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8), (0.2, 0.2))
    page.wait_for_selector("#translate-colored img")
    frame = page.evaluate(inked)
    assert 4 * 0.6 * 192 * 3 < frame < 4 * 0.6 * 192 * 7
    with page.expect_download() as download:
        page.click("#translate-colored-download")
    assert images.read(download.value.path()).shape == (*card(name).input_size, 3)

    page.check("#translate-board input[value=fill]", force=True)
    canvas.click()
    assert page.evaluate(inked) > frame + (0.5 * 192) ** 2, "the square is full"
    page.click("#translate-board [data-do=undo]")
    assert page.evaluate(inked) == frame
    page.click("#translate-board [data-do=clear]")
    assert page.evaluate(inked) == 0
    page.keyboard.press("Control+z")
    assert page.evaluate(inked) == frame
    _assert_fits(page)


@pytest.mark.skipif(not any("paints" in card.options for card in cards("translate")), reason="no street yet")
@pytest.mark.parametrize(("width", "scheme", "language"), [(1440, "light", "en"), (390, "dark", "zh")])
def test_a_street_is_painted_photographed_and_resegmentation_ratio(
    address: str,
    visit: Callable[..., Any],
    every_weights_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    width: int,
    scheme: str,
    language: str,
) -> None:
    from segen.engine import Engine

    chosen = next(card for card in cards("translate") if "paints" in card.options)
    page = visit(f"{address}/?tab=translate&model={chosen.name}&lang={language}", width, scheme)
    canvas = page.locator("#street-board canvas")
    canvas.wait_for()
    page.wait_for_function("document.querySelector('#street-board canvas').width === 256")
    car = chosen.classes[scenes.CAR]
    cars = f"""() => {{
        const canvas = document.querySelector("#street-board canvas");
        const {{ data }} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const same = (i) => {list(car.color)}.every((level, channel) => data[i + channel] === level);
        return data.filter((level, i) => i % 4 === 0 && same(i)).length;
    }}"""
    before = page.evaluate(cars)
    assert 0 < before == (scenes.street(5, 256, 192)[1] == car.id).sum()

    _stroke(page, canvas, (0.25, 0.12), (0.75, 0.12))
    after = page.evaluate(cars)
    assert before + 128 * 14 < after < before + 128 * 20, "a car as long as half the sky"
    page.click("#street-run")
    page.click("#street-view [data-photo='1']")
    page.wait_for_selector("#street-view [data-photo='2']")
    assert page.locator("#street-view [data-photo='1'][aria-pressed=true]").count() == 1, "the choice stays"
    assert page.locator("#street-view .photo img:visible").count() == 1

    def save(kind: str) -> Path:
        with page.expect_download() as download:
            page.click(f"#street-view [data-save={kind}]")
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        return path

    page.click("#street-view [data-photo='1']")
    photo, painted, found = (save(kind) for kind in ("photo", "painted", "found"))
    assert photo.name == "painted-street-seed-1.png"
    labels = images.read_labels(painted, scenes.CLASSES)
    assert labels.shape == images.read(photo).shape[:2]
    assert (images.resize_labels(labels, 192, 256) == car.id).sum() == after
    assert labels[int(0.12 * labels.shape[0]), labels.shape[1] // 2] == car.id
    monkeypatch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
    again = Engine().run("unet-camvid", SegmentRequest(images.read(photo))).value
    assert np.array_equal(images.read_labels(found, scenes.CLASSES), again.labels)
    table = page.inner_text("#street-view table")
    assert words(language, "measure.mean_iou") in table
    assert car.name[language] in table
    assert page.locator("#street-view thead .chosen").inner_text() == "2"
    _assert_fits(page)

    page.click("#street-from-scene")
    page.wait_for_function(f"({cars})() !== {after}")
    page.click("#street-board [data-do=undo]")
    assert page.evaluate(cars) == after, "the painted map can be had again"
    page.click("#street-board [data-do=redo]")
    assert page.evaluate(cars) != after
    page.set_input_files("#translate-picture input[type=file]", painted)
    page.wait_for_selector("#translate-download")
    page.click("#street-from-map")
    page.wait_for_function(f"({cars})() === {after}")
    page.click("#street-from-photo")
    page.wait_for_function("document.querySelector('#street-told').innerText.includes('U-Net')")
    page.click("#street-board [data-do=clear]")
    assert page.evaluate(cars) == 0
    _assert_fits(page)


def test_a_bad_upload_gets_a_sentence_and_the_visit_goes_on(
    address: str, visit: Callable[..., Any], photo: Path, tmp_path: Path
) -> None:
    text = tmp_path / "text.png"
    text.write_text("no picture")
    cut = tmp_path / "cut.jpg"
    whole = io.BytesIO()
    Pillow.open(photo).save(whole, "JPEG")
    cut.write_bytes(whole.getvalue()[:3000])
    page = visit(address)
    for path, key in ((text, "not_a_picture"), (cut, "picture_damaged")):
        _upload(page, path)
        toast = page.wait_for_selector(".toast-message-text").inner_text()
        assert toast == words("en", f"errors.{key}", formats=", ".join(images.FORMATS))
        page.click(".toast-close")
        page.wait_for_selector(".toast-body", state="detached")
        page.wait_for_selector("#segment-picture img", state="detached")
    _upload(page, photo)
    _wait_for_result(page)


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

    page = visit(address, 390)
    page.click("[data-example=street_trees]")
    _wait_for_result(page)
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
    _assert_fits(page)

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
    (tmp_path / "true.png").write_bytes(images.encode_labels(labels, streets.palette()))
    page.click("#measure-reference button[aria-label='Remove Image']")
    page.set_input_files("#measure-reference input[type=file]", tmp_path / "true.png")
    figure.wait_for()
    assert figure.inner_text() == f"{expected.mean_iou:.3f}"

    page.click("[data-example=pagoda]")
    page.wait_for_selector("#measure-drawn:disabled")
    page.wait_for_selector("#measure-reference img", state="detached")
    assert not figure.count(), "the scores of another picture are gone"


class SlowEngine:
    """Stands in for the engine with a thousand steps of a third of a second, and counts them."""

    def __init__(self) -> None:
        self.steps = self.requests = 0
        self.closed = False

    def loaded(self) -> list[str]:
        return []

    def stream(self, name: str, request: SegmentRequest) -> Iterator[Step | Run[Segmentation]]:
        self.requests += 1
        try:
            for self.steps in range(1, 1001):
                time.sleep(0.3)
                yield Step(self.steps, 1000)
        finally:
            self.closed = True


def _assert_closed(engine: SlowEngine) -> None:
    """The engine is closed within a minute, which is before its work would be done."""
    for _ in range(600):
        if engine.closed:
            return
        time.sleep(0.1)
    pytest.fail("nothing stopped the engine")


def test_a_model_is_asked_once_when_it_is_picked_and_never_when_it_is_passed(
    known: Callable[..., Any],
) -> None:
    engine = KnownEngine()
    page = known(engine=engine)
    assert engine.asked == 1
    choices = page.locator("#segment-model input")

    def asked() -> int:
        page.wait_for_selector("#segment-stop:disabled")
        page.wait_for_timeout(1500)
        page.wait_for_selector("#segment-stop:disabled")
        return engine.asked

    choices.focus()
    page.keyboard.press("Tab")
    assert asked() == 1
    choices.click()
    page.get_by_role("option").nth(1).click()
    assert asked() == 2
    choices.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert asked() == 3
    choices.click()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert asked() == 3


def test_networks_to_try_on_spoilt_pictures_are_asked_once_for_each_choice(known: Callable[..., Any]) -> None:
    engine = KnownEngine()
    page = known(engine=engine)
    page.locator("button[role=tab]", has_text=words("en", "robustness.tab")).click()
    choices = page.locator("#robustness-models input")

    def assert_asked(expected: int) -> None:
        for _ in range(600):
            if engine.asked >= expected:
                break
            page.wait_for_timeout(100)
        page.wait_for_selector("#robustness-stop:disabled")
        page.wait_for_timeout(1500)
        page.wait_for_selector("#robustness-stop:disabled")
        assert engine.asked == expected

    page.click("#robustness-examples [data-example=street_cars]")
    assert_asked(1 + 6)  # the clean picture and five degraded ones
    choices.click()
    page.get_by_role("option").nth(1).click()
    assert_asked(7 + 12)
    choices.click()
    page.get_by_role("option").nth(1).click()
    assert_asked(19 + 6)
    page.keyboard.press("Tab")
    assert_asked(25)


@pytest.mark.parametrize(
    ("tab", "example"),
    [("segment", "street_trees"), ("compare", "street_trees"), ("robustness", "street_cars")],
)
def test_stop_stops(visit: Callable[..., Any], tab: str, example: str) -> None:
    from segen.ui.app import build_app, launch_options

    engine = SlowEngine()
    app = build_app(engine)  # type: ignore[arg-type]
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    try:
        page = visit(f"{url}?tab={tab}")
        shows = f"#{tab}-viewer" if tab == "segment" else f"#{tab}-told"
        assert page.is_disabled(f"#{tab}-stop")
        page.click(f"#{tab}-examples [data-example={example}]")
        page.wait_for_function(f"document.querySelector('{shows}').parentElement.innerText.includes('/1000')")
        page.click(f"#{tab}-stop")
        page.wait_for_selector(f"#{tab}-stop:disabled")
        _assert_closed(engine)
        assert engine.requests == 1, "nothing else begins"
        assert engine.steps < 900
        page.wait_for_function(
            f"!document.querySelector('{shows}').parentElement.innerText.includes('/1000')"
        )
    finally:
        app.close()


class DrawingEngine(SlowEngine):
    """A slow engine whose every step has a picture of what there is so far; ten minutes in all."""

    def stream(self, name: str, request: Any) -> Iterator[Any]:
        self.requests += 1
        try:
            for self.steps in range(1, 1201):
                time.sleep(0.6)  # longer than a preview stays
                yield Step(self.steps, 1200, np.full((112, 112, 3), self.steps % 256, np.uint8))
        finally:
            self.closed = True


@pytest.mark.skipif(not any(map(diffuses, cards("generate"))), reason="no card diffuses yet")
@pytest.mark.parametrize(("width", "language"), [(1440, "en"), (390, "zh")])
def test_a_grid_is_seen_while_it_is_drawn_until_stop(
    visit: Callable[..., Any], width: int, language: str
) -> None:
    from segen.ui.app import build_app, launch_options

    engine = DrawingEngine()
    app = build_app(engine)  # type: ignore[arg-type]
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    name = next(card.name for card in cards("generate") if diffuses(card))
    try:
        page = visit(f"{url}?tab=generate&model={name}&count=16&lang={language}", width)
        if width < 640:  # where the grid is out of sight at first
            page.click("#generate-run")
        preview = page.locator("#generate-grid .preview")
        preview.wait_for()
        first = preview.get_attribute("src")
        page.wait_for_function(
            f"document.querySelector('#generate-grid .preview').src !== {json.dumps(first)}"
        )
        assert not page.is_visible("#generate-grid .large")
        _assert_fits(page)
        page.click("#generate-stop", no_wait_after=True)
        _assert_closed(engine)
        page.wait_for_selector("#generate-stop:disabled")
        assert engine.steps < 1200
        assert preview.is_visible(), "what was drawn stays"
        assert engine.requests == 1, "what was drawn counts as seen"
    finally:
        app.close()


def test_stop_ends_a_disagreement_between_two_answers(known: Callable[..., Any]) -> None:
    engine = KnownEngine("attention", "discriminator_score", "instances", hesitant=True)
    page = known(engine=engine)
    page.click("#segment-disagree")
    page.wait_for_selector("#segment-stop:enabled")
    page.wait_for_timeout(500)
    page.click("#segment-stop")
    page.wait_for_timeout(1500)
    asked = engine.asked
    assert asked < 6, "six answers make a disagreement"
    page.wait_for_timeout(1500)
    assert asked == engine.asked
    assert not page.is_visible("#segment-viewer input[value=disagreement] + span")
    page.click("#segment-run")
    page.wait_for_function("document.querySelector('#segment-stop').disabled")


class KnownEngine:
    """Stands in for the engine with a result of everything that a card can give, the same for any picture.

    Each position attends to the one opposite through the middle; the discriminator score rises from left to
    right; one instance is sure, and a second, half under it, is not.
    """

    rows, columns, stride = 16, 22, 16

    def __init__(self, *lacks: str, hesitant: bool = False) -> None:
        """Without what it `lacks`; a `hesitant` one takes a second for each answer but the first."""
        self.lacks, self.hesitant, self.asked = lacks, hesitant, 0

    def stream(self, name: str, request: SegmentRequest) -> Iterator[Step | Run[Segmentation]]:
        self.asked += 1
        time.sleep(self.hesitant and self.asked > 1)
        height, width = request.image.shape[:2]
        probabilities = np.full((11, height, width), 0.02, np.float32)
        probabilities[0], probabilities[1, :, : width // 2] = 0.8, 0.8
        probabilities /= probabilities.sum(axis=0)
        opposite = np.eye(self.rows * self.columns, dtype=np.float32)[::-1]
        extras: dict[str, Any] = {
            "instances": (
                Instance(1, 0.9, (40, 40, 40, 20), np.ones((20, 40), bool)),
                Instance(1, 0.3, (60, 40, 40, 20), np.ones((20, 40), bool)),
            ),
            "attention": Attention(self.rows, self.columns, self.stride, np.ascontiguousarray(opposite)),
            "discriminator_score": np.tile(np.linspace(0, 1, width, dtype=np.float32), (height, 1)),
        }
        for each in self.lacks:
            del extras[each]
        yield Step(1, 1)
        value = Segmentation(probabilities.argmax(axis=0).astype(np.uint8), probabilities, **extras)
        yield Run(value, name, "cpu", 0.01, 0.0)


@pytest.fixture
def known(visit: Callable[..., Any], photo: Path) -> Iterator[Callable[..., Any]]:
    """Opens a page over a KnownEngine, with the photo segmented."""
    from segen.ui.app import build_app, launch_options

    apps = []

    def open_page(*lacks: str, query: str = "", engine: KnownEngine | None = None, **options: Any) -> Any:
        apps.append(build_app(engine or KnownEngine(*lacks)))  # type: ignore[arg-type]
        _, url, _ = apps[-1].launch(prevent_thread_lock=True, quiet=True, **launch_options())
        page = visit(f"{url}?{query}", **options)
        _upload(page, photo)
        _wait_for_result(page)
        return page

    yield open_page
    for app in apps:
        app.close()


def _click_pixel(page: Any, x: int, y: int) -> None:
    box = page.locator("#segment-viewer .stage").bounding_box()
    page.mouse.click(box["x"] + box["width"] * (x + 0.5) / 330, box["y"] + box["height"] * (y + 0.5) / 250)


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


@pytest.mark.parametrize(("width", "scheme", "language"), [(1440, "light", "en"), (390, "dark", "zh")])
def test_attention_follows_the_pixel_and_discriminator_score_is_read(
    known: Callable[..., Any], width: int, scheme: str, language: str
) -> None:
    page = known("instances", query=f"lang={language}&show=attention", width=width, scheme=scheme)
    assert page.is_checked("#segment-viewer input[value=attention]")
    assert _brightest(page) == (21 - 165 // 16, 15 - 125 // 16), "the middle is read at first"
    asked: list[str] = []
    page.on("request", lambda request: request.url.startswith("http") and asked.append(request.url))
    _click_pixel(page, 200, 100)
    assert _brightest(page) == (21 - 200 // 16, 15 - 100 // 16)
    share = {"share": "100%", "times": "352"}
    assert words(language, "viewer.value_attention", **share) in page.inner_text("#segment-viewer .spoken")
    for _ in range(2):
        page.locator("#segment-viewer .stage").press("Shift+ArrowDown")
    assert _brightest(page) == (21 - 200 // 16, 15 - 120 // 16)
    box = page.locator("#segment-viewer .stage").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.97, box["y"] + box["height"] * 0.9)
    page.mouse.up()
    assert _brightest(page) == (21 - 320 // 16, 15 - 225 // 16)
    _assert_fits(page)

    assert _view(page, "discriminator_score") == words(language, "viewer.meaning_discriminator_score")
    scale = page.inner_text("#segment-viewer .scale")
    assert words(language, "viewer.low_discriminator_score") in scale
    assert words(language, "viewer.high_discriminator_score") in scale
    _click_pixel(page, 247, 100)
    (percent,) = re.findall(r"([\d.]+)%", page.inner_text("#segment-viewer .value"))
    assert float(percent) / 100 == pytest.approx(247 / 329, abs=0.004)
    _assert_fits(page)
    assert not page.is_visible("#segment-viewer input[value=instances] + span")
    assert not asked, "the viewer works without the server"


def test_instances_are_counted_and_told(known: Callable[..., Any]) -> None:
    page = known("attention", "discriminator_score", query="show=discriminator_score")
    assert page.is_checked("#segment-viewer input[value=overlay]"), "there is no discriminator score"
    told = {"count": "1", "least": "50%", "mean": "800"}
    assert _view(page, "instances") == words("en", "viewer.meaning_instances", **told)
    first = words("en", "viewer.value_instance", name="building", found="1", score="90%", pixels="800")
    _click_pixel(page, 70, 50)
    assert page.inner_text("#segment-viewer .value") == first
    _click_pixel(page, 90, 50)
    assert page.inner_text("#segment-viewer .value") == words("en", "viewer.value_none")
    page.locator("#segment-viewer [data-part=threshold]").fill("30")
    told = {"count": "2", "least": "30%", "mean": "800"}
    below = page.inner_text("#segment-viewer [data-part=meaning]")
    assert below == words("en", "viewer.meaning_instances", **told)
    second = words("en", "viewer.value_instance", name="building", found="2", score="30%", pixels="800")
    assert page.inner_text("#segment-viewer .value") == second
    _click_pixel(page, 70, 50)
    assert page.inner_text("#segment-viewer .value") == first, "the surest is on top"


def test_disagreement_is_measured_when_asked_for(known: Callable[..., Any]) -> None:
    page = known("attention", "discriminator_score", "instances", query="show=disagreement")
    assert page.is_checked("#segment-viewer input[value=overlay]")
    assert not page.is_visible("#segment-viewer input[value=disagreement] + span")
    page.click("#segment-disagree")
    page.wait_for_selector("#segment-viewer input[value=disagreement]:checked", state="attached")
    assert "6" in page.inner_text("#segment-viewer [data-part=sentence]")
    # Half of the answers, the mirrored ones, say the opposite everywhere: as far apart as two sides can be.
    _click_pixel(page, 300, 100)
    (percent,) = re.findall(r"([\d.]+)%", page.inner_text("#segment-viewer .value"))
    one, other = (np.array([a, b, *[0.02] * 9]) / (a + b + 0.18) for a, b in ((0.8, 0.02), (0.8, 0.8)))
    entropies = [-(each * np.log(each)).sum() for each in ((one + other) / 2, one, other)]
    assert float(percent) / 100 == pytest.approx(
        (entropies[0] - (entropies[1] + entropies[2]) / 2) / np.log(6), abs=0.002
    )
    page.reload()
    assert "show=disagreement" in page.url
