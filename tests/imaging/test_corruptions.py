"""Corruptions: the same size, the same bytes for one seed, and worse with each severity."""

from __future__ import annotations

import numpy as np
import pytest

from segen.data.synthetic import scenes
from segen.errors import InputError
from segen.imaging.corruptions import CORRUPTIONS, SEVERITIES, Corruption
from tests.sentences import exactly

STREET = scenes.street(0, 160, 120)[0]
RANDOM = {"noise", "fog", "rain", "night"}
every_corruption = pytest.mark.parametrize("name", CORRUPTIONS)


@every_corruption
def test_each_severity_is_worse_than_the_one_before(name: str) -> None:
    before = STREET.copy()
    distances = []
    for severity in SEVERITIES:
        degraded = CORRUPTIONS[name](STREET, severity, 3)
        assert (degraded.shape, degraded.dtype) == (STREET.shape, np.uint8)
        distances.append(np.abs(degraded.astype(float) - STREET).mean())
    assert (before == STREET).all(), "the given picture is not touched"
    assert distances[0] > 0.5
    assert distances == sorted(set(distances))


@every_corruption
def test_one_seed_gives_one_picture(name: str) -> None:
    corrupt = CORRUPTIONS[name]
    assert (corrupt(STREET, 3, 7) == corrupt(STREET, 3, 7)).all()
    assert (corrupt(STREET, 3, 7) != corrupt(STREET, 3, 8)).any() == (name in RANDOM)


@every_corruption
@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (33, 65)])
def test_pictures_of_any_size(name: str, size: tuple[int, int]) -> None:
    image = np.full((*size, 3), 128, dtype=np.uint8)
    for severity in SEVERITIES:
        assert CORRUPTIONS[name](image, severity, 0).shape == image.shape


def test_fog_is_thicker_far_away() -> None:
    black = np.zeros((120, 160, 3), dtype=np.uint8)
    foggy = CORRUPTIONS["fog"](black, 3, 0)
    assert foggy[:20].mean() > foggy[-20:].mean() + 40


def test_night_is_dark_and_blue() -> None:
    red, _, blue = CORRUPTIONS["night"](np.full((50, 50, 3), 200, dtype=np.uint8), 3, 0).mean(axis=(0, 1))
    assert red < blue < 140


def test_a_corruption_is_one_of_those_there_are() -> None:
    assert (Corruption("fog", 3)(STREET, 5) == CORRUPTIONS["fog"](STREET, 3, 5)).all()
    with pytest.raises(
        InputError,
        match=exactly("unknown_corruption", known=", ".join(CORRUPTIONS)),
    ):
        Corruption("snow", 3)
    for severity in (0, 6, -1):
        with pytest.raises(InputError, match=exactly("severity_out_of_range", least=1, most=5)):
            Corruption("fog", severity)


def test_lengths_scale_with_the_shorter_side() -> None:
    square = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    wide, tall = np.hstack([square] * 2), np.vstack([square] * 2)
    expected = CORRUPTIONS["blur"](square, 5, 0)[:150, :150]
    for shape in (wide, tall):
        assert (CORRUPTIONS["blur"](shape, 5, 0)[:150, :150] == expected).all()
