"""Pictures and classes that only people's own data sets have."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import tv_tensors

from segen.errors import DataError
from segen.training import augment, loop
from segen.training.recipe import Place
from segen.training.recipes.segmentation import Segmentation
from tests.data.drawn import Drawn
from tests.sentences import exactly
from tests.training.test_training import SMALL


@pytest.mark.parametrize("shape", [(1, 300), (300, 1), (1, 1)])
def test_a_narrow_picture_keeps_a_pixel_at_every_scale(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    crops = augment.crops(64, 64, (0.5, 2.0), 0.4, 255, True)
    for _ in range(10):
        seen = crops(
            tv_tensors.Image(torch.zeros(3, *shape)), tv_tensors.Mask(torch.zeros(shape, dtype=torch.uint8))
        )
        assert [tuple(each.shape[-2:]) for each in seen] == [(64, 64)] * 2


def test_classes_in_another_order_are_no_run_to_go_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path / "runs"))
    drawn = Drawn(tmp_path / "own", 3)
    drawn.store("0.png", (np.indices((24, 32))[0] // 8).astype(np.uint8))
    (drawn.root / "val").symlink_to(drawn.root / "train")
    place = Place(data=str(drawn.root))
    config = replace(SMALL, steps=1, evaluate_every=9)
    loop.fit(Segmentation(config, place), place)
    file = drawn.root / "classes.json"
    entries = json.loads(file.read_text())
    entries[1]["name"], entries[2]["name"] = entries[2]["name"], entries[1]["name"]
    file.write_text(json.dumps(entries))
    resumed = replace(place, resume=True)
    with pytest.raises(DataError, match=exactly("resume_data", name="small")):
        loop.fit(Segmentation(replace(config, steps=2), resumed), resumed)
    assert json.loads((tmp_path / "runs" / "small" / "config.json").read_text())["steps"] == 1
