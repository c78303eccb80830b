"""Paint a street, without a browser: maps that come in, photographs of them, and how they agree."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from inspect import unwrap
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from starlette.requests import Request

from segen import registry
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.errors import CardError, InputError
from segen.imaging import images
from segen.imaging.labels import encode_labels, read_labels, resize_labels
from segen.models.translation import preprocessing
from segen.text import LANGUAGES, words
from segen.training import data as training_data
from segen.training.recipe import Place
from segen.training.recipes import RECIPES, build
from segen.types import Run, SegmentRequest, Step, TranslateRequest
from segen.ui.framework.data_uri import data_uri
from segen.ui.tabs.translate import street
from segen.ui.tabs.translate.street_results import Agreement, StreetResult, agreement, colors, report
from segen.ui.widgets import paint
from segen.ui.widgets.picture import picture_input

KNOWN = scenes.CLASSES
UNLABELLED = KNOWN[-1].id
NAME = "small-painter"


@pytest.fixture
def engine(weights: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine that knows a small untrained card that paints, too."""
    recipe = replace(
        RECIPES["pix2pix-camvid-photo"], name=NAME, channels=4, blocks=1, discriminator_channels=4, side=64
    )  # fmt: skip
    if not (weights / NAME).is_dir():
        monkeypatch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 1, "val": 1})
        built = build(recipe, Place(data="synthetic"))
        built.export(built.networks, weights / NAME)
    segmenter = registry.card("unet-camvid")
    card = replace(
        segmenter,
        name=NAME,
        task="translate",
        loader="segen.models.translation.predictor:load",
        directions=("forward",),
        input_size=(192, 256),
        options=replace(registry.card("pix2pix-camvid-photo", "translate").options, measure={}),
    )
    known = {**registry._read_all(), NAME: card}
    monkeypatch.setattr(registry, "_read_all", lambda: known)
    return Engine("cpu")


@pytest.fixture
def work(engine: Engine) -> Callable[[str], Any]:
    """What the panel does when a button is pressed, by the name of its function."""
    with gr.Blocks() as app:
        street.street_panel(engine, picture_input(), gr.Dropdown([NAME]), gr.Button())
    found = {each.name: unwrap(each.fn) for each in app.fns.values() if each.fn}
    return lambda name: found[name]


REQUEST = Request({"type": "http", "query_string": b"lang=en", "headers": []})


def drawn(seed: int = 5) -> np.ndarray:
    return scenes.street(seed, 256, 192)[1]


def sent(labels: np.ndarray) -> dict[str, str]:
    """The part that counts of the board's value after this was painted."""
    return {"ids": data_uri(images.encode(labels), "image/png")}


def board(value: dict[str, Any]) -> np.ndarray:
    """The map that the board shows."""
    return paint.painted(value, [known.id for known in KNOWN], 192, 256)


def test_a_map_comes_back_from_every_size_it_is_shown_at() -> None:
    """The network sees the very map that was painted, whatever the size of the photograph."""
    labels = drawn()
    large = resize_labels(labels, 360, 480)
    assert large.shape == (360, 480)
    assert np.array_equal(resize_labels(large, 192, 256), labels)
    assert np.array_equal(preprocessing.smaller(large, 256), labels)
    assert resize_labels(labels, 1, 1).tolist() == [[labels[96, 128]]]


def test_ids_are_read_as_they_are_and_colors_by_the_nearest() -> None:
    labels = drawn()
    palette = replace(registry.card("unet-camvid"), classes=KNOWN).palette()
    colored = np.array(palette, np.uint8)[labels]
    for content in (encode_labels(labels, palette), images.encode(labels), images.encode(colored)):
        found, unknown_pixels = street.read_map(content, KNOWN)
        assert np.array_equal(found, labels)
        assert unknown_pixels == 0
    colored[:10] = np.minimum(colored[:10], 252) + 3
    found, unknown_pixels = street.read_map(images.encode(colored), KNOWN)
    assert np.array_equal(found, labels)
    assert unknown_pixels == 10 * 256
    with pytest.raises(InputError):
        street.read_map(b"no picture", KNOWN)


def test_agreement_counts_what_is_labelled_and_there() -> None:
    labels = np.zeros((4, 8), np.uint8)
    labels[:, 4:] = 3
    labels[3] = UNLABELLED
    same = agreement(KNOWN, np.where(labels == UNLABELLED, 8, labels).astype(np.uint8), labels)
    assert (same.mean_iou, same.pixel_accuracy) == (1, 1)
    assert same.iou == (1, None, None, 1, *[None] * 7)
    half = agreement(KNOWN, np.zeros((4, 8), np.uint8), labels)
    assert half.pixel_accuracy == 0.5
    assert half.iou[0] == 0.5
    assert half.iou[3] == 0
    assert half.mean_iou == 0.25


