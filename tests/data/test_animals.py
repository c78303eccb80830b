"""Animals and people that the code draws."""

from __future__ import annotations

import numpy as np
import pytest

from segen.data.synthetic import animals
from segen.registry import dataset_classes


def test_the_same_seed_draws_the_same_and_all_classes_come() -> None:
    picture, labels = animals.meadow(3)
    assert (picture.shape, labels.shape) == ((240, 320, 3), (240, 320))
    assert (picture.dtype, labels.dtype) == (np.uint8, np.uint8)
    again, _ = animals.meadow(3)
    assert np.array_equal(picture, again)
    counts = sum(np.bincount(animals.meadow(seed)[1].ravel(), minlength=7) for seed in range(24))
    assert len(counts) == len(dataset_classes("animals"))
    assert (counts / counts.sum() > 0.01).all()
    assert counts[animals.BACKGROUND] / counts.sum() < 0.95


@pytest.mark.parametrize("id", animals.DRAWS)
def test_each_is_set_off_from_its_ground(id: int) -> None:
    shown = 0
    for seed in range(30):
        picture, labels = animals.meadow(seed)
        inside = labels == id
        if inside.sum() > 500:
            shown += 1
            apart = np.abs(picture[inside].mean(axis=0) - picture[labels == 0].mean(axis=0)).max()
            assert apart > 4, f"seed {seed}"
    assert shown >= 3
