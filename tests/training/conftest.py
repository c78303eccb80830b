"""A card of a run that was trained for a step, for the tests of packing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from segen import registry
from segen.data.synthetic import folder as drawn
from segen.training import loop, packing
from segen.training.recipe import Place
from segen.training.recipes.segmentation import Segmentation
from tests.training.test_training import SMALL

NAMES = ("paper", "ink & <b>blots</b>", "unlabelled")
"""Classes of the test's own data; one name could do harm on a page."""


@pytest.fixture
def only_shipped_cards() -> Iterator[None]:
    """Cards that a test adds are gone after it."""
    shipped = dict(registry._read_all())
    yield
    registry._read_all().clear()
    registry._read_all().update(shipped)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data set `own`, a run `own` that was trained on it, and its card in `cards/own`."""
    root = tmp_path_factory.mktemp("own")
    assert drawn.main([str(root / "own"), "--count", "2", "--like", "nuclei"]) == 0
    entries = [{"id": id, "name": name, "color": [9, id, 99]} for id, name in enumerate(NAMES)]
    (root / "own" / "classes.json").write_text(json.dumps(entries), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGEN_RUNS", str(root / "runs"))
        where = Place(data=str(root / "own"))
        loop.fit(Segmentation(replace(SMALL, name="own", steps=1, evaluate_every=1), where), where)
        packing.pack("own", root / "cards" / "own")
    return root


@pytest.fixture
def cards(place: Path, tmp_path: Path, only_shipped_cards: None) -> Path:
    """A copy of the folder of cards, to be altered."""
    return Path(shutil.copytree(place / "cards", tmp_path / "cards"))
