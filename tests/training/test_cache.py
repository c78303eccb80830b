"""Pictures that are decoded once: the numbers are those of a training that decodes them each time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import Subset
from torchvision.transforms import v2

from segen.training import cache, loop, run_folder
from segen.training import data as training_data
from segen.training.data import InMemory, LabelledPictures, NumberedScenes, SyntheticScenes
from segen.training.recipe import Place
from segen.training.recipes import RECIPES, build

SLIM: dict[str, Any] = {
    "steps": 3,
    "batch_size": 2,
    "crop": (64, 64),
    "imagenet": False,
    "options": {"decoder_channels": [16, 8, 8, 8, 8]},
}


@pytest.mark.parametrize("workers", [0, 2])
def test_the_numbers_stay(workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 3, "val": 1})
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path))
    logs = []
    for name, cached in (("plain", False), ("cached", True)):
        config = replace(RECIPES["unet-camvid"], name=name, **SLIM)
        place = Place(data="synthetic", cache=cached, workers=workers)
        loop.fit(build(config, place), place)
        logs.append(run_folder.log_lines(tmp_path / name / "log.jsonl"))
    assert len(logs[0]) >= 3
    assert logs[0] == logs[1]
    assert not (tmp_path / "cached" / loop.CACHE).exists(), "it is needed no longer"


def test_each_picture_is_read_once_whatever_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenes, read = SyntheticScenes("camvid", "train"), Counter[int]()

    def of_other_size(self: SyntheticScenes, index: int) -> Any:
        read[index] += 1
        return self.draw(self.seeds[index], 40 + index, 30 + 2 * index)

    monkeypatch.setattr(SyntheticScenes, "__getitem__", of_other_size)
    indices = [4, 1, 4, 7]
    asked = LabelledPictures(Subset(scenes, indices), v2.Identity())  # type: ignore[arg-type]
    found = cache.read_once(asked, tmp_path / "cache", 0, writes=True)
    assert read == Counter([1, 4, 7])
    assert len(found) == 4
    for place, index in enumerate(indices):
        for one, other in zip(found.plain(place), asked.plain(place), strict=True):
            assert torch.equal(one, other)
        assert found.plain(place)[0].shape == (3, 30 + 2 * index, 40 + index)
    found.plain(0)[0].zero_()  # a copy: the file stays
    assert torch.equal(found.plain(0)[0], asked.plain(0)[0])


def test_numbers_of_instances_keep_their_type(tmp_path: Path) -> None:
    scenes = NumberedScenes("nuclei", "val")
    found = cache.read_once(LabelledPictures(scenes, v2.Identity()), tmp_path / "cache", 0, writes=True)
    numbers = scenes[1][1]
    assert found.plain(1)[1].dtype == torch.from_numpy(numbers).dtype
    assert np.array_equal(found.plain(1)[1].numpy(), numbers)


def test_another_process_reads_what_the_first_wrote(tmp_path: Path) -> None:
    pictures = LabelledPictures(SyntheticScenes("nuclei", "val"), v2.Identity())
    cache.read_once(pictures, tmp_path / "cache", 0, writes=True)
    state = (tmp_path / "cache" / cache.PICTURES).stat().st_mtime_ns
    other = cache.read_once(pictures, tmp_path / "cache", 0, writes=False)
    assert torch.equal(other.plain(3)[0], pictures.plain(3)[0])
    assert (tmp_path / "cache" / cache.PICTURES).stat().st_mtime_ns == state


def test_what_is_in_memory_stays_there(tmp_path: Path) -> None:
    scenes = SyntheticScenes("nuclei", "val")
    held = LabelledPictures(InMemory(scenes.classes, [scenes[0]]), v2.Identity())
    assert cache.read_once(held, tmp_path / "cache", 0, writes=True) is held
    assert not (tmp_path / "cache").exists()


def test_what_ends_while_pictures_are_decoded_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path))
    monkeypatch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 3, "val": 1})

    def interrupted(self: SyntheticScenes, index: int) -> Any:
        assert (tmp_path / "stopped" / loop.CACHE / cache.PICTURES).exists()
        raise KeyboardInterrupt

    place = Place(data="synthetic", cache=True)
    recipe = build(replace(RECIPES["unet-camvid"], name="stopped", **SLIM), place)
    monkeypatch.setattr(SyntheticScenes, "__getitem__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        loop.fit(recipe, place)
    assert not (tmp_path / "stopped" / loop.CACHE).exists()
