"""The page without a browser: links, languages, what the viewer is given."""

from __future__ import annotations

import io
import re
from base64 import b64decode
from html import escape
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image as Pillow
from starlette.requests import Request

from segen.evaluation.test_time_augmentation import AUGMENTATIONS
from segen.evaluation.unfamiliar import relative_entropy
from segen.imaging.export import instances_text
from segen.registry import card, cards
from segen.text import LANGUAGES, split_name, words
from segen.types import SURE, Attention, Clustering, Instance, Segmentation
from segen.ui.app import TABS, build_app, launch_options
from segen.ui.framework.language import LOCALES, PageLanguage, language_of
from segen.ui.framework.link import Link
from segen.ui.framework.queue import AT_ONCE
from segen.ui.tabs.models.overview import overview
from segen.ui.widgets.cards import beside
from segen.ui.widgets.examples import STREETS
from segen.ui.widgets.gallery import gallery
from segen.ui.widgets.viewer import VIEWS, contents, viewer


def _request(query: str = "", accept: str = "") -> Request:
    headers = [(b"accept-language", accept.encode())]
    return Request({"type": "http", "query_string": query.encode(), "headers": headers})


@pytest.mark.parametrize(
    ("query", "accept", "language"),
    [
        ("", "", "en"),
        ("lang=zh", "en-GB", "zh"),
        ("lang=en", "zh-CN,zh;q=0.9", "en"),
        ("lang=klingon", "zh-TW", "zh"),
        ("", "fr-FR,fr;q=0.9,zh;q=0.8,en;q=0.7", "zh"),
        ("", "*;q=0.1", "en"),
    ],
)
def test_the_address_wins_then_the_browser(query: str, accept: str, language: str) -> None:
    assert language_of(_request(query, accept)) == language


def test_a_link_gives_what_is_allowed_and_notes_the_rest() -> None:
    link = Link({"lang": "zh", "model": "../etc", "opacity": "40", "k": "1e3", "__theme": "dark"})
    assert link.choice("model", ["a", "b"]) == "a"
    assert link.choice("show", ["overlay"]) == "overlay"
    assert link.whole("opacity", range(101), 60) == 40
    assert link.whole("k", range(1, 20), 5) == 5
    assert link.nonsense == ["model", "k"]
    assert link.usable() == {"opacity": "40", "__theme": "dark"}


def test_a_link_gives_numbers_within_their_range() -> None:
    link = Link({"eps": "0.05", "k": "2.5", "position": "nan", "texture": "9"})
    assert link.number("eps", 0.005, 0.2, 0.03) == 0.05
    assert link.number("k", 1, 20, 5) == 5
    assert link.number("position", 0, 2, 0.0) == 0
    assert link.number("texture", 0, 5, 1.0) == 1
    assert link.nonsense == ["k", "position", "texture"]


def _map(address: str) -> np.ndarray:
    with Pillow.open(io.BytesIO(b64decode(address.removeprefix("data:image/png;base64,")))) as picture:
        return np.array(picture)


def test_the_viewer_gets_the_three_likeliest_classes_to_eight_bits() -> None:
    streets = card("unet-camvid")
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(11) * 0.3, (6, 8)).astype(np.float32).transpose(2, 0, 1)
    labels = np.repeat(probabilities.argmax(axis=0).astype(np.uint8), 2, axis=1)
    shown = contents(streets, np.zeros((6, 16, 3), np.uint8), Segmentation(labels, probabilities))

    assert (shown["height"], shown["width"]) == (6, 8)
    order = np.argsort(-probabilities, axis=0)[:3]
    assert np.array_equal(_map(shown["ids"]), order.transpose(1, 2, 0))
    likely = np.take_along_axis(probabilities, order, axis=0).transpose(1, 2, 0)
    assert np.abs(_map(shown["probabilities"]) / 255 - likely).max() <= 0.5 / 255 + 1e-6
    assert sum(known["share"] for known in shown["classes"]) == pytest.approx(1)


def test_entropy_goes_from_certain_to_undecided() -> None:
    certain = np.zeros((4, 2, 2), np.float32)
    certain[1] = 1
    assert relative_entropy(certain).max() == pytest.approx(0, abs=1e-5)
    undecided = np.full((4, 2, 2), 0.25, np.float32)
    assert relative_entropy(undecided).min() == pytest.approx(1)


