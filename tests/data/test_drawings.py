"""What is drawn to learn a translation from: nuclei, masks, lines, emoji."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segen.data import datasets
from segen.data.synthetic import nuclei
from segen.errors import DataError
from segen.imaging import lines
from tests.sentences import exactly


def test_stretched_nuclei_are_bright_whatever_the_stain() -> None:
    dark = np.full((40, 40, 3), 12, np.uint8)
    dark[10:20, 10:20] = 40
    stained = np.full((40, 40, 3), 230, np.uint8)
    stained[10:20, 10:20] = 120
    for image in (dark, stained):
        grey = nuclei.stretched(image)
        assert grey[15, 15] == 255
        assert grey[30, 30] == 0
    assert (nuclei.stretched(np.full((5, 5, 3), 77, np.uint8)) == 0).all()


def test_drawn_masks_vary_and_depend_on_their_seed_alone() -> None:
    masks = [nuclei.drawn_mask(seed, 96, 128) for seed in range(40)]
    assert all(mask.shape == (96, 128) and set(np.unique(mask)) <= {0, 255} for mask in masks)
    assert np.array_equal(masks[7], nuclei.drawn_mask(7, 96, 128))
    shares = [mask.mean() / 255 for mask in masks]
    assert min(shares) < 0.06 < 0.15 < max(shares) < 0.6


def test_lines_are_drawn_as_by_hand() -> None:
    image = np.full((64, 64, 3), 255, np.uint8)
    image[16:48, 16:48] = (250, 180, 20)
    clean = lines.drawing(image)
    assert clean[30:34, 15:17].min() < 60, "the left side of the square"
    assert clean[32, 32] == clean[2, 2] == 255
    hands = [lines.drawing(image, seed) for seed in range(6)]
    assert np.array_equal(hands[1], lines.drawing(image, 1))
    assert len({hand.tobytes() for hand in hands}) == 6
    grey = np.repeat(clean[..., None], 3, axis=2)
    assert np.array_equal(lines.cleaned(grey // 2 + 100) < 128, clean < 128)
    assert np.array_equal(lines.cleaned(255 - grey) < 128, clean < 128)
    assert (lines.cleaned(np.full((4, 4, 3), 255, np.uint8)) == 255).all()


def test_skin_tones_of_a_sign_are_in_one_split(tmp_path: Path) -> None:
    signs = [f"{0x1F300 + number:x}" for number in range(300)]
    for stem in (*signs, *(f"{sign}-1f3fd" for sign in signs), "1f468", "1f469-1f3fd", "1f9d1"):
        (tmp_path / f"{stem}.webp").touch()
    splits = [{path.stem for path in datasets.emoji(tmp_path, split)} for split in ("train", "val")]
    assert not splits[0] & splits[1]
    firsts = [{stem.partition("-")[0] for stem in split} for split in splits]
    assert not firsts[0] & firsts[1]
    assert 0.08 < len(splits[1]) / (len(splits[0]) + len(splits[1])) < 0.22
    assert {"1f468", "1f469-1f3fd", "1f9d1"} <= splits[0]
    with pytest.raises(DataError, match=exactly("split_unknown", split="test")):
        datasets.emoji(tmp_path, "test")
