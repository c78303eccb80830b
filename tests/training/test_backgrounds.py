"""What no instance is: uneven light, frames and empty pictures change the picture, and label nothing."""

from __future__ import annotations

import pytest
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

from segen.training.backgrounds import LIGHT, WIDEST, Emptied, Framed, Unevenly

SIDE = 60


def changed(transform: v2.Transform, grey: int = 100) -> tuple[torch.Tensor, torch.Tensor]:
    picture = tv_tensors.Image(torch.full((3, SIDE, SIDE), grey, dtype=torch.uint8))
    labels = tv_tensors.Mask(torch.full((SIDE, SIDE), 7, dtype=torch.int32))
    picture, labels = transform(picture, labels)
    assert isinstance(picture, tv_tensors.Image)
    assert isinstance(labels, tv_tensors.Mask)
    assert (picture.dtype, labels.dtype) == (torch.uint8, torch.int32)
    assert (picture.shape, labels.shape) == ((3, SIDE, SIDE), (SIDE, SIDE))
    return picture.int(), labels


@pytest.mark.parametrize("kind", [Unevenly, Framed, Emptied])
def test_a_share_of_none_changes_nothing(kind: type[v2.Transform]) -> None:
    picture, labels = changed(kind(0.0))
    assert (picture == 100).all()
    assert (labels == 7).all()


def test_uneven_light_is_smooth_and_leaves_the_labels() -> None:
    torch.manual_seed(0)
    picture, labels = changed(Unevenly(1.0))
    assert (labels == 7).all()
    assert picture.min() < picture.max() <= 100 + 3 * LIGHT
    assert picture.diff(dim=1).abs().max() < 12, "no edge that could be taken for an instance's"


def test_a_frame_is_one_grey_that_is_no_instance() -> None:
    torch.manual_seed(0)
    framed = 0
    for _ in range(20):
        picture, labels = changed(Framed(1.0))
        outside = labels == 0
        framed += int(outside.any())
        assert (picture[:, ~outside] == 100).all()
        assert len(picture[:, outside].unique()) <= 1
        inner = round(WIDEST * SIDE)
        assert not outside[inner:-inner, inner:-inner].any()
    assert framed > 10


def test_an_empty_picture_has_no_instance_and_little_grain() -> None:
    torch.manual_seed(0)
    greys = set()
    for _ in range(20):
        picture, labels = changed(Emptied(1.0))
        assert not labels.any()
        assert picture.max() - picture.min() < 40
        greys.add(int(picture.median()) // 32)
    assert len(greys) >= 4, "dark and bright ones"


@pytest.mark.parametrize("kind", [Unevenly, Framed, Emptied])
def test_what_changes_stays_on_its_device(kind: type[v2.Transform]) -> None:
    picture = tv_tensors.Image(torch.zeros(3, SIDE, SIDE, dtype=torch.uint8, device="meta"))
    labels = tv_tensors.Mask(torch.zeros(SIDE, SIDE, dtype=torch.int32, device="meta"))
    assert {each.device.type for each in kind(1.0)(picture, labels)} == {"meta"}
