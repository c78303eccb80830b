"""Landscapes that the code draws."""

from __future__ import annotations

import numpy as np
import pytest

from segen.data.synthetic.landscapes import landscape


@pytest.mark.parametrize(("width", "height"), [(256, 256), (64, 64), (33, 47)])
def test_a_seed_is_one_valley_of_any_size(width: int, height: int) -> None:
    valley = landscape(3, False, width, height)
    assert valley.shape == (height, width, 3)
    assert valley.dtype == np.uint8
    assert np.array_equal(valley, landscape(3, False, width, height))
    assert not np.array_equal(valley, landscape(4, False, width, height))


def test_winter_lies_on_the_same_shapes() -> None:
    for seed in range(5):
        summer, winter = (landscape(seed, season).astype(int) for season in (False, True))
        assert winter[-20:].mean() > summer[-20:].mean() + 60, "the meadow is white"
        assert (summer[-20:, :, 1] > summer[-20:, :, 2]).mean() > 0.99, "and green in summer"
        changed = np.abs(summer - winter).max(axis=2) > 40
        assert 0.2 < changed.mean() < 0.7
        far = summer[:, :, 2] - summer[:, :, 0] > 30  # the sky of summer is blue
        assert (winter[far] > 140).mean() > 0.95, "where it was sky, it is sky"
