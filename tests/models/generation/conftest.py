"""Weights of the tiny network that diffuses, and an engine that knows its card."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from segen import registry
from segen.engine import Engine
from segen.training.recipes.diffusion import Diffusion
from tests.models.generation.tiny_diffusion import CARD, SYNTHETIC, TINY


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network whose answers are not all alike, as it would ship."""
    root = tmp_path_factory.mktemp("weights")
    recipe = Diffusion(TINY, SYNTHETIC)
    recipe.export(recipe.networks, root / CARD.name)
    return root


@pytest.fixture
def engine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    known = {**registry._read_all(), CARD.name: CARD}
    monkeypatch.setenv("SEGEN_WEIGHTS", str(folder))
    monkeypatch.setattr(registry, "_read_all", lambda: known)
    return Engine("cpu")


@pytest.fixture
def calls(engine: Engine) -> Iterator[list[int]]:
    """The sizes of the batches that the network was called with."""
    found: list[int] = []
    network = engine._predictor(CARD.name).network
    hook = network.register_forward_hook(lambda _module, given, _found: found.append(len(given[0])))
    yield found
    hook.remove()
