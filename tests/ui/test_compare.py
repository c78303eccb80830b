"""One picture through several networks, and through one network as it is degraded."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest

from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.errors import InputError, WeightsError
from segen.evaluation.voting import agreement, vote
from segen.imaging import images
from segen.imaging.corruptions import CORRUPTIONS, SEVERITIES
from segen.registry import ModelCard, card, cards
from segen.text import LANGUAGES, split_name, words
from segen.types import Run, Segmentation, SegmentRequest, Step
from segen.ui.framework import figures
from segen.ui.framework.link import Link
from segen.ui.tabs.models.overview import overview
from segen.ui.tabs.segment import compare, degraded, robustness
from segen.ui.tabs.segment.shared import share

STREETS = card("unet-camvid")


def maps(*rows: list[int]) -> list[np.ndarray]:
    return [np.array([row], dtype=np.uint8) for row in rows]


def test_the_majority_wins_and_the_first_of_equals() -> None:
    found = vote(maps([1, 1, 1, 9], [1, 2, 2, 3], [1, 2, 3, 3]))
    assert found.labels.tolist() == [[1, 2, 1, 3]]
    np.testing.assert_allclose(found.dissent, [[0, 1 / 3, 2 / 3, 1 / 3]], rtol=1e-6)
    assert found.unanimous() == 0.25


def test_a_single_map_agrees_with_itself() -> None:
    (only,) = maps([4, 5])
    found = vote([only])
    assert np.array_equal(found.labels, only)
    assert found.unanimous() == 1
    assert agreement(only, np.array([[4, 6]], np.uint8)) == 0.5


def with_reports(patch: pytest.MonkeyPatch, **values: dict[str, Any]) -> None:
    """Give cards these metrics on val of their own data, by name with _ for -, and all others none."""
    named = {name.replace("_", "-"): metrics for name, metrics in values.items()}

    def metrics(each: ModelCard) -> dict[str, Any]:
        known = named.get(each.name)
        return {each.dataset: {"val": {"split": "val", "items": 101, "metrics": known}}} if known else {}

    patch.setattr(ModelCard, "metrics", metrics)


def test_the_main_figure_is_the_one_that_the_field_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    binary = {"mean_iou": 0.9, "iou": {"background": 0.96, "nucleus": 0.84}}
    with_reports(
        monkeypatch,
        unet_camvid={"mean_iou": 0.7, "iou": {"sky": 0.9}},
        unet_nuclei=binary,
        vgg16_nuclei=binary | {"mask_ap_50": 0.75, "matched_ap": {"0.5": 0.6}},
    )
    expected = {
        "unet-camvid": "mean IoU 0.700 on val (101 pictures)",
        "unet-nuclei": "IoU of nucleus 0.840 on val (101 pictures)",
        "vgg16-nuclei": (
            "AP at IoU 0.5 0.750 by COCO's definition, 0.600 by StarDist's, on val (101 pictures)"
        ),
    }
    assert {name: card(name).reached().phrase("en") for name in expected} == expected
    assert card("fcn-camvid").reached() is None


def test_the_best_measured_stands_first_and_the_unmeasured_last(monkeypatch: pytest.MonkeyPatch) -> None:
    with_reports(monkeypatch, fcn_camvid={"mean_iou": 0.6}, unet_camvid={"mean_iou": 0.5})
    names = [each.name for each in compare.compared("camvid")]
    assert names[:2] == ["fcn-camvid", "unet-camvid"]
    assert sorted(names) == sorted(each.name for each in cards("segment") if each.dataset == "camvid")
    assert compare.compared_datasets() == ["animals", "camvid", "nuclei"]


class Painter:
    """Stands in for the engine: each network paints the picture's brightness in its own classes."""

    def __init__(self, *missing: str) -> None:
        self.missing = missing
        self.asked: list[str] = []
        self.order = [each.name for each in cards("segment")]

    def loaded(self) -> list[str]:
        return self.order

    def stream(self, name: str, request: SegmentRequest) -> Iterator[Step | Run[Segmentation]]:
        self.asked.append(name)
        if name in self.missing:
            raise WeightsError("weights_missing", model=name)
        yield Step(1, 1)
        labels = (request.image[..., 0] > 127).astype(np.uint8)
        labels[:, : self.order.index(name)] = 0
        yield Run(Segmentation(labels, np.zeros((2, 1, 1), np.float32)), name, "cpu", 0.125, 0.0)