def made(work: Callable[[str], Any], labels: np.ndarray, count: int = 1, seed: str = "0") -> list[str]:
    """The reports that follow one another, as the page gets them."""
    items = work("make")(NAME, sent(labels), count, seed, REQUEST, lambda *_, **__: None)
    return [value for item in items for value in item.values() if isinstance(value, str) and "<" in value]


def saved(html: str, kind: str) -> bytes:
    (source,) = re.findall(rf'<figure class="{kind}"><img src="data:image/png;base64,([^"]+)"', html)
    return b64decode(source)


def test_what_is_shown_are_the_files_that_give_the_same_numbers(
    work: Callable[[str], Any], engine: Engine
) -> None:
    labels = drawn()
    labels[:20, :20] = UNLABELLED
    (html,) = made(work, labels, seed=str(2**63 - 1))
    painted, unknown_pixels = street.read_map(saved(html, "painted"), KNOWN)
    assert unknown_pixels == 0
    assert np.array_equal(resize_labels(painted, 192, 256), labels), "it can be opened again"
    photo = images.read(saved(html, "photo"))
    assert b"digitalsourcetype/compositeWithTrainedAlgorithmicMedia" in saved(html, "photo")
    assert photo.shape[:2] == painted.shape == registry.card("unet-camvid").input_size
    card = registry.card(NAME)
    request = TranslateRequest(colors(card)[painted], seed=2**63 - 1)
    assert np.array_equal(engine.run(NAME, request).value.image, photo)
    found = engine.run("unet-camvid", SegmentRequest(photo, once=True)).value.labels
    assert np.array_equal(read_labels(saved(html, "found"), KNOWN), found)
    values = agreement(KNOWN, found, painted)
    row = re.search(r"Mean IoU</b></th>\s*<td [^>]*>([\d.]+)<", html)
    assert row
    assert row[1] == f"{values.mean_iou:.3f}"
    assert '<div class="choices"' not in html, "one photograph leaves no choice"


