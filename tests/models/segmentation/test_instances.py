"""Instances: how they are found."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.imaging import export
from segen.models.segmentation.maskrcnn import ZOOM, MaskRCNNSegmenter, SlimMaskRCNN, segment, spread
from segen.types import Features, FeaturesRequest, SegmentRequest
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
    network.roi_heads.score_thresh, network.roi_heads.nms_thresh = 0.0, 1.0
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
