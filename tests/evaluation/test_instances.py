"""Instances: how they are measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.errors import DataError
from segen.evaluation.instances import InstanceMetrics
from segen.evaluation.runner import evaluate
from segen.imaging import images
from segen.types import Instance, Run, Segmentation, SegmentRequest
from tests.known_instances import CARD, cut, write_pair
from tests.sentences import exactly

pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning:pycocotools.mask")


def test_average_precision_is_that_of_coco() -> None:
    _, numbers = scenes.numbered_nuclei(4)
    right = cut(numbers)
    perfect = InstanceMetrics()
    perfect.update(right, numbers)
    assert perfect.compute() == pytest.approx({"mask_ap_50": 1, "mask_ap": 1})

    # One of four is found, sure of itself, and a false one is surer: precision 1/2 up to recall 1/4.
    four = np.zeros((40, 40), np.int32)
    for number in range(4):
        four[10 * number : 10 * number + 8, :8] = number + 1
    false = Instance(1, 0.99, (20, 20, 5, 5), np.ones((5, 5), np.bool_))
    part = InstanceMetrics()
    part.update((false, cut(four)[0]), four)
    assert part.compute()["mask_ap_50"] == pytest.approx(0.5 * 26 / 101)

    # 6 of 8 columns are an IoU of 0.75: right up to there, and wrong beyond.
    narrow = replace(cut(four)[0], box=(0, 0, 6, 8), mask=np.ones((8, 6), np.bool_))
    one = InstanceMetrics()
    one.update((narrow,), np.where(four == 1, 1, 0))
    assert one.compute() == pytest.approx({"mask_ap_50": 1, "mask_ap": 0.6})


def test_more_than_a_hundred_instances_count_and_pictures_without_any() -> None:
    numbers = np.zeros((60, 60), np.int32)
    numbers[::5, ::5] = np.arange(1, 145).reshape(12, 12)
    numbers = np.maximum(numbers, np.roll(numbers, 1, axis=0))
    measure = InstanceMetrics()
    measure.update(cut(numbers), numbers)
    measure.update((), np.zeros((9, 9), np.int32))
    assert measure.compute()["mask_ap_50"] == pytest.approx(1)


def test_nothing_found_where_nothing_is() -> None:
    measure = InstanceMetrics()
    measure.update((), np.zeros((9, 9), np.int32))
    assert measure.compute() == {"mask_ap_50": -1, "mask_ap": -1}


def test_evaluate_refuses_masks_without_instances(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = np.zeros((9, 9), np.uint16)
    write_pair(tmp_path / CARD.dataset, images.encode(empty), np.zeros((9, 9, 3), np.uint8))
    found = Segmentation(empty.astype(np.uint8), np.ones((2, 9, 9), np.float32), ())
    monkeypatch.setattr(Engine, "run", lambda *given: Run(found, CARD.name, "cpu", 0.0, 0.0))
    with pytest.raises(DataError, match=exactly("split_without_instances", split="val")):
        evaluate(Engine("cpu"), CARD, tmp_path, "val")


def test_evaluate_measures_instances(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image, numbers = scenes.numbered_nuclei(1)
    write_pair(tmp_path / CARD.dataset, images.encode(numbers.astype(np.uint16)), image)

    def run(engine: Engine, name: str, request: SegmentRequest) -> Run:
        half = cut(np.where(numbers > numbers.max() // 2, numbers, 0))
        labels = (numbers > 0).astype(np.uint8)
        probabilities = np.stack([1 - labels, labels]).astype(np.float32)
        return Run(Segmentation(labels, probabilities, half), name, "cpu", 0.0, 0.0)

    monkeypatch.setattr(Engine, "run", run)
    report = evaluate(Engine("cpu"), CARD, tmp_path, "val")
    true = np.unique(numbers[numbers > 0])
    share = (true > numbers.max() // 2).mean()
    assert report["metrics"]["mask_ap_50"] == pytest.approx(share, abs=0.011)
    assert 0 < share < 1
    matched = report["metrics"]["matched_ap"]
    assert matched == pytest.approx(dict.fromkeys(matched, share))
    assert report["items"] == 1
    assert report["definitions"].keys() == report["metrics"].keys()