def test_two_classes_are_enough_for_the_viewer() -> None:
    probabilities = np.stack([np.full((2, 3), 0.25), np.full((2, 3), 0.75)]).astype(np.float32)
    shown = contents(
        card("unet-camvid"),
        np.zeros((2, 3, 3), np.uint8),
        Segmentation(np.ones((2, 3), np.uint8), probabilities),
    )
    assert _map(shown["ids"])[0, 0, :2].tolist() == [1, 0]


def test_the_viewer_does_without_probabilities() -> None:
    labels = np.arange(12, dtype=np.uint8).repeat(250).reshape(1, -1)
    found = Clustering(labels, 12, None, (), 0, np.zeros((0, 3), np.float32), np.zeros(0, np.uint8))
    shown = contents(card("kmeans"), np.zeros((1, 3000, 3), np.uint8), found)
    assert (shown["height"], shown["width"]) == (1, 1000)
    assert np.array_equal(_map(shown["ids"]), labels[:, ::3])
    assert shown["probabilities"] is None
    assert shown["views"] == ["overlay", "labels", "compare"]


def _plain(**extras: Any) -> Segmentation:
    return Segmentation(np.zeros((4, 6), np.uint8), np.full((11, 2, 3), 1 / 11, np.float32), **extras)


def _contents(found: Segmentation, disagreement: np.ndarray | None = None) -> dict[str, Any]:
    return contents(card("unet-camvid"), np.zeros((4, 6, 3), np.uint8), found, disagreement)


def test_the_viewer_offers_the_views_that_a_result_has() -> None:
    common = ["overlay", "labels", "entropy", "compare"]
    assert _contents(_plain())["views"] == common
    discriminator_score = np.array([[0, 0.5, 1], [0.2, 0.4, 0.6]], np.float32)
    shown = _contents(_plain(discriminator_score=discriminator_score, instances=()))
    assert shown["views"] == ["overlay", "labels", "entropy", "discriminator_score", "instances", "compare"]
    assert (
        np.abs(_map(shown["heat"]["discriminator_score"]["map"]) / 255 - discriminator_score).max()
        <= 0.5 / 255 + 1e-6
    )
    assert shown["opens"] is None

    apart = np.array([[0, 0.1, 0.2], [0.2, 0.1, 0.05]], np.float32)
    shown = _contents(_plain(), apart)
    assert shown["opens"] == "disagreement" in shown["views"]
    heat = shown["heat"]["disagreement"]
    assert np.abs(_map(heat["map"]) / 255 * heat["peak"] - apart).max() < 0.001
    faint = _contents(_plain(), apart / 100)["heat"]["disagreement"]
    assert _map(faint["map"]).max() < 20, "noise is not blown up to full colour"


def test_attention_is_scaled_by_row() -> None:
    shares = np.array(
        [[0.9, 0.1, 0, 0], [0.25] * 4, [0, 0, 0.5, 0.5], [0.001, 0.002, 0.003, 0.994]], np.float32
    )
    shown = _contents(_plain(attention=Attention(2, 2, 16, shares)))["attention"]
    greatest = np.array(shown["greatest"])[:, None]
    assert _map(shown["map"]).max(axis=1).tolist() == [255] * 4
    assert np.abs(_map(shown["map"]) / 255 * greatest - shares).max() <= 0.5 / 255 + 1e-6


def test_instances_keep_their_numbers_and_the_surest_lies_on_top() -> None:
    corner = np.array([[True, False], [True, True]])
    many = [Instance(1, 1 - i / 600, (0, 0, 6, 4), np.ones((4, 6), bool)) for i in range(300)]
    found = (Instance(1, 1.0, (2, 0, 2, 2), corner), *many[1:])
    shown = _contents(_plain(instances=found))["instances"]
    red, green, blue = np.moveaxis(_map(shown["map"]).astype(int), -1, 0)
    assert (256 * red + green).tolist() == [[2, 1, 2], [2, 2, 2]]
    assert not blue.any()
    assert shown["list"][0] == {"id": 1, "score": 1.0, "pixels": 3, "box": [0.3333, 0.0, 0.3333, 0.5]}
    empty = Instance(1, 1.0, (0, 0, 1, 1), np.zeros((1, 1), bool))
    shown = _contents(_plain(instances=(*[empty] * 299, many[0])))["instances"]
    assert _map(shown["map"])[0, 0].tolist() == [1, 44, 0], "300 is more than a byte holds"