def event(build: Any, engine: Any) -> tuple[gr.Blocks, Any]:
    """The work of a view, and the page that it is on."""
    with gr.Blocks() as page:
        build(engine, share())
    (work,) = (each for each in page.fns.values() if each.concurrency_id == "device")
    return page, work.fn.__wrapped__  # not held back until its turn comes


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(images.encode(scenes.street(3, 96, 64)[0]))
    return path


class Visit(gr.Request):
    """A visitor who asks for English."""

    query_params: Any = {"lang": "en"}  # noqa: RUF012
    headers: Any = {}  # noqa: RUF012

    def __init__(self) -> None:
        pass


def shown(page: gr.Blocks, updates: list[Any], elem_id: str) -> list[Any]:
    """What a component was given, update by update."""
    (component,) = (each for each in page.blocks.values() if getattr(each, "elem_id", None) == elem_id)
    values = [update[component] for update in updates if isinstance(update, dict) and component in update]
    return [value.value if isinstance(value, gr.HTML) else value for value in values]


def test_answers_come_one_by_one_and_a_fault_stays_in_its_cell(photo: Path) -> None:
    names = [each.name for each in compare.compared("camvid")]
    missing = names[2]
    engine = Painter(missing)
    page, work = event(compare.build, engine)
    updates = list(work(photo, "camvid", Visit(), lambda *_, **__: None))
    assert engine.asked == names
    grids = shown(page, updates, "compare-grid")
    assert [grid.count('data-fact="seconds"') for grid in grids] == [0, 1, 2, 2, *range(3, len(names))]
    sentence = words("en", "errors.weights_missing", model=missing)
    assert grids[-1].index(f'data-cell="{missing}"') < grids[-1].index(escape(sentence))
    assert "125 ms" in grids[-1]
    (path,) = shown(page, updates, "compare-table")
    rows = list(csv.DictReader(io.StringIO(Path(path).read_text(encoding="utf-8"))))
    assert [row["model"] for row in rows] == names
    assert [row["fault"] for row in rows if row["fault"]] == [sentence]
    assert {row["milliseconds"] for row in rows} == {"125.0", ""}
    assert {row["model"]: row["views"] for row in rows if row["views"] != "1"} == {"unet-camvid": "4"}
    (path,) = shown(page, updates, "compare-sheet")
    assert min(images.read(Path(path)).shape[:2]) > 150


def test_stop_ends_within_one_network(photo: Path) -> None:
    engine = Painter()
    _, work = event(compare.build, engine)
    steps = work(photo, "camvid", Visit(), lambda *_, **__: None)
    while len(engine.asked) < 2:
        next(steps)
    steps.close()
    assert len(engine.asked) == 2


def test_with_no_weights_at_all_each_cell_says_so(photo: Path) -> None:
    names = [each.name for each in compare.compared("nuclei")]
    page, work = event(compare.build, Painter(*names))
    updates = list(work(photo, "nuclei", Visit(), lambda *_, **__: None))
    assert shown(page, updates, "compare-grid")[-1].count('class="fault"') == len(names)
    assert not shown(page, updates, "compare-sheet")