def test_seeds_give_several_photographs_one_after_the_other(work: Callable[[str], Any]) -> None:
    reports = made(work, drawn(), count=2, seed="7")
    assert [len(re.findall("data-seed=", each)) for each in reports] == [1, 2]
    assert re.findall(r'data-seed="(\d+)"', reports[-1]) == ["7", "8"]
    assert re.findall(r'data-of="(\d)" data-seed="\d"( hidden)?', reports[-1]) == [
        ("0", ""),
        ("1", " hidden"),
    ]
    photos = re.findall(r'<figure class="photo"><img src="([^"]+)"', reports[-1])
    assert len(set(photos)) == 2, "the noise differs"
    assert re.findall(r'<figure class="photo"><img src="([^"]+)"', made(work, drawn(), seed="8")[0]) == [
        photos[1]
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_tells_every_class_that_is_there(language: str) -> None:
    labels, found = np.zeros((2, 12, 16), np.uint8)
    found[:6] = 8
    alike = Agreement(0.25, 0.5, (0.5, *[None] * 7, 0.0, None, None))
    other = Agreement(1.0, 1.0, (1.0, *[None] * 10))
    results = [
        StreetResult(3, np.zeros((12, 16, 3), np.uint8), found, alike),
        StreetResult(4, np.zeros((12, 16, 3), np.uint8), labels, other),
    ]
    card = registry.card("unet-camvid")
    html = report(card, card, labels, results, language)
    rows = re.findall(r'<th scope="row">(?:<i[^>]*></i>|<b>)([^<]*)(?:</b>)?</th>(.*?)</tr>', html, re.DOTALL)
    assert [name for name, _ in rows] == [
        words(language, "measure.mean_iou"),
        words(language, "measure.pixel_accuracy"),
        card.classes[0].name[language],
        card.classes[8].name[language],
    ]
    assert [re.findall(r">([^<]+)</td>", cells) for _, cells in rows] == [
        ["0.250", "1.000"], ["0.500", "1.000"], ["0.500", "1.000"], ["0.000", "–"],
    ]  # fmt: skip
    assert html.count('aria-pressed="true"') == 1


class CountingEngine:
    """Counts what is asked of it, and answers with nothing but steps and black pictures."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def stream(self, name: str, request: Any) -> Iterator[Any]:
        self.asked.append(name)
        yield Step(1, 1)
        shape = request.image.shape
        value: Any = type(
            "Value", (), {"image": np.zeros(shape, np.uint8), "labels": np.zeros(shape[:2], np.uint8)}
        )
        yield Run(value, name, "cpu", 0.01, 0.0)


def test_stop_leaves_the_photographs_that_are_done(engine: Engine) -> None:
    counting = CountingEngine()
    with gr.Blocks() as app:
        street.street_panel(counting, picture_input(), gr.Dropdown([NAME]), gr.Button())  # type: ignore[arg-type]
    make = next(unwrap(each.fn) for each in app.fns.values() if each.name == "make")
    items = make(NAME, sent(drawn()), 6, "0", REQUEST, lambda *_, **__: None)
    html = next(value for item in items for value in item.values() if 'data-seed="0"' in str(value))
    items.close()
    assert counting.asked == [NAME, "unet-camvid"]
    assert 'data-seed="1"' not in html


@pytest.mark.parametrize(
    ("painted", "count", "seed", "key"),
    [
        ("nonsense", 1, "0", "not_drawn_here"),
        (sent(np.full((192, 256), 12, np.uint8)), 1, "0", "not_drawn_here"),
        (sent(np.full((192, 256), 255, np.uint8)), 1, "0", "not_drawn_here"),
        (sent(np.zeros((256, 192), np.uint8)), 1, "0", "not_drawn_here"),
        (sent(np.full((192, 256), UNLABELLED, np.uint8)), 1, "0", "nothing_painted"),
        (sent(drawn()), 0, "0", "count_out_of_range"),
        (sent(drawn()), 10**9, "0", "count_out_of_range"),
        (sent(drawn()), float("nan"), "0", "count_out_of_range"),
        (sent(drawn()), None, "0", "count_out_of_range"),
        (sent(drawn()), 1, "-1", "seed_out_of_range"),
        (sent(drawn()), 1, str(2**70), "seed_out_of_range"),
        (sent(drawn()), 2, str(2**63 - 1), "seed_out_of_range"),
    ],
)
def test_what_no_page_sends_is_refused(
    work: Callable[[str], Any], painted: object, count: Any, seed: str, key: str
) -> None:
    with pytest.raises(InputError) as caught:
        next(work("make")(NAME, painted, count, seed, REQUEST))
    assert caught.value.key == key
    assert caught.value.sentence("zh")


def test_a_card_that_makes_no_photographs_is_refused(work: Callable[[str], Any]) -> None:
    other = next(card for card in registry.cards("translate") if not card.options.paints)
    for name, error in ((other.name, InputError), ("unet-camvid", CardError), ("../x", CardError)):
        with pytest.raises(error):
            work("draw")(name, REQUEST)
        with pytest.raises(error):
            next(work("trace")(None, name, REQUEST))
        with pytest.raises(error):
            next(work("take")(None, name, REQUEST))


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((20, 3000, 3), np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((50, 40, 4), np.uint8),
        scenes.street(9, 200, 300)[0],
    ],
)
def test_a_photo_of_any_size_becomes_a_map(
    work: Callable[[str], Any], engine: Engine, tmp_path: Path, picture: np.ndarray
) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(images.encode(picture))
    *_, shown = work("trace")(path, NAME, REQUEST)
    value, sentence = shown.values()
    found = engine.run("unet-camvid", SegmentRequest(images.read(path))).value.labels
    assert np.array_equal(board(value), resize_labels(found, 192, 256))
    assert "U-Net" in sentence


def test_a_map_is_opened_and_strangers_are_counted(work: Callable[[str], Any], tmp_path: Path) -> None:
    path = tmp_path / "map.png"
    path.write_bytes(images.encode(np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)))
    *_, shown = work("take")(path, NAME, REQUEST)
    value, sentence = shown.values()
    assert board(value).shape == (192, 256)
    assert "1,200" in sentence
    path.write_bytes(images.encode(resize_labels(drawn(), 360, 480)))
    *_, shown = work("take")(path, NAME, REQUEST)
    value, sentence = shown.values()
    assert np.array_equal(board(value), drawn())
    assert sentence == ""
    path.write_text("no picture")
    with pytest.raises(InputError):
        list(work("take")(path, NAME, REQUEST))
    for name in ("take", "trace"):
        *_, told = work(name)(None, NAME, REQUEST)
        assert words("en", "street.empty") in told.values()


def test_another_scene_is_another_map(work: Callable[[str], Any]) -> None:
    first, second = (board(next(iter(work("draw")(NAME, REQUEST).values()))) for _ in range(2))
    assert not np.array_equal(first, second)


def test_the_panel_shows_for_cards_that_paint_alone(engine: Engine) -> None:
    with gr.Blocks():
        part = street.street_panel(engine, picture_input(), gr.Dropdown([NAME]), gr.Button())
    for card in registry.cards("translate"):
        value, *_ = part.of_card(card, "zh").values()
        assert part.is_of(card) == bool(card.options.paints) == bool(value)
        if value:
            assert value["classes"][value["pen"]]["name"] == "汽车"
            assert np.array_equal(board(value), drawn(street.FIRST_SCENE))
