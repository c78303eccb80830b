"""The Generate tab in a browser; its diffusion is in test_diffusion.py."""

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
from segen.registry import card, cards
from segen.text import words
from segen.types import GenerateRequest
from segen.ui.framework.data_uri import sent
from segen.ui.tabs.generate.objectives import diffuses
from segen.ui.tabs.generate.tab import VIEWS, offered
from tests.browser.actions import assert_fits, go, open_view

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_pictures_are_drawn_from_seeds_kept_refined_and_walked_between(
    address: str, visit: Callable[..., Any], weights: Path
) -> None:
    name = next(card.name for card in cards("generate") if not diffuses(card))
    link = f"tab=generate&model={name}&seed=40&count=16&label=99&lang=zh"
    page = visit(f"{address}/?{link}", 390, "dark")
    assert "label" in page.inner_text("#notice")
    page.wait_for_selector("#generate-zip")  # an empty grid that is seen draws by itself
    _assert_drawn(page, name)

    page.click("[data-do=keep]")
    page.click("[data-do=end]")
    page.locator("#generate-grid .grid button").first.click()
    page.click("[data-do=start]")
    assert page.locator("#generate-grid .kept li").count() == 1
    kept = page.locator("#generate-grid .kept button").first
    kept.press("Enter")
    assert kept.get_attribute("aria-pressed") == "true"
    assert kept.evaluate("node => node === document.activeElement")
    page.locator("#generate-grid .grid button").first.click()
    page.click("#generate-grid [data-do=refine]")
    _assert_refined(page, name)

    page.check("#generate-way input[value=between]", force=True)
    page.click("#generate-walk")
    page.wait_for_selector("#generate-walk-film")
    assert page.locator("#generate-walk-strip .frames img").count() == 16
    with page.expect_download() as download:
        page.click("#generate-walk-film")
    assert download.value.suggested_filename == f"{name}-seed-000040-to-000045.webp"
    assert Pillow.open(download.value.path()).n_frames == 30
    assert_fits(page)

    page.check("#generate-way input[value=map]", force=True)
    page.click("#generate-draw")
    page.wait_for_selector("#generate-map .frame")
    page.evaluate(
        """() => {
            const frame = document.querySelector("#generate-map .frame");
            frame.setPointerCapture = () => {};
            const send = (kind, pointerId, clientX, button = 0) =>
                frame.dispatchEvent(new PointerEvent(kind, { pointerId, clientX, button }));
            send("pointerdown", 5, 9, 2);
            send("pointerup", 5, 99, 2);
            send("pointerdown", 6, 50);
            send("pointerdown", 7, 90);
            send("pointermove", 7, 99);
        }"""
    )
    assert not page.locator("#generate-map [data-part=map]").get_attribute("style"), "one finger drags it"
    page.evaluate(
        "document.querySelector('#generate-map .frame')"
        ".dispatchEvent(new PointerEvent('pointercancel', { pointerId: 6 }))"
    )
    page.locator("#generate-map .frame").press("ArrowRight")
    page.wait_for_function(
        "document.querySelector('#generate-map [data-part=said]').innerText.includes('0.8')"
    )
    assert_fits(page)
    page.click("#generate-trained > button")
    page.locator("#generate-objective .katex").nth(1).wait_for()


def _assert_drawn(page: Any, name: str) -> None:
    """The keyboard picks the sixth picture, and files to take home hold what the engine draws of its seed."""
    from segen.engine import Engine

    cells = page.locator("#generate-grid .grid button")
    assert cells.count() == 16
    cells.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.locator("#generate-grid .grid [aria-pressed=true]").count() == 1
    assert page.inner_text("#generate-grid .name").startswith(words("zh", "generate.seed_of", seed=45))
    alone = Engine().run(name, GenerateRequest([45])).value
    with page.expect_download() as download:
        page.click("#generate-grid a[download]")
    assert (download.value.suggested_filename, download.value.path().read_bytes()) == picture_file(alone, 0)
    with page.expect_download() as download:
        page.click("#generate-zip")
    bundle = zipfile.ZipFile(download.value.path())
    assert bundle.namelist() == [f"seed-{seed:06d}.png" for seed in range(40, 56)]
    assert bundle.read("seed-000045.png") == picture_file(alone, 0)[1]


def _assert_refined(page: Any, name: str) -> None:
    """Around the picked picture lie others, one of which becomes the next middle, and back."""
    page.wait_for_selector("#generate-refined [data-number]")
    assert page.evaluate("document.querySelector('.gradio-container').scrollTop") == 0, "the head is whole"
    middle = "#generate-refined figure img"
    first = page.get_attribute(middle, "src")
    assert np.array_equal(sent(first), sent(page.get_attribute("#generate-grid .large img", "src")))
    back = page.locator("#generate-neighbours-back")
    assert back.is_disabled()
    chosen = page.get_attribute("#generate-refined [data-number='5'] img", "src")
    page.locator("#generate-refined [data-number='5']").press("Enter")
    page.wait_for_function(f"document.querySelector('{middle}').src !== {json.dumps(first)}")
    assert page.evaluate("document.activeElement.dataset.number") == "5", "the keyboard stays where it was"
    assert page.get_attribute(middle, "src") == chosen
    with page.expect_download() as download:
        page.click("#generate-refined-file")
    assert download.value.suggested_filename == f"{name}-seed-000040-around-05.png"
    assert_fits(page)
    back.click()
    page.wait_for_function(f"document.querySelector('{middle}').src === {json.dumps(first)}")


