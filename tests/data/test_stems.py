"""Masks find their pictures by name: by the whole stem first, then without a suffix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segen.data import datasets
from segen.errors import DataError
from segen.imaging import images
from tests.sentences import sentence


def stored(root: Path, pictures: list[str], masks: list[str]) -> Path:
    for part, names in (("images", pictures), ("masks", masks)):
        (root / "train" / part).mkdir(parents=True)
        for name in names:
            (root / "train" / part / name).write_bytes(images.encode(np.zeros((4, 4), np.uint8)))
    return root


@pytest.mark.parametrize(
    ("picture", "mask"),
    [
        ("x.jpg", "x.png"), ("x.jpg", "x_mask.png"), ("x.jpg", "x-GT.png"), ("x_gt.jpg", "x_gt.png"),
        ("x_gt.jpg", "x_gt_mask.png"), ("x_mask.jpg", "x_mask.png"), ("X1.JPG", "x1.png"),
        ("X1.jpg", "x1_MASK.png"), ("\u00e9.jpg", "e\u0301.png"),
    ],
)  # fmt: skip
def test_a_mask_has_the_stem_of_its_picture_or_a_suffix_behind_it(
    tmp_path: Path, picture: str, mask: str
) -> None:
    (pair,) = datasets.pairs(stored(tmp_path, [picture], [mask]), "train")
    assert (pair.image.name, pair.mask.name) == (picture, mask)


def test_pictures_whose_stems_differ_by_a_suffix_have_each_its_own_mask(tmp_path: Path) -> None:
    names = ["x.png", "x_gt.png", "x_gt_mask.png"]
    found = datasets.pairs(stored(tmp_path, names, names), "train")
    assert [(pair.image.name, pair.mask.name) for pair in found] == [(name, name) for name in names]


def test_two_masks_of_one_picture_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        datasets.pairs(stored(tmp_path, ["x.jpg"], ["x.png", "x_mask.png"]), "train")
    assert str(error.value) == sentence(
        "one_stem", first="train/masks/x.png", second="train/masks/x_mask.png"
    )
