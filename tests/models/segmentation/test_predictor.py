"""Labels at full size come from top to bottom, the same as at once, of a picture seen at several scales."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from segen.models.segmentation import predictor
from segen.types import Segmentation, SegmentRequest, Step


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


class LargeIsClassOne(nn.Module):
    """Sees class 1 everywhere in an input wider than 160, class 0 in others, as logits of 2 and -2."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))
        self.widths: list[int] = []

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        self.widths.append(pixels.shape[-1])
        one = pixels.new_full(pixels[:, :1].shape, 2.0 if pixels.shape[-1] > 160 else -2.0)
        return torch.cat([-one, one], dim=1)


@pytest.mark.parametrize(
    ("sides", "scales", "widths"),
    [
        ((240, 320), (1.0, 1.5, 0.5), [128, 192, 64]),  # larger than max_side
        ((40, 64), (1.0, 2.0), [64, 128]),  # smaller: enlarged, as far as max_side times the scale allows
    ],
)
def test_the_probabilities_at_several_scales_are_averaged(
    sides: tuple[int, int], scales: tuple[float, ...], widths: list[int]
) -> None:
    network = LargeIsClassOne()
    segment = predictor.SegmentationPredictor(network, 128, scales=scales)
    *steps, answer = segment(SegmentRequest(np.zeros((*sides, 3), np.uint8)))
    assert network.widths == widths
    assert isinstance(answer, Segmentation)
    assert answer.labels.shape == sides
    share = np.mean([1 / (1 + np.exp(-4.0 if width > 160 else 4.0)) for width in widths])
    assert np.allclose(answer.probabilities[1], share, atol=1e-5)
    assert answer.probabilities.shape == (2, round(sides[0] * widths[0] / sides[1]), widths[0])
    assert steps == [Step(done, len(scales)) for done in range(1, len(scales) + 1)]
    network.widths.clear()
    list(segment(SegmentRequest(np.zeros((*sides, 3), np.uint8), once=True)))
    assert network.widths == widths[:1], "asked once, it sees the picture once"


def test_a_mirrored_picture_is_seen_too_and_its_answer_brought_back() -> None:
    class BrightOrLeft(nn.Module):
        """Class 1 where the picture is bright, and in the left column, whatever is there."""

        def __init__(self) -> None:
            super().__init__()
            self.unused = nn.Parameter(torch.zeros(1))

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            one = 4 * pixels[:, :1]
            one[..., :1] = 4.0
            return torch.cat([-one, one], dim=1)

    image = np.zeros((32, 64, 3), np.uint8)
    image[:, 40:] = 255
    *steps, answer = predictor.SegmentationPredictor(BrightOrLeft(), 64, mirrored=True)(SegmentRequest(image))
    assert isinstance(answer, Segmentation)
    assert steps == [Step(1, 2), Step(2, 2)]
    assert (answer.labels[:, 40:] == 1).all()
    assert not answer.labels[:, 1:39].any()
    assert answer.probabilities[1, 5, 0] == pytest.approx(0.5, abs=1e-3), "on the right in the mirror"
    once = SegmentRequest(image, once=True)
    *_, answer = predictor.SegmentationPredictor(BrightOrLeft(), 64, mirrored=True)(once)
    assert answer.probabilities[1, 5, 0] > 0.99, "asked once, it does not see the mirror"


def test_a_region_of_kinds_is_one_of_them_alone() -> None:
    """A cat whose tail looks more like a dog's, and a dog that touches neither, beside a person."""
    shares = torch.zeros(1, 4, 4, 6)
    person, cat, dog = 1, 2, 3
    for row, columns, share in (
        (0, slice(0, 3), {cat: 0.8, dog: 0.1, 0: 0.1}),
        (1, slice(3, 4), {cat: 0.3, dog: 0.6, 0: 0.1}),  # connected by a corner
        (3, slice(0, 2), {cat: 0.1, dog: 0.5, person: 0.4}),
        (3, slice(4, 6), {person: 0.6, cat: 0.4}),
    ):
        for id, value in share.items():
            shares[0, id, row, columns] = value
    shares[0, 0] += 1 - shares.sum(dim=1)[0]
    told = predictor.of_one_kind(shares, (cat, dog))
    labels = predictor.full_size_labels(told, 4, 6)
    assert labels[0, :3].tolist() == [cat] * 3
    assert labels[1, 3] == cat, "the region is"
    assert labels[3].tolist() == [dog, dog, 0, 0, person, person], "others stay as they are"
    torch.testing.assert_close(told.sum(dim=1), torch.ones(1, 4, 6))
    torch.testing.assert_close(told[:, :2], shares[:, :2], rtol=0, atol=0)
    torch.testing.assert_close(told[0, cat, 1, 3], torch.tensor(0.9 * 2.7 / (2.7 + 0.9)))
    assert predictor.of_one_kind(shares, ()) is shares
    nothing = torch.eye(4)[:1].T.reshape(1, 4, 1, 1).expand(1, 4, 2, 2)
    torch.testing.assert_close(predictor.of_one_kind(nothing, (cat, dog)), nothing)
