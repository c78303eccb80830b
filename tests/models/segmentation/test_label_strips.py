"""Labels at full size come from top to bottom, the same as at once."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from segen.models.segmentation import predictor


@pytest.mark.parametrize("size", [(333, 517), (5, 700), (20, 31), (1, 1), (64, 64)])
def test_labels_in_strips_are_those_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setattr(predictor, "STRIP_PIXELS", 2_000)
    probabilities = torch.rand(1, 5, 64, 64, generator=torch.Generator().manual_seed(0)).softmax(1)
    whole = functional.interpolate(probabilities, size, mode="bilinear")[0].max(dim=0).indices.numpy()
    strips = list(predictor.label_strips(probabilities, *size))
    assert (predictor.full_size_labels(probabilities, *size) == whole).all()
    assert sum(map(len, strips)) == size[0]
    assert (len(strips) > 1) == (whole.size > 2_000 and size != (64, 64))
