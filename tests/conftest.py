"""What several tests share: weights for every card, shipped or, where there are none yet, made up."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from segen.registry import MEASURING, cards, weights_root

# A shell ignores Ctrl-C in what it runs in the background, and so would every command under test.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def every_weights_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with all weights, those that measure too: a copy of what ships, or an untrained stand-in."""
    from segen.training import data
    from segen.training.recipe import Place
    from segen.training.recipes import RECIPES, build

    root = tmp_path_factory.mktemp("weights")
    for name in (*(card.name for card in cards() if card.parameters), *MEASURING):
        if (weights_root() / name).is_dir():
            shutil.copytree(weights_root() / name, root / name)
        else:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(data, "SYNTHETIC_SIZES", {"train": 1, "val": 1})
                recipe = build(RECIPES[name], Place(data="synthetic"))
            recipe.export(recipe.networks, root / name)
    return root


@pytest.fixture
def weights(every_weights_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of weights for this test, in use; tests that alter a file take `own_weights`."""
    monkeypatch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
    return every_weights_folder


@pytest.fixture
def own_weights(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of all weights that the test may alter, in use."""
    copy = tmp_path / "weights"
    shutil.copytree(weights, copy)
    monkeypatch.setenv("SEGEN_WEIGHTS", str(copy))
    return copy


@pytest.fixture
def interrupted() -> Callable[[Any, int], Any]:
    """Gives back a recipe with Ctrl-C in the middle of one of its steps."""

    def arranged(recipe: Any, at: int) -> Any:
        step, numbers = recipe.step, count(1)

        def broken(*arguments: Any) -> Any:
            if next(numbers) == at:
                signal.raise_signal(signal.SIGINT)
            return step(*arguments)

        recipe.step = broken
        return recipe

    return arranged


@pytest.fixture
def imagenet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand-in ImageNet weights: random ones."""
    import torch
    from safetensors.torch import save_file
    from torchvision.models import mobilenet_v2

    torch.manual_seed(0)
    (tmp_path / "weights").mkdir()
    save_file(mobilenet_v2().state_dict(), tmp_path / "weights" / "mobilenet_v2_imagenet.safetensors")
    monkeypatch.setenv("SEGEN_DATA", str(tmp_path))
