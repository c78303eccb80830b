"""The Generate tab in a browser."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.imaging.export import picture_file
from segen.registry import cards
from segen.text import words
from segen.types import GenerateRequest
from segen.ui.framework.data_uri import sent
from segen.ui.tabs.generate.objectives import diffuses
from tests.browser.actions import assert_fits

pytestmark = [pytest.mark.browser, pytest.mark.slow]


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
    assert_fits(page)

    page.check("#generate-way input[value=map]", force=True)
    page.click("#generate-draw")
    page.wait_for_selector("#generate-map .frame")
    page.locator("#generate-map .frame").press("ArrowRight")
    page.wait_for_function(
        "document.querySelector('#generate-map [data-part=said]').innerText.includes('0.8')"
    )
    assert_fits(page)
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
    assert_fits(page)
    back.click()
    page.wait_for_function(f"document.querySelector('{middle}').src === {json.dumps(first)}")


def test_a_picture_is_placed_in_latent_space(address: str, visit: Callable[..., Any]) -> None:
    name = next(card.name for card in cards("generate") if card.options.encodes)
    page = visit(f"{address}/?tab=generate&model={name}", 390)
    page.check("#generate-way input[value=encoding]", force=True)
    page.click("#generate-examples [data-example=garment_boot]")
    page.wait_for_selector("#generate-encoding .three img")
    assert page.locator("#generate-encoding .three img").count() == 3
    assert page.locator("#generate-encoding .frames img").count() == 16
    assert_fits(page)


@pytest.mark.parametrize(("width", "language"), [(1440, "en"), (390, "zh")])
def test_a_training_is_played_without_asking_the_server(
    address: str, visit: Callable[..., Any], width: int, language: str
) -> None:
    kept = next(card for card in cards("generate") if card.snapshots())
    steps = [f"{step:,}" for step in kept.snapshots()["steps"]]
    said = [words(language, "generate.snapshot", step=step, last=steps[-1]) for step in steps]
    page = visit(f"{address}/?tab=generate&model={kept.name}&lang={language}", width)
    page.locator("#generate-snapshots").scroll_into_view_if_needed()
    frame, slider = (page.locator(f"#generate-snapshots [data-part={part}]") for part in ("frame", "slider"))
    page.wait_for_selector("#generate-snapshots [data-part=frame][src]")
    assert frame.get_attribute("alt") == said[-1]
    asked: list[str] = []
    page.on("request", lambda request: request.method == "POST" and asked.append(request.url))
    last = frame.get_attribute("src")
    slider.focus()
    page.keyboard.press("Home")
    assert frame.get_attribute("alt") == said[0]
    assert frame.get_attribute("src") != last
    numbers = page.locator("#generate-snapshots output").all_inner_texts()
    page.keyboard.press("ArrowRight")
    assert page.locator("#generate-snapshots output").all_inner_texts() != numbers
    page.click("#generate-snapshots [data-part=play]")
    page.wait_for_function(
        "alt => document.querySelector('#generate-snapshots [data-part=frame]').alt === alt",
        arg=said[-1],
    )
    assert frame.get_attribute("src") == last
    assert not asked
    assert_fits(page)


def test_styles_are_mixed_and_every_class_is_drawn(address: str, visit: Callable[..., Any]) -> None:
    staged = [card for card in cards("generate") if card.options.stages]
    named = max(staged, key=lambda card: card.conditional)
    page = visit(f"{address}/?tab=generate&model={named.name}", 390)
    page.check("#generate-way input[value=mix]", force=True)
    page.click("#generate-mix")
    page.wait_for_selector("#generate-mixed td img")
    assert page.locator("#generate-mixed img").count() == 4 + 4 + 16
    assert_fits(page)
    if named.conditional:
        page.check("#generate-way input[value=classes]", force=True)
        page.click("#generate-classes")
        page.wait_for_selector("#generate-every-class img")
        names = page.locator("#generate-every-class figcaption").all_inner_texts()
        assert names == [known.name["en"] for known in named.classes]
        assert_fits(page)


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
        assert f"of {trials} answers correct" in page.inner_text("#blind-score")
    page.click("#blind-reset")
    page.wait_for_selector("#blind-pair .empty")
    assert page.inner_text("#blind-score").strip() == ""
    assert_fits(page)
