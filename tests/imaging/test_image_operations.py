"""Scaling, mixing and blending pictures."""

from __future__ import annotations

import numpy as np
import pytest

from segen.imaging import images

PICTURE = np.zeros((7, 12, 3), dtype=np.uint8)


def test_fit_only_shrinks() -> None:
    assert images.fit(PICTURE, 100) is PICTURE
    assert images.fit(PICTURE, 12) is PICTURE
    assert images.fit(PICTURE, 11).shape == (6, 11, 3)
    assert images.fit(np.zeros((3000, 20, 3), dtype=np.uint8), 640).shape == (640, 4, 3)
    assert images.fit(np.zeros((1, 16_384, 3), dtype=np.uint8), 640).shape == (1, 640, 3)


@pytest.mark.parametrize(
    ("zoom", "side", "shape"),
    [
        (2, 100, (14, 24, 3)),
        (2, 24, (14, 24, 3)),
        (4, 24, (14, 24, 3)),
        (0.5, 100, (7, 12, 3)),
        (3, 6, (7, 12, 3)),
    ],
)
def test_enlarge_stops_at_the_side_and_never_shrinks(
    zoom: float, side: int, shape: tuple[int, int, int]
) -> None:
    assert images.enlarge(PICTURE, zoom, side).shape == shape


def test_mix_gives_the_second_picture_its_share() -> None:
    first, second = np.full_like(PICTURE, 40), np.full_like(PICTURE, 200)
    assert [images.mix(first, second, share)[0, 0, 0] for share in (0, 0.25, 1)] == [40, 80, 200]


def test_blend_shows_the_second_picture_within_the_mask() -> None:
    first, second = np.full((9, 60, 3), 40, np.uint8), np.full((9, 60, 3), 200, np.uint8)
    mask = np.zeros((9, 60), dtype=bool)
    mask[:, 30:] = True
    row = images.blend(first, second, mask, border=2)[4, :, 0].astype(int)
    assert (row[:15] == 40).all()
    assert (row[45:] == 200).all()
    assert (np.diff(row) >= 0).all()
    assert len(set(row.tolist())) > 4, "the border is soft"
