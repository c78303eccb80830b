"""The views of the tab Generate without a browser: what opens, what starts by itself, what is told before."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest

from segen import registry
from segen.engine import Engine
from segen.registry import ModelCard, card, cards
from segen.text import LANGUAGES, words
from segen.types import GenerateRequest
from segen.ui.framework.link import Link
from segen.ui.tabs.generate import blind, objectives, opening, tab, walking
from segen.ui.tabs.generate.chosen import USUAL_SAMPLER, USUAL_STEPS, Asked
from segen.ui.tabs.generate.drawing import COUNTS, Drawing
from segen.ui.tabs.generate.estimate import Pace
from segen.ui.tabs.generate.latent import WAYS, offered

GENERATORS = cards("generate")
NAMES = [each.name for each in GENERATORS]
DIFFUSING = next(each for each in GENERATORS if objectives.diffuses(each))
QUICK = next(each for each in GENERATORS if not objectives.diffuses(each))


@pytest.mark.parametrize("each", GENERATORS, ids=NAMES)
def test_every_model_opens_with_pictures_of_its_own(each: ModelCard, weights: Path) -> None:
    """With SEGEN_OPENINGS set, the files are written anew; of diffusion one picture is compared."""
    found = opening.kept(each)
    writes = bool(os.environ.get("SEGEN_OPENINGS"))
    assert writes or found is not None
    seeds = range(opening.SEED, opening.SEED + opening.COUNT)
    some = seeds if writes or not objectives.diffuses(each) else seeds[:1]
    drawn = Engine("cpu").run(each.name, GenerateRequest(some, None, USUAL_SAMPLER, USUAL_STEPS)).value
    if writes:
        file = Path(opening.__file__).parent / "openings" / f"{each.name}.webp"
        file.write_bytes(opening.packed(drawn))
        found = opening.kept(each)
    assert found is not None
    assert (found.seeds, found.labels) == (tuple(seeds), drawn.labels)
    assert found.images.shape == (opening.COUNT, *each.input_size, 3)
    apart = np.abs(found.images[: len(some)].astype(int) - drawn.images)
    assert apart.mean() < 0.5, "the machine that drew them may have rounded otherwise"


@pytest.fixture
def view() -> Drawing:
    with gr.Blocks():
        run = gr.Button(elem_id="press-me")
        return Drawing(gr.HTML(), gr.Radio(), gr.Button(), run, gr.HTML(), gr.Row(), {}, Pace())


def asked(each: ModelCard, seed: int = opening.SEED, label: int | None = None, steps: int = 50) -> Asked:
    return Asked(each, label, str(seed), 3.0, "ddim", steps, 1.0, "en")


def test_what_is_slow_does_not_start_by_itself(view: Drawing) -> None:
    first = view.first(asked(DIFFUSING, seed=0), 64)[view.grid]
    assert "press" not in first
    assert first["pictures"][0]["seed"] == str(opening.SEED), "what was drawn before"
    press = view.first(asked(QUICK, seed=0), 64)[view.grid]
    assert press["press"] == "press-me"
    assert view.first(asked(QUICK, seed=0), 64)[view.grid] != press, "the page would not hear of it again"
    assert view.first(asked(QUICK), opening.COUNT)[view.grid]["columns"] == 6


@pytest.mark.parametrize("each", [DIFFUSING, QUICK], ids=["slow", "quick"])
@pytest.mark.parametrize("kept", [True, False], ids=["drawn before", "never drawn"])
def test_another_model_hides_the_files_of_the_one_before(
    each: ModelCard, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not kept:
        monkeypatch.setattr(opening, "kept", lambda _: None)
    with gr.Blocks() as page:
        built = tab.build(None)  # type: ignore[arg-type]
    known = {getattr(each, "elem_id", None): each for each in page.blocks.values()}
    row = known["generate-zip"].parent
    (grid,) = (
        each for each in page.blocks.values() if "picks" in (getattr(each, "elem_classes", None) or "")
    )
    (picked,) = (event for event in page.fns.values() if event.name == "describe")
    given = {each: each.value for each in picked.inputs} | {known["generate-model"]: each.name}
    shown = picked.fn(given, gr.Request(headers={}, query_params={"lang": "en"}))
    assert not shown[row].visible
    assert kept or each == QUICK or shown[grid] is None, "pictures of the model before have no place there"
    assert set(shown) <= set(picked.outputs)
    assert not built.fill(Link({"model": each.name}), "en")[row].visible


def test_the_estimate_learns_from_what_was_done() -> None:
    pace, calls = Pace(), 64 * 50
    guessed = pace.seconds(DIFFUSING, calls)
    assert guessed == pytest.approx(calls * DIFFUSING.multiply_adds / 1e10)
    assert pace.seconds(QUICK, 64) < 3 < guessed
    assert pace.told(QUICK, 1, "en") == ""
    assert pace.told(DIFFUSING, calls, "en") == words(
        "en", "generate.guess_seconds", seconds=f"{guessed:.0f}"
    )
    pace.note(DIFFUSING, calls // 2, 10)
    assert pace.told(DIFFUSING, calls, "en") == words("en", "generate.estimate_seconds", seconds=20)
    assert pace.told(DIFFUSING, 100 * calls, "zh") == words("zh", "generate.estimate_minutes", minutes=33)


def test_guidance_calls_the_network_twice() -> None:
    assert asked(QUICK).calls == 1
    assert asked(DIFFUSING).calls == 50
    guided = Asked(DIFFUSING, 3, "0", 3.0, "ddim", 10, 2.0, "en")
    assert guided.calls == 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_what_a_guidance_of_one_contains(language: str) -> None:
    """ddpm-fashion's weights learned from a guided teacher, so L_simple alone would mislead."""
    taught = f"{card('ddpm-fashion', 'generate').options.taught_guidance:g}"
    beside, told = (write(DIFFUSING, language) for write in (objectives.guidance, objectives.objective))
    assert words(language, "diffusion.guidance_taught", guidance=taught) in beside
    assert words(language, "generate.objective_taught", guidance=taught) in told
    assert "1.75" in beside