def test_pictures_are_there_at_once_and_one_view_is_shown_at_a_time(
    address: str, visit: Callable[..., Any]
) -> None:
    page = visit(f"{address}/?tab=generate")
    _assert_opened(page, "en")
    assert page.evaluate("document.documentElement.scrollHeight") < 1_800

    shown = {
        "condition": "#generate-condition",
        "latent": "#generate-walk-strip .film",
        "training": "#generate-snapshots",
        "quality": "#generate-measured table",
        "blind": "#blind-next",
        "draw": "#generate-run",
    }
    go(page, tab="generate", model="dcgan-fashion")
    assert offered(card("dcgan-fashion")) == set(shown), "no diffusion for a GAN"
    titles = page.locator("#generate-views button[role=tab]:visible").all_inner_texts()
    assert sorted(titles) == sorted(words("en", VIEWS[name]) for name in shown)
    for name, part in shown.items():
        open_view(page, "generate", VIEWS[name])
        page.wait_for_selector(part)
        page.wait_for_url(f"**view={name}**")
        assert [other for other in shown.values() if page.is_visible(other)] == [part]
        assert page.evaluate("document.documentElement.scrollHeight") < 1_800

    loaded = page.wait_for_function("document.querySelector('#generate-grid .large img').naturalWidth")
    width = loaded.json_value()
    page.click("#generate-grid [data-do=segment]")
    page.wait_for_function(f"document.querySelector('#segment-picture img')?.naturalWidth === {width}")
    assert "tab=segment" in page.url


def _assert_opened(page: Any, language: str) -> None:
    """A grid is there before anything is pressed."""
    cells = page.locator("#generate-grid .grid button")
    cells.last.wait_for()
    assert cells.count() == 36
    assert page.inner_text("#generate-grid .name") == words(language, "generate.seed_of", seed=55)
    assert not page.is_visible("#generate-objective"), "formulas are folded"
    assert_fits(page)


def test_a_narrow_page_opens_on_pictures_and_encodes_mixes_and_draws_every_class(
    address: str, visit: Callable[..., Any]
) -> None:
    page = visit(f"{address}/?tab=generate&lang=zh", 390, "dark")
    _assert_opened(page, "zh")
    assert page.evaluate("document.documentElement.scrollHeight") < 3_000
    grid, run = (page.locator(each).bounding_box() for each in ("#generate-grid", "#generate-run"))
    assert grid["y"] < 844, "the result is there without scrolling"
    assert grid["y"] < run["y"], "and stands above the controls"

    encoder = next(card.name for card in cards("generate") if card.options.encodes)
    go(page, tab="generate", view="latent", model=encoder)
    page.check("#generate-way input[value=encoding]", force=True)
    page.click("#generate-examples [data-example=garment_boot]")
    page.wait_for_selector("#generate-encoding .three img")
    assert page.locator("#generate-encoding .three img").count() == 3
    assert page.locator("#generate-encoding .frames img").count() == 16
    assert_fits(page)
    page.check("#generate-way input[value=priors]", force=True)
    page.click("#generate-priors-run")
    page.wait_for_selector("#generate-priors svg rect")
    assert page.locator("#generate-priors .three img").count() == 2
    assert_fits(page)

    staged = next(card for card in cards("generate") if card.options.stages and card.conditional)
    go(page, tab="generate", view="latent", model=staged.name)
    page.check("#generate-way input[value=mix]", force=True)
    page.click("#generate-mix")
    page.wait_for_selector("#generate-mixed td img")
    assert page.locator("#generate-mixed img").count() == 4 + 4 + 16
    assert_fits(page)
    page.check("#generate-way input[value=classes]", force=True)
    page.click("#generate-classes")
    page.wait_for_selector("#generate-every-class img")
    names = page.locator("#generate-every-class figcaption").all_inner_texts()
    assert names == [known.name["zh"] for known in staged.classes]
    assert_fits(page)

    open_view(page, "generate", VIEWS["condition"], "zh")
    page.click("#generate-condition")
    page.wait_for_function("document.querySelectorAll('#generate-conditions tbody tr').length === 11")
    rows = page.locator("#generate-conditions tbody th").all_inner_texts()
    assert rows == [words("zh", "generate.condition_none"), *names]
    assert_fits(page)


def test_a_training_is_played_without_asking_the_server_and_a_blind_test_tells_nothing_before_the_click(
    address: str, visit: Callable[..., Any]
) -> None:
    kept = next(card for card in cards("generate") if card.snapshots())
    steps = [f"{step:,}" for step in kept.snapshots()["steps"]]
    said = [words("en", "generate.snapshot", step=step, last=steps[-1]) for step in steps]
    page = visit(f"{address}/?tab=generate&view=training&model={kept.name}")
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
    open_view(page, "generate", VIEWS["quality"])
    page.wait_for_url("**view=quality**")
    _assert_blind(page)


def _assert_blind(page: Any) -> None:
    """Two models are told apart by eye, and nothing says which is which before the answer."""
    ((dataset, _),) = Counter(card.dataset for card in cards("generate")).most_common(1)
    one, other = sorted((card for card in cards("generate") if card.dataset == dataset), key=diffuses)[:2]
    go(page, tab="generate", view="blind", model=one.name)
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
