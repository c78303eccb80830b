"""A small, repeatable part of `python -m benchmarks fuzz`, and properties that hold for whatever is given."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from benchmarks.fuzz import tried
from benchmarks.fuzz.files import kinds
from benchmarks.fuzz.mutation import Dice
from segen.data import classifiers
from segen.errors import InputError, SegenError
from segen.evaluation.pipelines import recipe
from segen.imaging import export, images, labels
from segen.types import GenerateRequest, TranslateRequest
from segen.ui.framework.link import Link

TRIES = {"weights": 3, "commands": 6, "annotations": 10, "cards": 10}
"""Of those that take longer; of the others 60."""
quick = settings(
    max_examples=25, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=20),
    lambda inner: (
        some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=10), inner, max_size=4)
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("name", TRIES)
def test_slow_malformed_inputs_are_refused_or_answered(name: str, tmp_path: Path) -> None:
    kind = kinds(tmp_path)[name]
    assert [told for n in range(TRIES[name]) if (told := tried(name, kind, Dice(7, name, n))[1])] == []


def test_malformed_inputs_are_refused_or_answered(tmp_path: Path) -> None:
    for name, kind in kinds(tmp_path).items():
        if name not in TRIES:
            assert [told for n in range(60) if (told := tried(name, kind, Dice(7, name, n))[1])] == [], name


@quick
@given(
    some.binary(max_size=300),
    some.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8", b"II*\0"]),
)
def test_any_bytes_are_a_picture_or_refused(content: bytes, head: bytes) -> None:
    with suppress(InputError):
        assert images.read(head + content).ndim == 3


@quick
@given(json_values)
def test_any_json_is_a_recipe_and_a_classifier_or_refused(value: object) -> None:
    for read in (recipe.parse, lambda given: classifiers.read(json.dumps(given).encode())):
        with pytest.raises(InputError):
            read(value)


@quick
@given(some.dictionaries(some.sampled_from(["k", "eps", "view", "views"]), some.text(max_size=12)))
def test_any_link_gives_values_within_bounds(options: dict[str, str]) -> None:
    link = Link(options)
    assert link.whole("k", range(1, 9), 3) in range(1, 9)
    assert 0 <= link.number("eps", 0.0, 1.0, 0.5) <= 1
    assert link.choice("view", ("a", "b")) in ("a", "b")
    assert set(link.several("views", ("a", "b"), ("a",))) <= {"a", "b"}
    assert set(link.usable()) <= set(options)


@quick
@given(some.floats() | some.integers(), some.integers(), some.floats())
def test_any_number_is_within_bounds_or_refused(strength: float, seed: int, guidance: float) -> None:
    for ask in (
        lambda: TranslateRequest(np.zeros((1, 1, 3), np.uint8), strength=strength, seed=seed),
        lambda: GenerateRequest((seed,), guidance=guidance),
    ):
        try:
            asked = ask()
        except SegenError:
            continue
        assert 0 <= getattr(asked, "strength", 0) <= 1
        assert 0 <= getattr(asked, "guidance", 0) <= 20


@quick
@given(some.integers(1, 20), some.integers(1, 20), some.integers(0, 2**32 - 1))
def test_labels_come_back_from_their_file_and_from_run_lengths(height: int, width: int, seed: int) -> None:
    drawn = np.random.default_rng(seed).integers(0, 2, (height, width), dtype=np.uint8)
    palette = ((0, 0, 0), (255, 0, 0))
    assert np.array_equal(labels.read_strokes(labels.encode_labels(drawn, palette)).values, drawn)
    from pycocotools import mask

    lengths = export.run_lengths(drawn == 1)
    assert np.array_equal(mask.decode({**lengths, "counts": lengths["counts"].encode()}), drawn)  # type: ignore[arg-type]
