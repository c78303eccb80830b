"""Which files of a folder are pictures of a data set, and how those that cannot be used are named."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from segen.data import datasets, listing
from segen.errors import DataError
from segen.imaging import images
from tests.data.drawn import Drawn, item, unusable
from tests.sentences import exactly


def test_halves_of_unpaired_domains_mark_a_data_set_of_any_name(tmp_path: Path) -> None:
    for half in ("trainA", "trainB"):
        (tmp_path / "mine" / half).mkdir(parents=True)
        (tmp_path / "mine" / half / "a.png").write_bytes(images.encode(np.zeros((4, 4, 3), np.uint8)))
    root = datasets.locate(tmp_path / "mine", "yosemite")
    assert [path.name for path in datasets.half(root, "train", "B")] == ["a.png"]


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
@pytest.mark.parametrize("part", ["images", "masks"])
def test_a_link_that_leads_nowhere_is_named(tmp_path: Path, part: str) -> None:
    drawn = Drawn(tmp_path)
    link = drawn.root / "train" / part / "1.png"
    link.unlink()
    link.symlink_to("nowhere.png")
    with pytest.raises(DataError) as raised:
        drawn.labels()
    assert str(raised.value) == unusable(item(f"train/{part}/1.png", "no_such_file"))


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_data_set_is_told_from_the_halves_of_any_split(tmp_path: Path, split: str) -> None:
    (tmp_path / "mine" / f"{split}A").mkdir(parents=True)
    assert datasets.locate(tmp_path / "mine", "yosemite") == tmp_path / "mine"


def test_unpaired_halves_are_no_labelled_pictures(tmp_path: Path) -> None:
    for half in ("trainA", "trainB"):
        (tmp_path / half).mkdir()
        (tmp_path / half / "a.png").write_bytes(images.encode(np.zeros((4, 4, 3), np.uint8)))
    with pytest.raises(DataError, match=exactly("split_missing", split="train")):
        datasets.pairs(tmp_path, "train")


def test_what_is_wrong_with_several_folders_is_one_sentence(tmp_path: Path) -> None:
    for half in ("trainA", "trainB", "testA"):
        (tmp_path / half).mkdir()
        for name in ("a.png", "b.png"):
            (tmp_path / half / name).write_bytes(images.encode(np.zeros((4, 4, 3), np.uint8)))
    for name in ("trainA/a.png", "trainA/b.png", "testA/a.png"):
        (tmp_path / name).write_bytes(b"GIF89a")
    folders = [datasets.pictures(tmp_path, "train"), datasets.half(tmp_path, "test", "A")]
    with pytest.raises(DataError) as raised:
        listing.together(*(partial(listing.read_all, tmp_path, folder) for folder in folders))
    fault = partial(item, key="picture_damaged")
    named = ("trainA/a.png", "trainA/b.png", "testA/a.png")
    assert str(raised.value) == unusable(*(fault(name) for name in named))
