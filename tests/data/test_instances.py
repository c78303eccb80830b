"""Instances: drawn, numbered and read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segen.data import datasets
from segen.data.synthetic import folder, scenes
from segen.errors import DataError
from segen.imaging import images
from segen.training import data as training_data
from tests.known_instances import write_pair
from tests.sentences import exactly, sentence

pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning:pycocotools.mask")


def test_drawn_nuclei_have_one_number_each() -> None:
    image, labels = scenes.nuclei(5)
    same, numbers = scenes.numbered_nuclei(5)
    assert (image == same).all()
    assert ((numbers > 0) == (labels == 1)).all()
    assert len(np.unique(numbers)) > 5


def test_the_folder_of_drawn_nuclei_numbers_them(tmp_path: Path) -> None:
    folder.write(tmp_path, 1, "nuclei")
    for split, seed in (("train", 0), ("val", 1)):
        numbered = training_data.numbered(str(tmp_path), "nuclei", split)
        labelled = training_data.labelled(str(tmp_path), "nuclei", split)
        expected = scenes.numbered_nuclei(seed, folder.WIDTH, folder.HEIGHT)[1]
        assert len(numbered) == 1
        assert (numbered[0][1] == expected).all()
        assert (labelled[0][1] == (expected > 0)).all()


def test_16_bit_masks_keep_their_numbers(tmp_path: Path) -> None:
    image, numbers = scenes.numbered_nuclei(0, 40, 30)
    numbers[numbers > 0] += 60_000
    pair = write_pair(tmp_path, images.encode(numbers.astype(np.uint16)), image)
    assert (datasets.read_instances(pair)[1] == numbers).all()


@pytest.mark.parametrize("fault", ["labels", "size"])
def test_masks_without_numbers_or_of_another_size_are_refused(fault: str, tmp_path: Path) -> None:
    image, numbers = scenes.numbered_nuclei(0, 40, 30)
    mask = (numbers > 0).astype(np.uint8) if fault == "labels" else numbers[:20].astype(np.uint16)
    expected = {
        "labels": exactly("item_unusable", file="a.png", fault=sentence("not_instances")),
        "size": exactly("mask_size", file="a.png"),
    }
    with pytest.raises(DataError, match=expected[fault]):
        datasets.read_instances(write_pair(tmp_path, images.encode(mask), image))
