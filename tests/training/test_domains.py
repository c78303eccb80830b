"""What is left out of training: photographs of an unsure domain, and the skin tones of emoji."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segen.data import datasets
from segen.data.synthetic import landscapes
from segen.errors import UsageError
from segen.imaging import images
from segen.models.features import imagenet
from segen.training.domains import Photographs, told_apart
from segen.training.pairs import Emoji
from segen.training.recipes import RECIPES
from segen.types import Image, Pictures
from tests.sentences import exactly


@pytest.fixture(autouse=True)
def by_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean colour of a picture in place of MobileNetV2's features."""

    def pooled(pictures: Pictures, data: object) -> np.ndarray:
        return pictures.mean(axis=(1, 2)).astype(np.float32)

    monkeypatch.setattr(imagenet, "pooled", pooled)
    monkeypatch.setattr("segen.training.domains.INVERSE_REGULARIZATION", 1.0)


def test_what_looks_like_the_other_domain_is_left_out() -> None:
    def plain(level: int) -> Image:
        return np.full((40, 40, 3), level, np.uint8)

    summer, winter = (
        [plain(60 + number) for number in range(20)],
        [plain(180 + number) for number in range(20)],
    )
    first, second = told_apart([*summer, plain(200)], [*winter, plain(50)], 0.7, None)
    assert {int(each[0, 0, 0]) for each in first} <= {*range(60, 80)}
    assert {int(each[0, 0, 0]) for each in second} <= {*range(180, 200)}
    assert min(len(first), len(second)) > 12
    with pytest.raises(UsageError, match=exactly("none_told_apart", sure="0.999999")):
        told_apart([landscapes.landscape(1)] * 8, [landscapes.landscape(1)] * 8, 0.999999, None)


def test_a_training_knows_how_many_photographs_there_were_before_some_were_left_out(tmp_path: Path) -> None:
    for letter, level in (("A", 40), ("B", 200)):
        folder = tmp_path / f"train{letter}"
        folder.mkdir(parents=True)
        for number in range(10):
            other = 240 - level if number == 9 else level
            (folder / f"{number}.png").write_bytes(
                images.encode(np.full((40, 40, 3), other + number, np.uint8))
            )
    some = Photographs(str(tmp_path), "yosemite", "train", 16, sure=0.7)
    assert len(some) < some.before == 10


@pytest.mark.parametrize("sure", [1.0, -0.1])
def test_not_all_photographs_can_be_left_out(sure: float) -> None:
    with pytest.raises(UsageError, match=exactly("none_told_apart", sure=f"{sure:g}")):
        replace(RECIPES["cyclegan-yosemite"], sure=sure).check()
    with pytest.raises(UsageError, match=exactly("none_told_apart", sure="0.7")):
        told_apart([landscapes.landscape(1)], [landscapes.landscape(2)] * 9, 0.7, None)


@pytest.mark.parametrize("asked", [{"sure": 0.7}, {"encoder": "unet-camvid"}])
def test_what_is_for_photographs_is_refused_for_microscopy(asked: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=exactly("for_photographs")):
        replace(RECIPES["cyclegan-nuclei"], **asked).check()


def test_of_signs_in_several_skin_tones_the_yellow_ones_are_learned(tmp_path: Path) -> None:
    names = ["1f44d", "1f44d-1f3fb", "1f44d-1f3ff", "1f9d1-1f3fd-200d-1f680", "1f9d1-200d-1f680"]
    folder = tmp_path / "emoji"
    folder.mkdir()
    for level, name in enumerate(names):
        picture = images.encode(np.full((64, 64, 3), 40 * level, np.uint8), "WEBP", lossless=True)
        (folder / f"{name}.webp").write_bytes(picture)
    train = Emoji(str(tmp_path), "emoji", "train", 64)
    found = {40 * names.index(path.stem): path.stem for path in datasets.emoji(folder, "train")}
    assert found, "some are of train"
    assert {int(each[0, 0, 0]) for each in train.drawings} == {
        level for level, stem in found.items() if "1f3f" not in stem
    }
    assert len(train.drawings) < len(found)
