"""Instances: how they are found."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image as Pillow

from segen import models
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.imaging import export
from segen.models.segmentation.maskrcnn import ZOOM, MaskRCNNSegmenter, SlimMaskRCNN, segment
from segen.models.segmentation.masks import spread
from segen.models.tensors import to_tensor
from segen.types import SURE, Features, FeaturesRequest, Image, Instance, SegmentRequest
from tests.known_instances import CARD, Found, full

pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning:pycocotools.mask")


def test_labels_are_the_union_of_the_sure_instances() -> None:
    network = Found(full([4, 8, 24, 28], [80, 80, 90, 90], [20, 8, 40, 28], scores=[0.9, 0.7, 0.3]))
    found = segment(network, np.zeros((50, 60, 3), np.uint8), 1024)
    assert network.seen == [torch.Size((1, 3, 100, 120))]
    assert found.instances is not None
    assert [instance.box for instance in found.instances] == [
        (2, 4, 10, 10), (40, 40, 5, 5), (10, 4, 10, 10)
    ]  # fmt: skip
    expected = np.zeros((50, 60), np.uint8)
    expected[4:14, 2:12] = expected[40:45, 40:45] = 1
    assert (found.labels == expected).all()
    assert found.probabilities.shape == (2, 50, 60)
    assert found.probabilities[1, 10, 15] == pytest.approx(0.3)
    assert found.probabilities[1, 10, 11] == pytest.approx(0.9), "the surest of two"
    assert (found.probabilities.argmax(axis=0) == expected).all()
    assert np.allclose(found.probabilities.sum(axis=0), 1)


def test_a_part_of_an_instance_that_is_found_once_more_is_less_sure() -> None:
    whole, part, neighbour = [8, 8, 48, 48], [28, 28, 48, 52], [40, 8, 80, 48]
    found = segment(
        Found(full(whole, neighbour, part, scores=[0.9, 0.8, 0.7])), np.zeros((50, 60, 3), np.uint8), 1024
    )
    assert found.instances is not None
    assert [round(instance.score, 3) for instance in found.instances] == [0.9, 0.8, 0.28]
    assert found.instances[-1].box == (14, 14, 10, 12)
    assert not found.labels[24:26, 14:20].any(), "where only the part was found"
    assert found.probabilities[1, 25, 15] == pytest.approx(0.28)
    apart = segment(Found(full(part, scores=[0.7])), np.zeros((50, 60, 3), np.uint8), 1024)
    assert apart.labels[24:26, 14:20].all()


def test_what_is_unsure_covers_nothing() -> None:
    boxes = [8, 8, 48, 48], [8, 8, 48, 48], [10, 10, 46, 46]
    found = segment(Found(full(*boxes, scores=[0.45, 0.4, 0.3])), np.zeros((50, 60, 3), np.uint8), 1024)
    assert found.instances is not None
    assert [round(instance.score, 3) for instance in found.instances] == [0.45, 0.4, 0.3]


def rgb(grey: np.ndarray) -> Image:
    return np.repeat(grey[:, :, None], 3, axis=2)


def sure(image: Image) -> list[Instance]:
    found = Engine("cpu").run(CARD.name, SegmentRequest(image)).value.instances
    assert found is not None
    return [instance for instance in found if instance.score >= SURE]


def at_border(found: list[Instance], shape: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    boxes = [instance.box for instance in found]
    return [
        (x, y, across, down)
        for x, y, across, down in boxes
        if min(x, y) <= 2 or x + across >= shape[1] - 2 or y + down >= shape[0] - 2
    ]


def test_the_coins_are_found_and_nothing_at_the_border(weights: Path) -> None:
    """24 coins; weights that had learned from no uneven light found 41, of them 10 at the border."""
    image = rgb(skimage.data.coins())
    found = sure(image)
    assert 24 <= len(found) <= 25
    assert not at_border(found, image.shape)


def test_a_plain_background_is_hardly_a_nucleus(weights: Path) -> None:
    """One cell on uneven grey, in which the same weights found 20 nuclei, of them 8 at the border."""
    image = rgb(skimage.data.cell())
    found = sure(image)
    assert len(found) <= 2
    assert not at_border(found, image.shape)


@pytest.mark.parametrize(("height", "width"), [(200, 240), (203, 233)])
def test_discs_in_uneven_light_are_found_and_nothing_at_the_border(
    height: int, width: int, weights: Path
) -> None:
    """Sizes that need padding and that need none, on a grey that falls towards a corner."""
    rows, columns = np.mgrid[:height, :width]
    grey = 60 + 40 * columns / width - 30 * rows / height + np.random.default_rng(0).normal(0, 2, rows.shape)
    centres = [(y, x) for y in range(40, 170, 50) for x in range(40, 210, 50)]
    for y, x in centres:
        grey[(rows - y) ** 2 + (columns - x) ** 2 < 15**2] += 90
    image = rgb(grey.clip(0, 255).astype(np.uint8))
    found = sure(image)
    assert len(found) == len(centres) == 12
    assert not at_border(found, image.shape)


def test_it_finds_what_torchvisions_own_forward_finds(weights: Path) -> None:
    network = models.load(CARD).network.eval()
    assert isinstance(network, SlimMaskRCNN)
    network.transform.min_size, network.transform.max_size = (256,), 256  # else it enlarges the picture
    with torch.inference_mode():
        pixels = to_tensor(scenes.nuclei(0, 256, 256)[0])
        found, (expected,) = network.find(pixels), network([pixels[0]])
        network.rpn.score_thresh = 0.0
        (unlimited,) = network([pixels[0]])
    assert len(found["scores"]) == len(expected["scores"]) > 5
    for name in ("boxes", "scores"):
        torch.testing.assert_close(found[name], expected[name])
    surer = (unlimited["scores"] >= SURE).sum()
    torch.testing.assert_close(found["boxes"][:surer], unlimited["boxes"][:surer])


def test_boxes_and_masks_of_large_pictures_are_at_full_size() -> None:
    network = Found(full([10, 20, 30, 30], [-9, -9, -1, -1], scores=[0.9, 0.8]))
    found = segment(network, np.zeros((800, 1600, 3), np.uint8), 400)
    assert network.seen == [torch.Size((1, 3, 200, 400))]
    assert found.instances is not None
    (instance,) = found.instances  # the one outside of the picture is left out
    assert instance.box == (40, 80, 80, 40)
    assert instance.mask.shape == (40, 80)
    assert found.labels.sum() == instance.mask.sum() == 3200
    assert found.probabilities.shape == (2, 200, 400)


def test_a_picture_without_nuclei_has_no_instance(tmp_path: Path) -> None:
    image = np.zeros((30, 40, 3), np.uint8)
    found = segment(Found(full(scores=[])), image, 1024)
    assert found.instances == ()
    assert not found.labels.any()
    assert (found.probabilities[0] == 1).all()
    content = export.contents(CARD, image, found)
    assert json.loads(content[".regions.json"])["instances"] == []
    with Pillow.open(io.BytesIO(content[".instances.png"])) as picture:
        assert picture.mode == "I;16"
        assert not np.array(picture).any()
    assert content[".regions.txt"].decode().splitlines()[-1].split() == ["nucleus", "0", "-", "-", "-"]


def test_more_than_a_hundred_are_found(weights: Path) -> None:
    engine = Engine("cpu")
    network = engine._predictor(CARD.name).network
    assert isinstance(network, SlimMaskRCNN)
    network.rpn.score_thresh = network.roi_heads.score_thresh = 0.0
    network.roi_heads.nms_thresh = 1.0
    image, _ = scenes.nuclei(0)
    value = engine.run(CARD.name, SegmentRequest(image)).value
    assert value.instances is not None
    assert 400 < len(value.instances) <= 500
    scores = [instance.score for instance in value.instances]
    assert scores == sorted(scores, reverse=True)


def test_layers_are_those_of_the_pyramid(weights: Path) -> None:
    image, _ = scenes.nuclei(0, 60, 50)
    predictor = MaskRCNNSegmenter(SlimMaskRCNN().eval(), 1024)
    with torch.inference_mode():
        *_, found = predictor(FeaturesRequest(image, "pyramid.layer_blocks.0.0"))
    assert isinstance(found, Features)
    assert found.layers[0].name == "encoder.0.0"
    assert found.input_size == (128, 128)
    assert found.layer.shape == (64, 32, 32)
    assert ZOOM == 2


def test_a_box_is_spread_over_the_pixels_it_touches() -> None:
    x, y, given = spread([-3.0, 1.5, 4.0, 7.5], torch.ones((28, 28)), 6, 9)
    assert (x, y, given.shape) == (0, 1, (5, 4))
    assert spread([20.0, 1.0, 24.0, 3.0], torch.ones((28, 28)), 6, 9)[2].size == 0