def test_the_viewer_begins_with_the_instances_that_labels_and_files_count() -> None:
    """One of a score just below SURE is no exception, which rounding would make it."""
    mask = np.ones((2, 2), bool)
    found = tuple(
        Instance(1, score, (0, 0, 2, 2), mask) for score in (0.9, SURE, float(np.nextafter(SURE, 0)))
    )
    shower = viewer(VIEWS)
    begins = shower.props["sure"]
    shown = [each["score"] >= begins for each in _contents(_plain(instances=found))["instances"]["list"]]
    assert shown == [True, True, False]
    *_, line = instances_text(card("maskrcnn-nuclei"), found).splitlines()
    assert line.split()[:2] == ["nucleus", "2"]
    (slider,) = re.findall(r'<input[^>]*data-part="threshold"[^>]*>', shower.html_template)
    assert "value" not in slider, "it begins where the script puts it"
    assert all(str(SURE) in words(language, "take.counted_instances") for language in LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_how_often_the_network_will_run(language: str) -> None:
    assert str(len(AUGMENTATIONS)) in words(language, "segment.disagree")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_card_and_example_is_in_words(language: str) -> None:
    rows = overview("", language)
    for each in cards():
        assert escape(each.title[language]) in rows
        assert f"<code>{each.name}</code>" in rows
    buttons = gallery(STREETS, language)
    assert buttons.count("<button") == len(STREETS)


@pytest.fixture(scope="module")
def app() -> gr.Blocks:
    return build_app(engine=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.NAME)
def test_a_tab_fills_its_own_components_and_an_option_is_found_by_its_name(tab: Any) -> None:
    with gr.Blocks() as page:
        built = tab.build(None)
    named = [event.js for event in page.fns.values() if "segen.remember" in str(event.js)]
    for language in LANGUAGES:
        filled = built.fill(Link({}), language)
        assert set(filled) <= set(built.outputs)
    assert bool(named) == (tab.NAME not in ("start", "models"))  # the table of models does so itself


def test_every_event_on_the_device_waits_in_one_queue(app: gr.Blocks) -> None:
    on_device = [event for event in app.fns.values() if event.concurrency_id == "device"]
    assert len(on_device) >= len(TABS)
    assert {event.concurrency_limit for event in on_device} == {AT_ONCE}


def test_only_the_endpoints_are_public(app: gr.Blocks) -> None:
    public = {event.api_name for event in app.fns.values() if event.api_visibility == "public"}
    assert (
        {"models", "segment", "cluster"}
        <= public
        <= {"models", "segment", "cluster", "generate", "translate", "run"}
    )


def test_the_page_is_served_in_the_language_asked_for() -> None:
    middleware = PageLanguage(app=None)  # type: ignore[arg-type]
    page = middleware._filled_in(b'<html lang="en"><head></head>', "zh").decode()
    assert page.startswith(f'<html lang="{LOCALES["zh"]}"><head>\n<script>window.segen = ')


def test_nothing_is_sent_to_anyone() -> None:
    options: dict[str, Any] = launch_options()
    assert not options["enable_monitoring"]
    assert not options["run_history"]
    assert not options["theme"]._stylesheets, "no font is fetched"


def test_a_card_shows_what_was_measured_on_its_own_data(monkeypatch: pytest.MonkeyPatch) -> None:
    streets = card("unet-camvid")
    values = {"val+fog-3": 0.25, "test": 0.5, "val": 0.625}
    reports = {
        split: {"split": split.split("+")[0], "items": 101, "metrics": {"mean_iou": value}}
        for split, value in values.items()
    }
    reports["val+fog-3"]["corruption"] = {"name": "fog", "severity": 3}
    measured = {"camvid": reports}
    monkeypatch.setattr(type(streets), "metrics", lambda _card: measured)
    for language in LANGUAGES:
        said = words(
            language, "models.mean_iou", value="0.625", split=split_name(language, "val"), items="101"
        )
        assert said in beside(streets, language)
        assert said in overview("", language)