@pytest.mark.parametrize("each", GENERATORS, ids=NAMES)
def test_a_card_has_the_views_that_it_can_fill(each: ModelCard) -> None:
    views = tab.offered(each)
    assert tab.DRAW in views
    assert ("latent" in views) != ("diffusion" in views)
    assert ("diffusion" in views) == objectives.diffuses(each)
    ways = offered(each.options)
    assert ("encoding" in ways) == each.options.encodes
    assert ways[0] == next(iter(WAYS))


def test_a_link_opens_a_view_and_an_old_one_the_grid() -> None:
    with gr.Blocks():
        built = tab.build(None)  # type: ignore[arg-type]

    def opened(**options: str) -> tuple[Any, list[str]]:
        link = Link(options)
        values = built.fill(link, "en")
        return next(value for value in values.values() if value in list(tab.VIEWS)), link.nonsense

    assert opened() == ("draw", [])
    assert opened(model=QUICK.name, view="latent", count="16") == ("latent", [])
    assert opened(model=DIFFUSING.name, view="latent") == ("draw", ["view"])
    old = {"model": "dcgan-fashion", "seed": "7", "count": "64", "label": "", "truncation": "3"}
    assert opened(**old, sampler="ddim", steps="50", guidance="1") == ("draw", [])
    assert opened(view="<img src=x onerror=alert(1)>", seed="1e3") == ("draw", ["view", "seed"])


def test_counts_are_squares() -> None:
    assert all(int(count**0.5) ** 2 == count for count in COUNTS)
    assert opening.COUNT in COUNTS


def test_no_text_becomes_html(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    bad = replace(QUICK, title=dict.fromkeys(LANGUAGES, hostile))
    monkeypatch.setattr(registry, "card", lambda *_: bad)
    picture = np.zeros((2, 2, 3), np.uint8)
    pair = blind.Pair((picture, picture), ("one", "two"))
    quiz = blind.Quiz(("one", "two"), open=pair)
    shown = [
        blind.question(quiz, "en"),
        blind.verdict(pair, True, "zh"),
        walking.strip(picture[None], b"", [hostile], "en"),
    ]
    for each in shown:
        assert "&lt;img src=x" in each
        assert hostile not in each
