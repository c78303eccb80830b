"""The view "Teach it": what it makes of strokes, what it gives to take home, and what it refuses."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
from gradio.utils import get_upload_folder

from segen.data import classifiers
from segen.engine import Engine
from segen.errors import InputError
from segen.imaging import images
from segen.text import LANGUAGES, words
from segen.types import MAX_TAUGHT, UNDRAWN
from segen.ui.framework.data_uri import data_uri, sent
from segen.ui.framework.link import Link
from segen.ui.tabs.segment import strokes, taught, teach
from segen.ui.tabs.segment.shared import share
from segen.ui.widgets import paint
from segen.ui.widgets.examples import examples_of
from tests.sentences import exactly

REQUEST: Any = SimpleNamespace(query_params={}, headers={}, session_hash="visit")
POISON = "<img src=x onerror=alert(1)>"


def quietly(*_: Any, **__: Any) -> None:
    """Stands in for gr.Progress."""


@pytest.fixture(scope="module")
def view(every_weights_folder: Path) -> Iterator[teach.TeachView]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
        with gr.Blocks():
            yield teach.TeachView(Engine("cpu"), share())


@pytest.fixture
def coins() -> Path:
    return Path(next(each for each in examples_of(teach.NAME) if each.name == "coins").file())


def values(view: teach.TeachView, *given: Any, work: str = "teach") -> dict[Any, Any]:
    """What the view shows in the end."""
    shown: dict[Any, Any] = {}
    for item in getattr(view, work)(*given, REQUEST, quietly):
        shown |= {each: value for each, value in item.items() if each != "__type__"}
    return shown


def board(view: teach.TeachView, file: Path) -> dict[str, Any]:
    """The board as it first shows a picture."""
    first = next(iter(view.teach(file, None, REQUEST, quietly)))
    return dict(first[view.board])


@pytest.mark.parametrize(
    "name", [each.name for each in examples_of(teach.NAME) if each.name in strokes.EXAMPLES]
)
def test_an_example_brings_strokes_of_each_class(name: str) -> None:
    image = next(each for each in examples_of(teach.NAME) if each.name == name).draw()
    drawn = strokes.drawn(name, *image.shape[:2], teach.BRUSH)
    assert drawn is not None
    assert set(np.unique(drawn).tolist()) == {UNDRAWN, *range(len(strokes.classes(name)))}
    assert (drawn != UNDRAWN).mean() < 0.1
    for language in LANGUAGES:
        assert all(words(language, f"teach.{key}") for key in strokes.classes(name))


@pytest.mark.slow
def test_a_first_result_needs_no_stroke_and_a_stroke_mends_it(view: teach.TeachView, coins: Path) -> None:
    shown = values(view, coins, None)
    answer = shown[view.board]["answer"]
    found = sent(answer["ids"])[..., 0]
    assert found.shape == (answer["height"], answer["width"]) == images.read(coins).shape[:2]
    assert set(np.unique(found).tolist()) == {0, 1}
    assert all(0 <= part <= 1 for part in answer["mark"])
    assert words("en", "teach.uncertain") in shown[view.told]
    drawing = board(view, coins)
    ids = sent(drawing["ids"])[..., 0].copy()
    ids[:40, :40] = 7
    drawing["classes"].append({"id": 7, "name": POISON, "color": [9, 9, 9]})
    drawing["ids"] = data_uri(images.encode(ids), "image/png")
    shown = values(view, coins, drawing)
    assert not any(shown[each].visible for each in (view.row, view.gallery, view.zip))
    assert (sent(shown[view.board]["answer"]["ids"])[:40, :40, 0] == 7).mean() > 0.8
    assert "<img" not in shown[view.told]


@pytest.mark.slow
def test_what_is_taken_home(view: teach.TeachView, coins: Path) -> None:
    shown = values(view, coins, board(view, coins), work="take")
    kept = classifiers.read(Path(shown[view.classifier]))
    assert [each.name for each in kept.classes] == ["background", "coin"]
    names = [
        Path(button.value["path"] if isinstance(button.value, dict) else button.value).name
        for button in (shown[each] for each in view.downloads)
        if button.visible
    ]
    assert names == ["coins.labels.png", "coins.overlay.png", "coins.regions.json", "coins.regions.txt"]
    with zipfile.ZipFile(shown[view.cutouts]) as archive:
        assert set(archive.namelist()) == {
            f"coins.{kind}-{id}.png" for kind in ("cutout", "mask") for id in (0, 1)
        }


@pytest.mark.slow
def test_further_pictures_are_classified_by_the_same_strokes(view: teach.TeachView, coins: Path) -> None:
    folder = Path(get_upload_folder()) / "further"
    folder.mkdir(parents=True, exist_ok=True)
    others = []
    for number in range(2):
        path = folder / f"same.{number}.png"
        path.write_bytes(images.encode(images.read(coins)[: 200 + number]))
        others.append(str(path))
    shown = values(view, coins, board(view, coins), others, work="apply")
    assert len(shown[view.gallery].value) == 2
    with zipfile.ZipFile(shown[view.zip].value["path"]) as archive:
        names = archive.namelist()
        assert {"01-same.0.labels.png", "02-same.1.regions.json", "02-same.1.cutout-1.png"} <= set(names)
        assert json.loads(archive.read("02-same.1.regions.json"))["height"] == 201
    first = next(item for item in view.apply(coins, board(view, coins), others, REQUEST, quietly))
    assert not first[view.gallery].visible, "another classifier's are on their way"
    assert not first[view.zip].visible


def test_other_strokes_take_away_further_pictures_of_the_ones_before(
    view: teach.TeachView, coins: Path
) -> None:
    for given in ((None, None), (coins, None)):
        first = next(iter(view.teach(*given, REQUEST, quietly)))
        assert not any(first[each].visible for each in (view.row, view.gallery, view.zip))


def test_further_pictures_that_cannot_be_used(view: teach.TeachView, coins: Path, tmp_path: Path) -> None:
    for others in (None, []):
        with pytest.raises(InputError, match=exactly("further_pictures", most=teach.MAX_FURTHER)):
            values(view, coins, None, others, work="apply")
    with pytest.raises(InputError, match=exactly("no_picture")):
        values(view, coins, None, [str(tmp_path / "secret.png")], work="apply")


def test_a_damaged_further_picture_is_named_and_the_others_come(view: teach.TeachView, coins: Path) -> None:
    folder = Path(get_upload_folder()) / "damaged"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("bad.png", b"no picture"), ("good.png", coins.read_bytes())):
        (folder / name).write_bytes(content)
    others = [str(folder / name) for name in ("bad.png", "good.png")]
    shown: list[Any] = []
    with pytest.raises(InputError) as fault:
        shown.extend(view.apply(coins, board(view, coins), others, REQUEST, quietly))
    assert fault.value.key == "further_unusable"
    assert "bad.png" in str(fault.value)
    with zipfile.ZipFile(shown[-1][view.zip].value["path"]) as archive:
        assert "02-good.labels.png" in archive.namelist()


def test_a_picture_of_ones_own_waits_for_strokes(view: teach.TeachView, tmp_path: Path) -> None:
    path = tmp_path / "own.png"
    path.write_bytes(images.encode(np.zeros((20, 900, 3), np.uint8)))
    shown = values(view, path, None)
    assert (shown[view.board]["height"], shown[view.board]["width"]) == (14, 640)
    assert [each["name"] for each in shown[view.board]["classes"]] == ["background", "object"]
    assert words("en", "teach.empty") in shown[view.told]
    with pytest.raises(InputError, match=exactly("scribbles_of_one")):
        values(view, path, shown[view.board], work="take")
    assert view.board not in values(view, None, None)


FORGED: dict[str, tuple[Callable[[dict[str, Any]], Any], str, dict[str, Any]]] = {
    "an id of no class": (lambda value: value["classes"].pop(), "not_drawn_here", {}),
    "an id twice": (lambda value: value["classes"][1].update(id=0), "not_drawn_here", {}),
    "an id that is a text": (lambda value: value["classes"][1].update(id="1"), "not_drawn_here", {}),
    "the id of nothing": (lambda value: value["classes"][1].update(id=UNDRAWN), "not_drawn_here", {}),
    "no name": (lambda value: value["classes"][1].update(name=""), "taught_class", {"most": 40}),
    "a name too long": (
        lambda value: value["classes"][1].update(name="x" * 41),
        "taught_class",
        {"most": 40},
    ),
    "no list": (lambda value: value.update(classes="x"), "not_drawn_here", {}),
    "300 classes": (
        lambda value: value.update(classes=[{"id": 0, "name": "x", "color": [0, 0, 0]}] * 300),
        "too_many_taught",
        {"count": 300, "most": MAX_TAUGHT},
    ),
    "another size": (
        lambda value: value.update(ids=data_uri(images.encode(np.zeros((5, 5), np.uint8)), "image/png")),
        "not_drawn_here",
        {},
    ),
    "no picture": (lambda value: value.update(ids="data:image/png;base64,AAAA"), "not_a_picture", None),
}


@pytest.mark.parametrize("forged", FORGED)
def test_what_the_page_did_not_draw_is_refused(view: teach.TeachView, coins: Path, forged: str) -> None:
    change, key, found = FORGED[forged]
    drawing = board(view, coins)
    change(drawing)
    with pytest.raises(InputError) as fault:
        values(view, coins, drawing)
    assert fault.value.key == key
    if found is not None:
        assert fault.value.values == found


def test_strokes_of_one_class_ask_for_a_second(view: teach.TeachView, coins: Path) -> None:
    drawing = board(view, coins)
    ids = sent(drawing["ids"])[..., 0]
    drawing["ids"] = data_uri(images.encode(np.where(ids == 1, UNDRAWN, ids).astype(np.uint8)), "image/png")
    shown = values(view, coins, drawing)
    assert words("en", "teach.empty") in shown[view.told]
    assert shown[view.board] == {"picture": drawing["picture"], "answer": None}, "one before is gone"


def test_how_good_it_is_is_told(view: teach.TeachView) -> None:
    for language in LANGUAGES:
        table = taught.scores(language)
        assert words(language, "teach.threshold") in table
        assert taught.curve(language).value is not None
        filled, dataset = view.fill(Link({}), language)
        assert dataset == teach.NAME
        assert words(language, "teach.empty") in filled[view.told]


def test_an_answer_leaves_strokes_alone() -> None:
    value = paint.answer({"picture": "a/b.png"}, np.zeros((4, 6), np.uint8), (0.5, 0.25))
    assert set(value) == {"picture", "answer"}
    assert (value["answer"]["width"], value["answer"]["height"]) == (6, 4)
    assert sent(value["answer"]["ids"]).shape[:2] == (4, 6)
