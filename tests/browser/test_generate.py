"""The Generate tab in a browser."""

from __future__ import annotations

import json
import re
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
from tests.browser.engines import DrawingEngine, assert_closed

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def open_view(page: Any, title: str, language: str = "en") -> None:
    """Open the view whose title is this entry of the catalogue."""
    page.locator("#generate-views button[role=tab]:visible", has_text=words(language, title)).click()


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
    open_view(page, "generate.latent", language)
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
    page.locator("#generate-map .frame").press("ArrowRight")
    page.wait_for_function(
        "document.querySelector('#generate-map [data-part=said]').innerText.includes('0.8')"
    )
    assert_fits(page)
    page.click("#generate-trained > button")
    page.locator("#generate-objective .katex").nth(1).wait_for()


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
    page = visit(f"{address}/?tab=generate&view=latent&model={name}", 390)
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
    page = visit(f"{address}/?tab=generate&view=training&model={kept.name}&lang={language}", width)
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
    page = visit(f"{address}/?tab=generate&view=latent&model={named.name}", 390)
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
    page = visit(f"{address}/?tab=generate&view=blind&model={one.name}")
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


@pytest.mark.parametrize(("width", "scheme", "language"), [(1440, "light", "en"), (390, "dark", "zh")])
def test_pictures_are_there_before_anything_is_pressed(
    address: str, visit: Callable[..., Any], width: int, scheme: str, language: str
) -> None:
    page = visit(f"{address}/?tab=generate&lang={language}", width, scheme)
    cells = page.locator("#generate-grid .grid button")
    cells.last.wait_for()
    assert cells.count() == 36
    assert page.inner_text("#generate-grid .name") == words(language, "generate.seed_of", seed=55)
    assert page.evaluate("document.documentElement.scrollHeight") < (1_800 if width == 1_440 else 3_000)
    if width == 390:
        grid, run = (page.locator(each).bounding_box() for each in ("#generate-grid", "#generate-run"))
        assert grid["y"] < 844, "the result is there without scrolling"
        assert grid["y"] < run["y"], "and stands above the controls"
    assert not page.is_visible("#generate-objective"), "formulas are folded"
    assert_fits(page)


def test_one_view_is_shown_at_a_time_and_a_link_names_it(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=generate&model=dcgan-fashion")
    page.wait_for_selector("#generate-grid .grid button")
    shown = {
        "generate.latent": ("latent", "#generate-way"),
        "generate.snapshots": ("training", "#generate-snapshots"),
        "generate.quality_view": ("quality", "#generate-measured table"),
        "generate.blind": ("blind", "#blind-next"),
        "generate.draw_view": ("draw", "#generate-run"),
    }
    titles = page.locator("#generate-views button[role=tab]:visible").all_inner_texts()
    assert sorted(titles) == sorted(words("en", key) for key in shown), "no diffusion for a GAN"
    for key, (name, part) in shown.items():
        open_view(page, key)
        page.wait_for_selector(part)
        page.wait_for_url(f"**view={name}**")
        assert [other for _, other in shown.values() if page.is_visible(other)] == [part]
        assert page.evaluate("document.documentElement.scrollHeight") < 1_800


def test_diffusion_starts_nothing_unasked_and_keeps_what_was_there(visit: Callable[..., Any]) -> None:
    from segen.ui.app import build_app, launch_options

    engine = DrawingEngine()
    app = build_app(engine)  # type: ignore[arg-type]
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    try:
        page = visit(f"{url}?tab=generate")
        page.wait_for_selector("#generate-grid .grid button")
        slow = next(card for card in cards("generate") if diffuses(card))
        page.locator("#generate-model input").click()
        page.get_by_role("option", name=slow.title["en"], exact=True).click()
        page.wait_for_function(
            "title => document.querySelector('#generate-grid .said').innerText.includes(title)",
            arg=slow.title["en"],
        )
        assert re.search(r"\d+ (s|min)", page.inner_text("#generate-estimate")), "how long it would take"
        assert engine.requests == 0
        before = page.get_attribute("#generate-grid .grid img", "src")
        page.click("#generate-run")
        page.locator("#generate-grid .coming img").wait_for()
        assert page.get_attribute("#generate-grid .grid img", "src") == before
        page.click("#generate-run")
        page.wait_for_function("document.querySelector('#generate-stop').disabled === false")
        assert_closed(engine)
        for _ in range(600):  # the second press begins anew once the first has ended
            if engine.requests == 2 and engine.steps < 5:
                break
            page.wait_for_timeout(100)
        assert engine.requests == 2
        assert page.is_enabled("#generate-stop"), "while work goes on, it can be stopped"
        engine.closed = False
        page.click("#generate-stop", no_wait_after=True)
        assert_closed(engine)
        page.wait_for_selector("#generate-stop:disabled")
        assert page.get_attribute("#generate-grid .grid img", "src") == before, "Stop leaves what was there"
        assert page.is_visible("#generate-grid .grid")
        assert engine.requests == 2, "nothing was queued"
    finally:
        app.close()


def test_a_generated_picture_goes_on_to_another_tab(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=generate")
    page.wait_for_selector("#generate-grid .grid button")
    page.click("#generate-grid [data-do=segment]")
    page.wait_for_function("document.querySelector('#segment-picture img')?.naturalWidth === 64")
    assert "tab=segment" in page.url


def test_the_guidance_says_what_one_contains(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=generate&model=ddpm-fashion&lang=zh", 390)
    page.click("#generate-advanced > button")
    page.wait_for_selector("#generate-guidance")
    assert words("zh", "diffusion.guidance_taught", guidance="1.75") in page.inner_text("#generate-guidance")
    page.click("#generate-trained > button")
    page.wait_for_selector("#generate-objective .katex")
    assert words("zh", "generate.objective_taught", guidance="1.75") in page.inner_text("#generate-objective")
