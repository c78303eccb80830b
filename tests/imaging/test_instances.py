"""Instances: the files that tell of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from pycocotools import mask as coco

from segen.cli import results
from segen.imaging import export
from segen.types import SURE, Instance, Segmentation
from tests.known_instances import CARD, whole

pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning:pycocotools.mask")


@pytest.mark.parametrize("size", [(64, 48), (1, 1), (1, 30), (30, 1)])
def test_files_tell_of_every_instance(size: tuple[int, int], tmp_path: Path) -> None:
    height, width = size
    image = np.zeros((height, width, 3), np.uint8)
    rng = np.random.default_rng(0)
    instances = [Instance(1, 0.9, (0, 0, width, height), np.ones((height, width), np.bool_))]
    for score in (0.8, 0.6, 0.3):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        mask = rng.random((height - y, width - x)) < 0.7
        mask[0, 0] = mask[-1, -1] = True
        instances.append(Instance(1, score, (x, y, width - x, height - y), mask))
    instances = [
        replace(each, score=score)
        for each, score in zip(reversed(instances), (0.9, 0.8, 0.6, 0.3), strict=True)
    ]
    labels = np.zeros((height, width), np.uint8)
    for instance in instances[:3]:
        labels[whole(instance, size)] = 1
    result = Segmentation(labels, np.stack([1 - labels, labels]).astype(np.float32), tuple(instances))
    results.write_segmentation(tmp_path, "a", CARD, image, result)

    with Pillow.open(tmp_path / "a.instances.png") as picture:
        assert picture.mode == "I;16"
        ids = np.array(picture)
    assert ((ids > 0) == (labels == 1)).all()
    written = json.loads((tmp_path / "a.regions.json").read_text("utf-8"))["instances"]
    assert [each["id"] for each in written] == [1, 2, 3, 4]
    covered = np.zeros(size, np.bool_)
    for each, instance in zip(written, instances, strict=True):
        mask = whole(instance, size)
        assert each.keys() == {"id", "class_id", "score", "box", "pixels", "rle"}
        assert (each["class_id"], each["score"], each["box"]) == (1, instance.score, list(instance.box))
        assert each["pixels"] == mask.sum()
        assert each["rle"] == export.run_lengths(mask)
        assert (coco.decode(each["rle"]) == mask).all()
        if instance.score >= SURE:
            assert (ids[mask & ~covered] == each["id"]).all(), "the surest on top"
            covered |= mask
    *_, line = (tmp_path / "a.regions.txt").read_text("utf-8").splitlines()
    pixels = sorted(int(instance.mask.sum()) for instance in instances[:3])
    assert line.split() == ["nucleus", "3", *(f"{size:,}" for size in pixels[:1] + pixels[1:2] + pixels[2:])]
