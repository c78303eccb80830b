"""The page's engine on ZeroGPU: requests cross to another process, and answers and faults come back whole.

`spaces` is a stand-in that pickles both; the real package, which runs on the hub, has no effect elsewhere.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from publishing.upload import ROOT
from segen import registry
from segen.engine import Engine
from segen.errors import InputError
from segen.types import ClusterRequest, GenerateRequest, SegmentRequest, Step

READY = ("unet-nuclei", "dcgan-fashion")
PICTURE = np.full((40, 50, 3), 90, np.uint8)


@pytest.fixture
def crossed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the cards whose requests crossed to the process with the GPU."""
    names: list[str] = []

    def gpu(work: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def elsewhere(*given: Any) -> Iterator[Any]:
            names.append(given[0])
            for item in work(*pickle.loads(pickle.dumps(given))):
                yield pickle.loads(pickle.dumps(item))

        return elsewhere

    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=gpu))
    return names


@pytest.fixture
def app(crossed: list[str], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(registry, "cards", lambda task=None: [registry.card(name) for name in READY])
    spec = spec_from_file_location("space_app", ROOT / "publishing" / "zerogpu.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_networks_answer_from_the_process_with_the_gpu(app: ModuleType, crossed: list[str]) -> None:
    assert app.ENGINE.loaded() == list(READY), "ready before anyone asks"
    here = Engine("cpu")
    found = app.ENGINE.run("unet-nuclei", SegmentRequest(PICTURE)).value
    assert np.array_equal(found.labels, here.run("unet-nuclei", SegmentRequest(PICTURE)).value.labels)
    *steps, last = app.ENGINE.stream("dcgan-fashion", GenerateRequest((7, 8)))
    assert all(isinstance(step, Step) for step in steps)
    assert np.array_equal(last.value.images, here.run("dcgan-fashion", GenerateRequest((7, 8))).value.images)
    assert crossed == ["unet-nuclei", "dcgan-fashion"]


def test_what_has_no_network_borrows_no_gpu(app: ModuleType, crossed: list[str]) -> None:
    assert app.ENGINE.run("kmeans", ClusterRequest(PICTURE, k=2)).model == "kmeans"
    assert crossed == []


def test_a_fault_keeps_its_sentence(app: ModuleType) -> None:
    with pytest.raises(InputError) as raised:
        app.ENGINE.run("dcgan-fashion", GenerateRequest((7,), label=3))
    assert raised.value.sentence("zh") == InputError("unconditional", model="dcgan-fashion").sentence("zh")
