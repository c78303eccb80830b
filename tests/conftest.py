"""What several tests share: the weights that ship, and small untrained cards beside them."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from segen import registry
from segen.registry import MEASURING, cards, weights_root

# A shell ignores Ctrl-C in what it runs in the background, and so would every command under test.
signal.signal(signal.SIGINT, signal.default_int_handler)


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder for visitors' files: the pages of several processes would delete each other's at their end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def every_weights_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with all that ships, which a test may add to; `own_weights` gives files to alter."""
    root = tmp_path_factory.mktemp("weights")
    for name in (*(card.name for card in cards() if card.parameters), *MEASURING):
        assert (weights_root() / name).is_dir(), f"{name} has a card, and no weights in {weights_root()}"
        shutil.copytree(weights_root() / name, root / name, copy_function=_linked)
    return root


@pytest.fixture
def weights(every_weights_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of weights for this test, in use; only to be read."""
    monkeypatch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
    return every_weights_folder


@pytest.fixture
def own_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Copies the folder of a card into a root of this test's own, in use, and gives it to be altered."""
    shipped, root = weights_root(), tmp_path / "weights"

    def own(name: str) -> Path:
        monkeypatch.setenv("SEGEN_WEIGHTS", str(root))
        return Path(shutil.copytree(shipped / name, root / name))

    return own


@pytest.fixture(scope="session")
def small_translators(every_weights_folder: Path) -> Path:
    """The root of all weights, those of small untrained translators too."""
    from tests.small_translators import write_weights

    write_weights(every_weights_folder)
    return every_weights_folder


@pytest.fixture
def engine(small_translators: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An engine that knows the small translators' cards, too."""
    from segen.engine import Engine
    from tests.small_translators import CARDS, card_of

    monkeypatch.setenv("SEGEN_WEIGHTS", str(small_translators))
    known = {**registry._read_all(), **{name: card_of(name) for name in CARDS}}
    monkeypatch.setattr(registry, "_read_all", lambda: known)
    return Engine("cpu")


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
