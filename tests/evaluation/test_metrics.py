"""Scores of one picture against its reference, checked by hand and against torchmetrics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torchmetrics.classification import BinaryAUROC

from segen.data.synthetic import scenes
from segen.errors import InputError
from segen.evaluation import labels as label_metrics
from segen.evaluation.boundaries import boundary_f1
from segen.evaluation.labels import LabelMetrics
from segen.evaluation.roc import Roc
from segen.evaluation.scores import Constant, compare
from segen.imaging.images import encode
from segen.imaging.labels import IGNORED
from segen.registry import card, dataset_classes
from segen.text import words
from segen.ui.tabs.segment.measure import IGNORED as IGNORED_COLOR
from segen.ui.tabs.segment.measure import WRONG, difference, read_reference, report
from segen.ui.widgets.examples import NUCLEI, STREETS, drawn_labels

STREET = dataset_classes("camvid")
NUCLEUS = dataset_classes("nuclei")
UNLABELLED = 11


def square(shift: int = 0, size: int = 400) -> np.ndarray:
    """A square of class 1 amid class 0: with a diagonal of 566 pixels, boundaries agree within 4.2."""
    labels = np.zeros((size, size), dtype=np.uint8)
    labels[100:200, 100 + shift : 200 + shift] = 1
    return labels


def test_scores_are_those_counted_by_hand() -> None:
    labels = np.array([[0, 0, 0, 1], [1, 1, 3, UNLABELLED]], dtype=np.uint8)
    predicted = np.array([[0, 0, 1, 1], [1, 0, 2, 7]], dtype=np.uint8)
    scores = compare(STREET, predicted, np.zeros((11, 1, 1), np.float32), labels)
    assert scores.pixel_accuracy == pytest.approx(4 / 7)
    assert scores.mean_iou == pytest.approx((2 / 4 + 2 / 4 + 0 + 0) / 4), "absent classes do not count"
    sky, building, pole, road, *absent = scores.by_class
    for found in (sky, building):
        assert found is not None
        assert (found.iou, found.precision, found.recall, found.f1) == pytest.approx((1 / 2, *[2 / 3] * 3))
    for missed in (pole, road):
        assert missed is not None
        assert (missed.iou, missed.precision, missed.recall, missed.f1) == (0, 0, 0, 0)
    assert absent == [None] * 7
    assert (scores.auc_roc, scores.roc) == (None, [])


def test_the_commonest_class_everywhere_is_scored_beside_a_result() -> None:
    labels = np.array([[3, 3, 3, 1], [1, 0, UNLABELLED, UNLABELLED]], dtype=np.uint8)
    scores = compare(STREET, labels, np.zeros((11, 1, 1), np.float32), labels)
    assert scores.constant == Constant(3, pytest.approx(0.5 / 3), pytest.approx(0.5))
    road = np.full((40, 30), 3, dtype=np.uint8)
    road[:27] = np.arange(27)[:, None] % 11  # 33 % road at last, as in CamVid
    found = compare(STREET, road, np.zeros((11, 1, 1), np.float32), road).constant
    assert found.mean_iou == pytest.approx(found.pixel_accuracy / 11)
    html = report(card("unet-camvid"), scores, np.zeros((2, 4, 3), np.uint8), "en")
    assert words("en", "measure.constant", name="road", value="0.500") in html
    assert words("en", "measure.constant", name="road", value="0.167") in html


def test_a_class_that_neither_map_has_lowers_no_mean() -> None:
    labels = np.array([[0, 1, IGNORED], [3, 3, UNLABELLED]], dtype=np.uint8)
    metrics = LabelMetrics(STREET)
    metrics.update(labels, labels)
    found = metrics.compute()
    assert (found["mean_iou"], found["mean_accuracy"], found["pixel_accuracy"]) == (1, 1, 1)
    present = {known.name["en"] for known in STREET if known.id in (0, 1, 3)}
    assert all(set(found[name]) == present for name in ("iou", "precision", "recall", "f1"))
    on_the_page = compare(STREET, labels, np.zeros((11, 1, 1), np.float32), labels)
    assert (on_the_page.mean_iou, on_the_page.pixel_accuracy) == (1, 1), "one definition"
    metrics.update(np.array([[2]], np.uint8), np.array([[0]], np.uint8))
    found = metrics.compute()
    assert found["mean_iou"] == pytest.approx((1 / 2 + 1 + 1 + 0) / 4), "one only predicted counts"
    assert found["mean_accuracy"] == pytest.approx((1 / 2 + 1 + 1 + 0) / 4)


def test_what_is_no_class_is_ignored_in_labels_and_wrong_in_predictions() -> None:
    metrics = LabelMetrics(STREET)
    metrics.update(np.array([[0, 5, 200, 1]], np.uint8), np.array([[0, IGNORED, 1, UNLABELLED]], np.uint8))
    found = metrics.compute()
    assert found["pixel_accuracy"] == 1 / 2
    assert list(found["iou"].values()) == [1, 0]


def test_nothing_counted_is_no_fault() -> None:
    metrics = LabelMetrics(STREET)
    metrics.update(np.zeros((2, 2), np.uint8), np.full((2, 2), IGNORED, np.uint8))
    assert (metrics.compute()["mean_iou"], metrics.compute()["pixel_accuracy"]) == (0, 0)


def test_large_pictures_are_counted_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    predicted, labels = rng.integers(0, 12, (2, 30, 40), dtype=np.uint8)
    predicted[predicted == UNLABELLED] = 0
    whole, parts = LabelMetrics(STREET), LabelMetrics(STREET)
    whole.update(predicted, labels)
    monkeypatch.setattr(label_metrics, "BLOCK_PIXELS", 100)
    parts.update(predicted, labels)
    assert parts.compute() == whole.compute()
    assert parts.flat().keys() == {
        "mean_iou", "pixel_accuracy", "mean_accuracy", *(f"iou_{name}" for name in whole.names)
    }  # fmt: skip


def test_boundaries_agree_within_the_tolerance() -> None:
    assert boundary_f1(square(), square(), 3) == [1, 1, None]
    assert boundary_f1(square(4), square(), 2) == [1, 1]
    assert boundary_f1(square(200), square(), 2) == [0, 0]
    # Of the 396 pixels around the square, those met are 94 above, 94 below, and 4 + 4 more at two corners.
    assert boundary_f1(square(10), square(), 2)[1] == pytest.approx(196 / 396)


def test_a_boundary_just_at_the_tolerance_is_met() -> None:
    """The diagonal of 240 x 320 is 400, of which the tolerance is 3."""
    bars = np.zeros((2, 240, 320), np.uint8)
    bars[0, :, 100:200], bars[1, :, 103:203] = 1, 1
    assert boundary_f1(bars[1], bars[0], 2) == [1, 1]
    bars[1, :, 103] = 0
    assert boundary_f1(bars[1], bars[0], 2) == pytest.approx([0.5, 0.5])


def test_boundaries_found_and_those_missed_weigh_alike() -> None:
    both = square()
    both[300:350, 100:150] = 1
    outlines = [4 * 99, 4 * 49]
    share = outlines[0] / sum(outlines)
    for predicted, labels in ((both, square()), (square(), both)):
        assert boundary_f1(predicted, labels, 2)[1] == pytest.approx(2 * share / (1 + share))


def test_a_boundary_that_one_map_lacks_is_missed() -> None:
    assert boundary_f1(np.zeros((400, 400), np.uint8), square(), 2) == [0, 0]
    flat = np.ones((3, 5), np.uint8)
    assert boundary_f1(flat, flat, 2) == [None, None], "the picture's edge is no boundary"


def test_ignored_pixels_bound_nothing() -> None:
    labels = square()
    labels[labels == 1] = UNLABELLED
    assert boundary_f1(square(), labels, UNLABELLED) == [None] * UNLABELLED


def test_large_boundaries_are_sampled() -> None:
    big = square().repeat(8, axis=0).repeat(8, axis=1)
    assert boundary_f1(np.roll(big, 32, axis=1), big, 2) == [1, 1]
    assert boundary_f1(np.roll(big, 1600, axis=1), big, 2) == [0, 0]


def test_the_roc_curve_is_torchmetrics_own() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, (60, 80), dtype=np.uint8)
    logits = 3 * rng.standard_normal((60, 80)) + 2 * labels
    nucleus = (1 / (1 + np.exp(-logits))).astype(np.float32)
    roc = Roc()
    roc.update(np.stack([1 - nucleus, nucleus]), labels)
    exact = BinaryAUROC()(torch.from_numpy(nucleus), torch.from_numpy(labels.astype(np.int64)))
    assert roc.area() == pytest.approx(float(exact), abs=1e-3)
    curve = np.array(roc.curve())
    assert curve[0].tolist() == [0, 0]
    assert curve[-1].tolist() == [1, 1]
    assert (np.diff(curve, axis=0) >= 0).all()


def test_a_certain_network_has_a_whole_curve() -> None:
    labels = np.array([[0, 1]], dtype=np.uint8)
    certain = np.stack([1 - labels, labels]).astype(np.float32)
    scores = compare(NUCLEUS, labels, certain, labels)
    assert (scores.auc_roc, scores.roc) == (1, [(0, 0), (0, 1), (1, 1)])
    nothing = compare(NUCLEUS, labels, certain, np.zeros_like(labels))
    assert (nothing.auc_roc, nothing.roc) == (None, []), "one class alone has no curve"


@pytest.mark.parametrize(
    ("mask", "key"),
    [
        (encode(np.zeros((3, 5), np.uint8)), "reference_size"),
        (encode(np.full((3, 4), 77, np.uint8)), "labels_unknown"),
        (encode(np.full((3, 4, 3), (7, 8, 9), np.uint8)), "labels_unknown"),
        (encode(np.full((3, 4), UNLABELLED, np.uint8)), "reference_unlabelled"),
        (encode(scenes.street(1)[1])[:500], "picture_damaged"),
        (b"no picture", "not_a_picture"),
    ],
    ids=["size", "id", "color", "unlabelled", "cut", "text"],
)
def test_a_mask_that_does_not_fit_is_refused(mask: bytes, key: str, tmp_path: Path) -> None:
    file = tmp_path / "mask.png"
    file.write_bytes(mask)
    with pytest.raises(InputError) as error:
        read_reference(file, card("unet-camvid"), np.zeros((3, 4, 3), np.uint8))
    assert error.value.key == key


def test_drawings_bring_their_true_labels() -> None:
    for examples, dataset in ((STREETS, "camvid"), (NUCLEI, "nuclei")):
        drawn = [example for example in examples if example.drawing]
        assert drawn
        for example in drawn:
            assert example.drawing is not None
            assert np.array_equal(drawn_labels(example.draw(), dataset), example.drawing()[1])
    altered = STREETS[0].draw()
    altered[0, 0] ^= 1
    assert drawn_labels(altered, "camvid") is None
    assert drawn_labels(STREETS[0].draw(), "nuclei") is None


def test_the_difference_shows_what_is_wrong_and_what_does_not_count() -> None:
    labels = np.array([[0, 1, UNLABELLED]], dtype=np.uint8)
    shown = difference(
        np.zeros((1, 3, 3), np.uint8), np.array([[0, 2, 2]], np.uint8), labels, card("unet-camvid")
    )
    assert shown[0].tolist() == [[100, 100, 100], list(WRONG), list(IGNORED_COLOR)]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_says_what_is_undefined(language: str) -> None:
    streets = card("unet-camvid")
    image, labels = scenes.street(1, 64, 48)
    predicted = np.zeros_like(labels)
    scores = compare(STREET, predicted, np.zeros((11, 1, 1), np.float32), labels)
    html = report(streets, scores, difference(image, predicted, labels, streets), language)
    rows = html.split("<tbody>")[1].split("</tbody>")[0].split("</tr>")[:-1]
    assert [row.count("–") == 5 for row in rows] == [found is None for found in scores.by_class]
