"""Chains over an engine whose answers are known: what is handed on, masks, agreement, files, stopping."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from segen.errors import InputError, WeightsError
from segen.evaluation.pipelines import files
from segen.evaluation.pipelines.agreement import agreement
from segen.evaluation.pipelines.recipe import KEYWORD, Recipe, parse
from segen.evaluation.pipelines.runner import Advance, Outcome, stream
from segen.imaging.png_text import text_in
from segen.registry import card, dataset_classes
from segen.types import (
    GenerateRequest,
    Generation,
    Instance,
    Run,
    Segmentation,
    SegmentRequest,
    Step,
    Translation,
)

HEIGHT, WIDTH = 6, 8
PHOTO = np.arange(HEIGHT * WIDTH * 3, dtype=np.uint8).reshape(HEIGHT, WIDTH, 3)


@dataclass
class Known:
    """Segments the left half as class 1, translates to the negative, draws a picture of one grey."""

    instances: tuple[Instance, ...] | None = None
    asked: list[Any] = field(default_factory=list)
    closed: int = 0

    def stream(self, name: str, request: Any) -> Iterator[Any]:
        self.asked.append(request)
        try:
            yield Step(1, 2)
            yield Run(self._value(request), name, "cpu", 0.0, 0.0)
        finally:
            self.closed += 1

    def _value(self, request: Any) -> Any:
        if isinstance(request, GenerateRequest):
            return Generation(np.full((1, HEIGHT, WIDTH, 3), 77, np.uint8), None, tuple(request.seeds))
        if isinstance(request, SegmentRequest):
            labels = np.zeros(request.image.shape[:2], np.uint8)
            labels[:, : WIDTH // 2] = 1
            return Segmentation(labels, np.ones((2, 1, 1), np.float32), self.instances)
        return Translation(255 - request.image)


def _recipe(*steps: dict[str, Any]) -> Recipe:
    return parse({"version": 1, "steps": list(steps)})


def _ran(recipe: Recipe, engine: Known, image: Any = PHOTO) -> list[Outcome]:
    return [item for item in stream(engine, recipe, image) if isinstance(item, Outcome)]


SEGMENT = {"task": "segment", "model": "unet-nuclei"}
TRANSLATE = {"task": "translate", "model": "cyclegan-nuclei", "options": {"direction": "backward"}}
WINTER = {"task": "translate", "model": "cyclegan-yosemite"}


def test_a_step_works_on_what_its_input_made() -> None:
    engine = Known()
    first, second, third = _ran(
        _recipe(WINTER, {**WINTER, "input": 0}, {"task": "generate", "model": "dcgan-yosemite"}), engine
    )
    assert np.array_equal(first.picture, 255 - PHOTO)
    assert np.array_equal(second.picture, PHOTO)
    assert third.given is None
    assert engine.asked[2].seeds == [0]


def test_labels_are_handed_on_in_their_colors_and_as_white_to_what_reads_masks() -> None:
    engine = Known()
    _ran(_recipe(SEGMENT, {**WINTER, "input": 0}, {**TRANSLATE, "input": 0}), engine)
    colors = [known.color for known in card("unet-nuclei").classes]
    assert tuple(engine.asked[1].image[0, 0]) == colors[1]
    assert tuple(engine.asked[1].image[0, -1]) == colors[0]
    assert engine.asked[2].image[0, :, 0].tolist() == [255] * 4 + [0] * 4


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ({}, [True] * 4 + [False] * 4),
        ({"class": 0}, [False] * 4 + [True] * 4),
        ({"side": "outside"}, [False] * 4 + [True] * 4),
        ({"instance": 2}, [False, True, True] + [False] * 5),
    ],
)
def test_a_mask_limits_where_a_translation_changes_the_picture(
    options: dict[str, Any], changed: list[bool]
) -> None:
    two = (
        Instance(1, 0.9, (0, 0, 1, 1), np.ones((1, 1), bool)),
        Instance(1, 0.8, (1, 0, 2, HEIGHT), np.ones((HEIGHT, 2), bool)),
    )
    masked = {**WINTER, "mask": 0, "options": {"border": 0, **options}}
    _, outcome = _ran(_recipe(SEGMENT, masked), Known(two))
    expected = np.where(np.array(changed)[None, :, None], 255 - PHOTO, PHOTO)
    assert np.array_equal(outcome.picture, expected)


def test_an_instance_that_was_not_found_is_told_with_its_step() -> None:
    masked = {**WINTER, "mask": 0, "options": {"instance": 3}}
    with pytest.raises(InputError, match=r"^steps\[1\]: Instance 3 .* 0 were found"):
        _ran(_recipe(SEGMENT, masked), Known(()))


def test_without_the_image_that_it_takes_a_chain_does_not_begin() -> None:
    engine = Known()
    with pytest.raises(InputError) as caught:
        _ran(_recipe(SEGMENT), engine, None)
    assert caught.value.key == "no_picture"
    assert not engine.asked


def test_closing_a_chain_stops_the_engine() -> None:
    engine = Known()
    items = stream(engine, _recipe(SEGMENT, SEGMENT), PHOTO)
    assert next(items) == Advance(0, Step(1, 2))
    items.close()
    assert engine.closed == 1 == len(engine.asked)


def test_a_fault_of_the_engine_names_the_step() -> None:
    class Broken(Known):
        def _value(self, request: Any) -> Any:
            raise WeightsError("weights_missing", model="unet-nuclei")

    with pytest.raises(InputError, match=r"^steps\[0\]: The weights of unet-nuclei"):
        _ran(_recipe(SEGMENT), Broken())


def test_the_agreement_is_of_the_map_that_was_asked_and_counts_nuclei() -> None:
    asked = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    asked[:, 0] = asked[:, 2:4] = 255
    recipe = _recipe(TRANSLATE, {**SEGMENT, "input": 0}, SEGMENT)
    outcomes = _ran(recipe, Known(), asked)
    found = agreement(recipe, outcomes, 1)
    assert found is not None
    assert (found.asked, found.found) == (2, 1)
    assert found.pixel_accuracy == pytest.approx(7 / 8)
    assert found.mean_iou == pytest.approx((4 / 5 + 3 / 4) / 2)
    assert agreement(recipe, outcomes, 0) is None
    assert agreement(recipe, outcomes, 2) is None, "it works on the picture that was given"
    sure = Instance(1, 0.9, (0, 0, 1, 1), np.ones((1, 1), bool))
    unsure = Instance(1, 0.2, (0, 0, 1, 1), np.ones((1, 1), bool))
    counted = agreement(recipe, _ran(recipe, Known((sure, unsure)), asked), 1)
    assert counted is not None
    assert counted.found == 1


def test_unlabelled_pixels_of_a_street_count_in_nothing() -> None:
    known = {each.id: each.color for each in dataset_classes("camvid")}
    asked = np.full((HEIGHT, WIDTH, 3), known[1], np.uint8)
    asked[:, WIDTH // 2 :] = known[11]
    photo = {"task": "translate", "model": "pix2pix-camvid-photo"}
    recipe = _recipe(photo, {"task": "segment", "model": "unet-camvid", "input": 0})
    found = agreement(recipe, _ran(recipe, Known(), asked), 1)
    assert found is not None
    assert found.pixel_accuracy == 1
    assert found.asked is None


def test_a_street_that_was_drawn_is_seen_once_and_a_photograph_as_the_card_sees_it() -> None:
    engine = Known()
    _ran(
        _recipe(
            {"task": "segment", "model": "unet-camvid"},
            {"task": "translate", "model": "pix2pix-camvid-photo", "input": 0},
            {"task": "segment", "model": "unet-camvid", "input": 1},
            WINTER,
            {"task": "segment", "model": "unet-camvid", "input": 3},
        ),
        engine,
    )
    seen = [each.once for each in engine.asked if isinstance(each, SegmentRequest)]
    assert seen == [False, True, False]


def test_every_png_holds_the_recipe_and_the_report_names_the_files() -> None:
    recipe = _recipe(TRANSLATE, {**SEGMENT, "input": 0})
    outcomes = _ran(recipe, Known(()))
    names = []
    for outcome in outcomes:
        found = files.contents(recipe, outcome)
        names.append(list(found))
        for name, content in found.items():
            assert not name.endswith(".png") or text_in(content, KEYWORD) == recipe.text()
    assert names[0] == [".0.png"]
    assert set(names[0] + names[1]) <= set(files.endings(recipe))
    assert {".1.png", ".1.labels.png", ".1.instances.png", ".1.regions.json"} <= set(names[1])
    told = json.loads(json.dumps(files.report(recipe, outcomes, names)))
    assert told["recipe"] == recipe.plain()
    assert told["steps"][1]["files"] == names[1]
    assert told["steps"][1]["agreement"]["found"] == 0
    assert told["steps"][1]["regions"]["width"] == WIDTH