def test_a_picture_of_one_pixel_is_compared(tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    path.write_bytes(images.encode(np.zeros((1, 1, 3), np.uint8)))
    page, work = event(compare.build, Painter())
    updates = list(work(path, "camvid", Visit(), lambda *_, **__: None))
    assert "100.0%" in shown(page, updates, "compare-grid")[-1]


def test_likeness_is_the_mean_over_the_classes_in_either_map() -> None:
    clean = np.array([[0, 0, 1, 1]], np.uint8)
    worse = np.array([[0, 0, 1, 3]], np.uint8)
    iou, same = degraded.likeness(STREETS, worse, clean)
    assert iou == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert same == pytest.approx(3 / 4)
    assert degraded.likeness(STREETS, clean, clean) == (1, 1)
    assert degraded.likeness(card("unet-nuclei"), clean, clean) == (1, 1)


def test_a_picture_is_spoilt_at_every_severity(photo: Path) -> None:
    engine = Painter("fcn-camvid")
    page, work = event(robustness.build, engine)
    models = ["unet-camvid", "fcn-camvid", "fpn-camvid"]
    updates = list(work(photo, ["rain", "night"], models, Visit(), lambda *_, **__: None))
    assert engine.asked == [*models, *["unet-camvid", "fpn-camvid"] * 10]
    strips = shown(page, updates, "robustness-night")
    assert [strip.count("data-severity") for strip in strips] == [0, 2, 3, 4, 5, 6]
    assert strips[-1].count("<img") == 6 * 3
    assert "IoU 1.00, 100% same label" in strips[-1]
    told = shown(page, updates, "robustness-told")[-1]
    assert escape(words("en", "errors.weights_missing", model="fcn-camvid")) in told
    filled = [update for update in updates if isinstance(update, dict)]
    plots = [value for update in filled for value in update.values() if isinstance(value, gr.LinePlot)]
    last = [plot for plot in plots if plot.value][-1].value["data"]
    assert len(last) == 2 * (1 + len(SEVERITIES)), "a line for each network, from the clean picture on"


def test_one_network_has_a_line_for_each_corruption() -> None:
    points = [
        degraded.Point(kind, severity, STREETS, 0.5, 0.5)
        for kind in CORRUPTIONS
        for severity in (0, *SEVERITIES)
    ]
    for language in LANGUAGES:
        plot = degraded.plot(points, language)
        assert set(plot.color_map) == {words(language, f"corruptions.{kind}") for kind in CORRUPTIONS}
        assert plot.title == STREETS.title[language]


@pytest.mark.parametrize(("kinds", "models"), [([], ["unet-camvid"]), (["fog"], [])])
def test_nothing_chosen_is_a_sentence(photo: Path, kinds: list[str], models: list[str]) -> None:
    _, work = event(robustness.build, Painter())
    with pytest.raises(InputError, match="Nothing is selected"):
        list(work(photo, kinds, models, Visit(), lambda *_, **__: None))


def test_a_link_gives_several_of_what_is_allowed() -> None:
    link = Link({"kinds": "rain,fog", "models": "a,../etc", "none": ""})
    assert link.several("kinds", ["fog", "rain", "noise"], ["noise"]) == ["fog", "rain"]
    assert link.several("models", ["a", "b"], ["b"]) == ["b"]
    assert link.several("none", ["a"], ["a"]) == ["a"]
    assert link.several("other", ["a", "b"], ["a"]) == ["a"]
    assert link.nonsense == ["models", "none"]


def test_a_sheet_holds_every_picture() -> None:
    pictures = [(f"model-{value}", np.full((60, 400, 3), value, np.uint8)) for value in (10, 90, 170, 250)]
    whole = figures.sheet(pictures, columns=3)
    for value in (10, 90, 170, 250):
        assert (whole == value).all(axis=2).sum() >= 60 * 400
    assert (whole < 128).all(axis=2).sum() > 60 * 400, "captions are drawn"


def test_calibration_is_drawn_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    bins = [
        {"confidence": 0.5, "accuracy": 0.25, "share": 0.1},
        {"confidence": 0.95, "accuracy": 0.9, "share": 0.9},
    ]
    report = {"split": "val", "items": 101, "metrics": {"mean_iou": 0.5, "ece": 0.0625}, "reliability": bins}
    monkeypatch.setattr(
        ModelCard, "metrics", lambda each: {"camvid": {"val": report}} if each == STREETS else {}
    )
    for language in LANGUAGES:
        rows = overview("", language)
        assert rows.count('class="calibration"') == 1
        assert words(language, "models.ece", value="0.062", split=split_name(language, "val")) in rows
        assert words(language, "models.bin", confidence="95.0%", accuracy="90.0%", share="90.0%") in rows
        assert 'cx="119.0" cy="14.0"' in rows, "on the axes from (24, 104) to (124, 4)"
    monkeypatch.setattr(ModelCard, "metrics", lambda _: {})
    assert 'class="calibration"' not in overview("", "en")


@pytest.mark.slow
def test_networks_vote_through_the_engine(weights: Path, photo: Path) -> None:
    names = [each.name for each in compare.compared("nuclei")]
    page, work = event(compare.build, Engine("cpu"))
    updates = list(work(photo, "nuclei", Visit(), lambda *_, **__: None))
    assert shown(page, updates, "compare-grid")[-1].count('data-fact="seconds"') == len(names)
