"""A pixel classifier taught by strokes: what it learns, what it says, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from segen.data import classifiers
from segen.engine import Engine
from segen.errors import InputError
from segen.models.teaching import forest, regression
from segen.registry import TEACH_MODEL
from segen.types import (
    MAX_NAME,
    MAX_TAUGHT,
    UNDRAWN,
    ApplyRequest,
    SegmentRequest,
    Step,
    Taught,
    TaughtClass,
    TeachRequest,
)
from tests.sentences import exactly

SKY, GRASS = TaughtClass("sky", (90, 150, 240)), TaughtClass("grass", (20, 160, 60))


def meadow(height: int, width: int) -> np.ndarray:
    """Blue above, green below, with noise."""
    image = np.full((height, width, 3), (90, 150, 240), np.uint8)
    image[height // 2 :] = (40, 140, 60)
    noise = np.random.default_rng(0).integers(-20, 20, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def strokes(height: int, width: int) -> np.ndarray:
    """One on the sky and one on the grass."""
    drawn = np.full((height, width), UNDRAWN, np.uint8)
    drawn[height // 8, width // 4 : width // 2] = 0
    drawn[-height // 8, width // 4 : width // 2] = 1
    return drawn


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine("cpu")


def teach(engine: Engine, *sizes: tuple[int, int]) -> Taught:
    images, drawn = (tuple(make(*size) for size in sizes) for make in (meadow, strokes))
    return engine.run(TEACH_MODEL, TeachRequest(images, drawn, (SKY, GRASS))).value


@pytest.mark.parametrize(("height", "width"), [(61, 83), (2, 300), (300, 900)])
def test_strokes_of_two_classes_label_every_pixel(engine: Engine, height: int, width: int) -> None:
    found = teach(engine, (height, width))
    right = np.zeros((height, width), np.uint8)
    right[height // 2 :] = 1
    assert (found.segmentation.labels == right).mean() > 0.95
    np.testing.assert_allclose(found.segmentation.probabilities.sum(axis=0), 1, atol=1e-5)
    x, y = found.uncertain
    assert 0 <= x < width
    assert 0 <= y < height


def test_the_least_certain_place_is_where_the_classes_meet(engine: Engine) -> None:
    _, y = teach(engine, (120, 160)).uncertain
    assert abs(y - 60) < 12


def test_what_was_taught_is_applied_to_another_picture_and_survives_a_file(engine: Engine) -> None:
    taught = teach(engine, (80, 100), (64, 64))
    kept = classifiers.read(classifiers.encode(taught.classifier))
    again = engine.run(TEACH_MODEL, ApplyRequest(meadow(64, 64), kept)).value
    np.testing.assert_array_equal(again.labels, taught.segmentation.labels)
    np.testing.assert_array_equal(again.probabilities, taught.segmentation.probabilities)
    other = engine.run(TEACH_MODEL, ApplyRequest(meadow(90, 40)[::-1], kept)).value
    assert (other.labels[:40] == 1).mean() > 0.95
    assert kept.classes == (SKY, GRASS)


def test_the_same_strokes_teach_the_same(engine: Engine) -> None:
    first, second = (classifiers.encode(teach(engine, (60, 60)).classifier) for _ in range(2))
    assert first == second


def test_each_picture_is_a_step_and_can_be_the_last(engine: Engine) -> None:
    request = TeachRequest((meadow(40, 40),) * 3, (strokes(40, 40),) * 3, (SKY, GRASS))
    steps = [item for item in engine.stream(TEACH_MODEL, request) if isinstance(item, Step)]
    assert [(step.done, step.total) for step in steps] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    running = engine.stream(TEACH_MODEL, request)
    next(running)
    running.close()


def test_arrays_say_what_the_forest_of_scikit_learn_says() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.normal(size=(300, 6)).astype(np.float32)
    ids = (pixels[:, 0] + pixels[:, 1] ** 2 > 0.5).astype(np.uint8) * 2  # class 1 is never drawn
    trees = forest.fit(pixels, ids, 3, (np.arange(6), np.array([1, 0])))
    new = rng.normal(size=(500, 6)).astype(np.float32)
    given = forest.probabilities(trees, np.ascontiguousarray(new.T))
    reference = RandomForestClassifier(forest.TREES, class_weight="balanced", random_state=0)
    reference.fit(pixels, ids)
    assert given.shape == (3, 500)
    assert (given[1] == 0).all()
    assert (given.argmax(axis=0) == reference.predict(new)).mean() > 0.9
    np.testing.assert_allclose(given.sum(axis=0), 1, atol=1e-5)


def test_trees_that_a_file_cannot_hold_learn_from_fewer_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    pixels, ids = rng.normal(size=(900, 4)).astype(np.float32), rng.integers(0, 3, 900)
    pixels[:300] = 0  # leaves of several classes
    groups = (np.arange(4),)
    whole = forest.fit(pixels, ids, 3, groups)
    count = forest._nodes(whole)
    assert count > sum(tree.feature.size for tree in whole)
    for most, fewer in ((count, False), (count - 1, True), (200, True)):
        monkeypatch.setattr(forest, "MAX_NODES", most)
        found = forest.fit(pixels, ids, 3, groups)
        assert forest._nodes(found) <= most
        assert (sum(tree.feature.size for tree in found) < sum(tree.feature.size for tree in whole)) == fewer


@pytest.mark.parametrize(
    "wrong", [{"name": "x" * 41}, {"name": " "}, {"color": (0, 0, 256)}, {"color": (0, 0)}]
)
def test_a_class_that_no_file_can_hold_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=exactly("taught_class", most=MAX_NAME)):
        replace(SKY, **wrong)
    assert replace(SKY, name=f" {'x' * 20}\n {'y' * 19} ").name == f"{'x' * 20} {'y' * 19}"


@pytest.mark.parametrize("classes", [2, 3])
def test_arrays_say_what_the_regression_of_scikit_learn_says(classes: int) -> None:
    rng = np.random.default_rng(1)
    pixels = np.hstack([rng.normal(0.4, [0.2, 0.1, 0.05], (300, 3)), rng.dirichlet(np.ones(4), 300)])
    pixels = pixels.astype(np.float32)
    drawn = np.array([0, 3, 1])[:classes]  # class 2 is never drawn
    ids = drawn[np.digitize(pixels[:, 0] + pixels[:, 1] ** 2, [0.5, 0.8][: classes - 1])]
    linear = regression.fit(pixels, ids, 4, [pixels[:, :3].T])
    given = regression.probabilities(linear, np.ascontiguousarray(pixels.T))
    colors = (pixels[:, :3] - pixels[:, :3].mean(axis=0)) / pixels[:, :3].std(axis=0)
    products = [colors[:, i] * colors[:, j] for i in range(3) for j in range(i, 3)]
    numbers = np.hstack([0.7 * colors, 0.35 * np.stack(products, axis=1), 4 * pixels[:, 3:]])
    reference = LogisticRegression(C=0.03, class_weight="balanced", max_iter=300).fit(numbers, ids)
    assert (given[2] == 0).all()
    np.testing.assert_allclose(given[np.sort(drawn)], reference.predict_proba(numbers).T, atol=0.01)
    assert (given.argmax(axis=0) == ids).mean() > 0.8


def test_a_picture_of_one_grey_has_numbers_all_the_same() -> None:
    flat = np.full((20, 7), 0.5, np.float32)
    linear = regression.fit(flat, np.arange(20) % 2, 2, [flat[:, :3].T])
    assert np.isfinite(regression.probabilities(linear, flat.T)).all()


def test_a_classifier_of_trees_alone_still_answers(engine: Engine) -> None:
    old = replace(teach(engine, (60, 60)).classifier, linear=None)
    found = engine.run(TEACH_MODEL, ApplyRequest(meadow(60, 60), old)).value
    assert (found.labels[:25] == 0).mean() > 0.95
    assert (found.labels[35:] == 1).mean() > 0.95


@pytest.mark.parametrize(
    ("change", "key", "values"),
    [
        ({"scribbles": (np.full((60, 60), UNDRAWN, np.uint8),)}, "scribbles_of_one", {}),
        (
            {"scribbles": (np.where(strokes(60, 60) == 0, 0, UNDRAWN).astype(np.uint8),)},
            "scribbles_of_one",
            {},
        ),
        ({"scribbles": (strokes(60, 61),)}, "scribbles_size", {}),
        ({"scribbles": ()}, "scribbles_size", {}),
        ({"classes": (SKY,)}, "scribbles_unknown", {"ids": "1"}),
        ({"classes": (SKY, SKY)}, "taught_same", {"name": "sky"}),
        ({"classes": (SKY,) * 300}, "too_many_taught", {"count": 300, "most": MAX_TAUGHT}),
    ],
)
def test_strokes_that_teach_nothing_are_refused(change: dict[str, object], key: str, values: dict) -> None:
    fields = {"images": (meadow(60, 60),), "scribbles": (strokes(60, 60),), "classes": (SKY, GRASS)}
    with pytest.raises(InputError, match=exactly(key, **values)):
        TeachRequest(**{**fields, **change})  # type: ignore[arg-type]


def test_a_classifier_of_other_weights_or_with_other_features_is_refused(engine: Engine) -> None:
    taught = teach(engine, (60, 60)).classifier
    old = replace(taught, encoder_sha256="0" * 64)
    with pytest.raises(InputError, match=exactly("classifier_encoder", encoder=TEACH_MODEL)):
        engine.run(TEACH_MODEL, ApplyRequest(meadow(60, 60), old))
    (first, *others) = taught.trees
    stray = replace(taught, trees=(replace(first, feature=first.feature + 5_000), *others))
    assert taught.linear
    short = replace(taught, linear=replace(taught.linear, weights=taught.linear.weights[:, 1:]))
    for damaged in (stray, short):
        with pytest.raises(InputError, match=exactly("classifier_damaged")):
            engine.run(TEACH_MODEL, ApplyRequest(meadow(60, 60), damaged))


def test_a_network_without_such_an_encoder_says_so(engine: Engine) -> None:
    request = TeachRequest((meadow(60, 60),), (strokes(60, 60),), (SKY, GRASS))
    for name in ("fcn-camvid", "maskrcnn-nuclei"):
        with pytest.raises(InputError, match=exactly("not_taught", model=TEACH_MODEL)):
            engine.run(name, request)


def test_the_encoder_still_segments(engine: Engine) -> None:
    assert engine.run(TEACH_MODEL, SegmentRequest(meadow(60, 60))).value.labels.shape == (60, 60)
