"""Few pictures, and what is made of them: the same few for every way, and a GAN that is trained once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from segen.training import data, enlarged
from segen.training.enlarged import SHOWN, Enlarged, EnlargedConfig, Mixed, drawn, sheet
from segen.training.recipe import Place

PLACE = Place(data="synthetic")
DRAWN = 8
CONFIG = EnlargedConfig(
    "studies/tiny/gan-2-0", steps=1, batch_size=2, dataset="nuclei", crop=(32, 32), pictures=2,
    options={"decoder_channels": [8] * 5}, share_generated=0.5, gan_steps=1, gan_side=32,
)  # fmt: skip


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path))
    monkeypatch.setattr(data, "SYNTHETIC_SIZES", {"train": 4, "val": 1})
    monkeypatch.setattr(enlarged, "DRAWN", DRAWN)
    return tmp_path


def test_the_gan_is_trained_once_and_draws_for_new_masks(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[Any] = []
    fit = enlarged.fit

    def count(recipe: Any, place: Place) -> Path:
        trained.append(recipe.config)
        assert len(recipe.dataset()) == CONFIG.pictures, "it sees no more than the few pictures"
        return fit(recipe, place)

    monkeypatch.setattr(enlarged, "fit", count)
    made = drawn(CONFIG, PLACE)
    assert len(made) == DRAWN
    for picture, labels in made:
        assert picture.shape == (*labels.shape, 3)
        assert set(np.unique(labels)) <= {0, 1}
    assert len({labels.tobytes() for _, labels in made}) == DRAWN
    again = drawn(CONFIG, PLACE)
    assert all(np.array_equal(one[0], other[0]) for one, other in zip(made, again, strict=True))
    assert trained == [CONFIG.gan]
    assert not list(runs.rglob("*.pt"))
    shown = sheet([CONFIG], PLACE)
    height, width = made[0][1].shape
    assert shown.shape == (2 * height, SHOWN * width, 3)
    assert np.array_equal(shown[height:, :width], made[0][0])
    drawn(replace(CONFIG, gan_steps=2), PLACE)
    assert len(trained) == 2, "another configuration is another GAN"


def test_every_way_sees_the_same_few_pictures() -> None:
    alone = Enlarged(replace(CONFIG, share_generated=0.0), PLACE)
    augmented = Enlarged(replace(CONFIG, share_generated=0.0, augmented=True), PLACE)
    assert alone.drawn == augmented.drawn == []
    assert len(alone.few) == 2
    for one, other in zip(alone.few, augmented.few, strict=True):
        assert np.array_equal(one[0], other[0])
    torch.manual_seed(0)
    pixels = ((alone.dataset()[0][0] + 1) * 127.5).round().int().numpy()
    levels = set(np.unique(alone.few[0][0]))
    assert set(np.unique(pixels)) <= levels, "nothing is scaled or recoloured"


def test_streets_are_drawn_and_learned_from_in_the_same_way() -> None:
    config = replace(CONFIG, name="studies/streets/gan-2-0", dataset="camvid")
    made = drawn(config, PLACE)
    few = Enlarged(replace(config, share_generated=0.0), PLACE).few
    assert {picture.shape for picture, _ in [*made, *few]} == {(*made[0][1].shape, 3)}
    assert all(labels.max() > 1 for _, labels in made)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_share_is_that_of_generated_pictures(share: float) -> None:
    real, generated = ([(np.full((4, 4, 3), level, np.uint8), np.zeros((4, 4)))] for level in (0, 255))
    torch.manual_seed(0)
    mixed = Mixed(real, generated, share)
    assert len(mixed) == 1
    found = np.mean([mixed[0][0].max() > 0 for _ in range(200)])
    assert found == pytest.approx(share, abs=0.1)
    assert found == share or share == 0.5
