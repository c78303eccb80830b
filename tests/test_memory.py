"""Where a device has too little memory: a segmentation at half the size, or a sentence, and room again."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from segen import engine as engine_module
from segen.engine import Engine
from segen.errors import InputError
from segen.models.segmentation.maskrcnn import MaskRCNNSegmenter
from segen.models.segmentation.predictor import SegmentationPredictor
from segen.registry import cards
from segen.types import Segmentation, SegmentRequest
from tests.known_instances import CARD as INSTANCES
from tests.known_instances import Found, full
from tests.sentences import exactly

CARD = cards("segment")[0].name


class Exhausting(nn.Module):
    """A network that needs more memory than there is for pictures of more than so many pixels."""

    def __init__(self, pixels: int, fault: Exception) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(1))
        self.pixels, self.fault, self.sizes = pixels, fault, list[tuple[int, ...]]()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.sizes.append(tuple(x.shape[-2:]))
        if x.shape[-2] * x.shape[-1] > self.pixels:
            raise self.fault
        return torch.cat([x, x], dim=1)


FAULTS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=["cuda", "cpu"])
def test_a_picture_that_takes_too_much_memory_is_seen_smaller(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Exhausting(64 * 64, fault)
    monkeypatch.setattr(engine_module.models, "load", lambda card: SegmentationPredictor(network, 128))
    run = Engine("cpu").run(CARD, SegmentRequest(np.zeros((300, 200, 3), np.uint8)))
    assert isinstance(run.value, Segmentation)
    assert run.value.labels.shape == (300, 200)
    assert network.sizes == [(128, 96), (64, 64)]


@pytest.mark.parametrize("fault", FAULTS, ids=["cuda", "cpu"])
def test_instances_of_a_picture_that_takes_too_much_memory_are_found_at_half_the_size(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Found(full([4, 8, 24, 28], scores=[0.9]))
    find, widths = network.find, list[int]()

    def exhausted(pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        widths.append(pixels.shape[-1])
        if pixels.shape[-1] > 64:
            raise fault
        return find(pixels)

    monkeypatch.setattr(network, "find", exhausted)
    monkeypatch.setattr(engine_module.models, "load", lambda card: MaskRCNNSegmenter(network, 256))
    engine = Engine("cpu")
    value = engine.run(INSTANCES.name, SegmentRequest(np.zeros((40, 60, 3), np.uint8))).value
    assert widths == [120, 60], "the network sees a small picture twice as large, and then as it is"
    assert value.instances is not None
    assert [each.box for each in value.instances] == [(4, 8, 20, 20)]
    assert value.labels.sum() == 400
    widths.clear()
    large = SegmentRequest(np.zeros((400, 600, 3), np.uint8))
    with pytest.raises(InputError, match=exactly("out_of_memory")):
        engine.run(INSTANCES.name, large)
    assert widths == [256, 128], "half of the most that it sees is still too much"
    assert engine.loaded() == []


@pytest.mark.parametrize("fault", [*FAULTS, MemoryError()], ids=["cuda", "cpu", "numpy"])
def test_too_little_memory_is_said_in_a_sentence_and_the_next_request_is_served(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Exhausting(32 * 32, fault)
    monkeypatch.setattr(engine_module.models, "load", lambda card: SegmentationPredictor(network, 128))
    engine = Engine("cpu")
    with pytest.raises(InputError, match=exactly("out_of_memory")):
        engine.run(CARD, SegmentRequest(np.zeros((300, 200, 3), np.uint8)))
    assert engine.loaded() == [], "there is room again"
    assert engine.run(CARD, SegmentRequest(np.zeros((30, 20, 3), np.uint8))).value.labels.shape == (30, 20)
