"""The parts of the tab Translate that need no page."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import gradio as gr
import numpy as np
import pytest

from segen import registry
from segen.errors import InputError
from segen.imaging import images
from segen.text import words
from segen.types import Cycle, CycleRequest, Instance, Segmentation, TranslateRequest
from segen.ui.framework.link import Link
from segen.ui.framework.queue import Turns
from segen.ui.tabs.translate import cycle_view, region, tab
from segen.ui.widgets import paint

PEN = (0, 1, 7)
OF_A_TURN = ("cyclegan-yosemite", "backward", 1.0)
REQUEST = gr.Request(headers={}, query_params={"lang": "en"}, session_hash="visit")


@pytest.fixture(scope="module")
def page() -> gr.Blocks:
    with gr.Blocks() as page:
        tab.build(None)  # type: ignore[arg-type]
    return page


def named(page: gr.Blocks, name: str) -> Any:
    return next(each for each in page.blocks.values() if getattr(each, "elem_id", None) == name)


def after(page: gr.Blocks, name: str, event: str) -> list[Any]:
    """What Python does when a component of this id tells of an event."""
    return [each for each in page.fns.values() if (named(page, name)._id, event) in each.targets and each.fn]


@pytest.mark.parametrize(
    ("name", "event"),
    [("translate-picture", "input"), ("translate-arrived", "click"), ("translate-direction", "input")],
)
def test_another_picture_or_direction_takes_away_what_is_of_the_one_before(
    page: gr.Blocks, name: str, event: str
) -> None:
    shown: dict[Any, Any] = {}
    for each in after(page, name, event):
        if each.name in ("cleared", "turn"):
            found = each.fn(*(OF_A_TURN if each.name == "turn" else ()), REQUEST)
            assert set(found) <= set(each.outputs)
            shown |= found
    assert words("en", "translate.cycle_view_empty") in shown[named(page, "translate-cycle-view")]
    assert words("en", "translate.region_empty") in shown[named(page, "translate-region-told")]
    assert not shown[named(page, "translate-region-view")].visible
    for file in ("translate-cycle-json", "translate-region-download"):
        assert not shown[named(page, file).parent].visible
    assert list(shown.values()).count(region.NOWHERE) == 2, "the place that was clicked is of that picture"


@pytest.mark.parametrize(("asked", "opened"), [("", "cyclegan-yosemite"), ("pix2pix-emoji", "pix2pix-emoji")])
def test_the_tab_opens_with_summer_made_winter_and_a_link_with_its_model(asked: str, opened: str) -> None:
    with gr.Blocks():
        built = tab.build(None)  # type: ignore[arg-type]
    filled = built.fill(Link({"model": asked} if asked else {}), "en")
    models = [each.value for each in filled.values() if isinstance(each, gr.Dropdown)]
    assert opened in models
    leads = registry.card(opened).options.leads
    assert any(isinstance(each, gr.Radio) and each.value == leads for each in filled.values())


@pytest.mark.parametrize("strength", ["0", "0.5"])
def test_what_ships_is_shown_at_the_strength_of_a_link(strength: str) -> None:
    with gr.Blocks() as own:
        built = tab.build(None)  # type: ignore[arg-type]
    given, shown = built.fill(Link({"strength": strength}), "en")[named(own, "translate-view")]
    _, whole = built.fill(Link({}), "en")[named(own, "translate-view")]
    turn = next(each for each in after(own, "translate-direction", "input") if each.name == "turn")
    turned = turn.fn("cyclegan-yosemite", "forward", float(strength), REQUEST)
    assert turned[named(own, "translate-view")] == (given, shown)
    expected = images.mix(images.read(given), images.read(whole), float(strength))
    assert np.array_equal(images.read(shown), expected)


def test_another_segmenter_takes_away_what_the_one_before_found(page: gr.Blocks) -> None:
    (picked,) = (each for each in page.fns.values() if each.name == "classes")
    shown = picked.fn("unet-camvid", REQUEST)
    assert not shown[named(page, "translate-region-view")].visible
    assert shown[named(page, "translate-class")].choices
    assert set(shown) == set(picked.outputs)


def test_another_model_or_direction_ends_what_is_under_way(page: gr.Blocks) -> None:
    work = next(each for each in page.fns.values() if each.name == "look").fn
    (turns,) = (cell.cell_contents for cell in work.__closure__ if isinstance(cell.cell_contents, Turns))
    halts = [each for each in page.fns.values() if each.name == "halt"]
    (turned,) = (each for each in halts if (named(page, "translate-direction")._id, "input") in each.targets)
    assert len(turned.targets) == 2, "and a model that is picked"
    turns.ask(work, "visit")
    turned.fn(REQUEST)
    assert not turns.going("visit")


def sent(labels: np.ndarray) -> str:
    return "data:image/png;base64," + base64.b64encode(images.encode(labels)).decode()


def test_a_painted_map_comes_back_as_it_was() -> None:
    labels = np.random.default_rng(0).choice(np.array(PEN, np.uint8), (12, 20))
    assert np.array_equal(paint.painted({"ids": sent(labels)}, PEN, 12, 20), labels)


@pytest.mark.parametrize(
    "ids",
    [
        None,
        7,
        "",
        "http://127.0.0.1/a.png",
        "data:image/png;base64,",
        "data:image/png;base64,!!!",
        "data:image/png;base64," + base64.b64encode(b"no picture").decode(),
        "data:image/png;base64," + "A" * 2_000_000,
        sent(np.full((12, 20), 2, np.uint8)),
        sent(np.zeros((20, 12), np.uint8)),
    ],
)
def test_what_nobody_painted_is_refused(ids: object) -> None:
    for value in ({"ids": ids}, ids, {}):
        with pytest.raises(InputError):
            paint.painted(value, PEN, 12, 20)


def test_a_board_starts_with_the_first_pen_everywhere_and_the_last_in_hand() -> None:
    pens = [paint.Pen(3, "paper", (255, 255, 255)), paint.Pen(5, "ink", (0, 0, 0))]
    shown = paint.contents(pens, 10, 20, 4)
    assert (shown["blank"], shown["pen"], shown["ids"]) == (3, 5, None)
    kept = np.full((10, 20), 5, np.uint8)
    assert np.array_equal(paint.painted(paint.contents(pens, 10, 20, 4, kept), (3, 5), 10, 20), kept)


def test_blending_is_hard_without_a_border_and_soft_with_one() -> None:
    black, white = (np.full((40, 40, 3), level, np.uint8) for level in (0, 255))
    mask = np.zeros((40, 40), dtype=bool)
    mask[:, 20:] = True
    hard = images.blend(black, white, mask, 0)
    assert np.array_equal(hard[..., 0] == 255, mask)
    soft = images.blend(black, white, mask, 4)
    assert (np.diff(soft[20, :, 0].astype(int)) >= 0).all()
    assert (soft[20, 0, 0], soft[20, -1, 0]) == (0, 255)
    assert 0 < soft[20, 18, 0] < soft[20, 21, 0] < 255


def found() -> Segmentation:
    labels = np.zeros((10, 20), np.uint8)
    labels[2:8, 3:15] = 1
    mask = np.ones((4, 5), dtype=bool)
    mask[0, 0] = False
    things = (Instance(1, 0.9, (4, 3, 5, 4), mask), Instance(1, 0.2, (12, 3, 3, 3), np.ones((3, 3), bool)))
    return Segmentation(labels, np.full((2, 10, 20), 0.5, np.float32), things)


def test_a_region_is_a_class_or_the_instance_that_was_clicked() -> None:
    card = next(card for card in registry.cards("segment") if len(card.classes) == 2)
    whole, name = region._region(found(), card, "1", (region.NOWHERE, region.NOWHERE), "en")
    assert (whole.sum(), name) == (6 * 12, card.classes[1].name["en"])
    clicked, name = region._region(found(), card, "0", (6.5 / 20, 4.5 / 10), "en")
    assert (clicked.sum(), name) == (19, "instance 1")
    # Where no instance is sure, the click means the class.
    unsure, name = region._region(found(), card, "0", (13.5 / 20, 4.5 / 10), "en")
    assert (unsure.sum(), name) == (6 * 12, card.classes[1].name["en"])
    edge, _ = region._region(found(), card, "1", (1.0, 1.0), "en")
    assert edge.sum() == 200 - 6 * 12
    with pytest.raises(InputError):
        region._region(found(), card, "klingon", (region.NOWHERE, region.NOWHERE), "en")


def test_the_numbers_of_a_cycle_are_the_same_on_the_page_and_in_the_file() -> None:
    rng = np.random.default_rng(0)
    given, back = (rng.integers(0, 256, (32, 48, 3), dtype=np.uint8) for _ in range(2))
    error = (np.abs(given.astype(np.float32) - back).mean(axis=2) / 255).astype(np.float32)
    discriminator_score = rng.random((4, 6), dtype=np.float32)
    cycle = Cycle(
        given,
        back,
        back,
        back,
        given,
        error,
        float(error.mean()),
        discriminator_score,
        1 - discriminator_score,
    )
    report = json.loads(cycle_view._report("a", CycleRequest(given, levels=16), cycle))
    html = cycle_view._shown(cycle, "42 grey pixels", "en")
    told = re.findall(r"<figcaption>[^<]*cycle error ([\d.]+)", html)[0]
    assert float(told) == pytest.approx(report["cycle_error"], abs=5e-5)
    assert (report["levels"], report["identity_error"]) == (16, 0)
    assert html.count("<img") == 7
    assert "42 grey pixels" in html


@pytest.mark.parametrize(
    "options",
    [
        {"direction": "sideways"},
        {"strength": -0.1},
        {"strength": float("nan")},
        {"seed": -1},
        {"seed": 2**63},
    ],
)
def test_requests_out_of_range_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        TranslateRequest(np.zeros((4, 4, 3), np.uint8), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"levels": 1}, {"levels": 257}, {"blur": -1.0}, {"blur": 21.0}])
def test_hiding_out_of_range_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        CycleRequest(np.zeros((4, 4, 3), np.uint8), **options)  # type: ignore[arg-type]
