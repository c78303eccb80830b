"""Instance segmentation: Mask R-CNN on a feature pyramid over MobileNetV2, slimmed for nuclei.

Sources: He et al. 2017 (Mask R-CNN), by torchvision; Lin et al. 2017 (feature pyramids); Sandler et al. 2018
(MobileNetV2). We depart from them in 64 channels instead of 256, two convolutions before a mask instead of
four, 256 units before a box instead of 1,024, anchors of 10 to 180 pixels, square alone, two for each level
from stride 4 on, and batch norm that is never trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import nn
from torchvision.models import mobilenet_v2
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.rpn import RPNHead
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign

from segen.imaging import images
from segen.models import weights
from segen.models.features.maps import features
from segen.models.segmentation.masks import cut, lowered, place, spread
from segen.models.segmentation.predictor import (
    Answer,
    Asked,
    SegmentationPredictor,
    padded,
    smaller_if_needed,
)
from segen.models.tensors import pixels_for
from segen.registry import ModelCard
from segen.types import (
    SURE,
    FeaturesRequest,
    Image,
    Segmentation,
    SegmentRequest,
    Step,
)

ENDS, WIDTHS = (4, 7, 14, 18), (24, 32, 96, 320)
"""MobileNetV2's layers up to which strides 4, 8, 16 and 32 reach, and their channels there."""
CHANNELS = 64
"""Of the pyramid, and of all that looks at it."""
GROUPS = 8
"""Of channels that the pyramid normalises together (Wu and He 2018)."""
UNITS = 256
"""Before a box is placed and classified."""
ANCHORS = ((10, 16), (24, 36), (54, 80), (120, 180))
"""Sides in pixels of a picture seen at ZOOM, by level: 5 to 90 at its own size, as nuclei have."""
MAX_INSTANCES = 500
MIN_SCORE = 0.05
MIN_OBJECTNESS = 0.02
"""In use, regions that are less likely to hold an instance are not looked at: hardly any of them does."""
ZOOM = 2.0
"""Half of the nuclei have a box of 13 pixels or less, so the network sees small pictures enlarged."""


class Pyramid(nn.Module):
    """A feature pyramid over MobileNetV2 without its last layer: 64 channels at strides 4, 8, 16 and 32.

    The encoder's batch norm keeps its statistics in training: a few crops, some bright and some dark, tell
    too little of them.
    """

    out_channels = CHANNELS

    def __init__(self) -> None:
        super().__init__()
        self.encoder = mobilenet_v2(weights=None).features[: ENDS[-1]]
        self.pyramid = FeaturePyramidNetwork(list(WIDTHS), CHANNELS, norm_layer=_group_norm)

    def train(self, mode: bool = True) -> Pyramid:
        """Training mode for the pyramid; the encoder always behaves as in use."""
        super().train(mode)
        self.encoder.eval()
        return self

    def forward(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Levels "0" to "3" of N x 3 x H x W pixels in [-1, 1], H and W multiples of 32."""
        levels = {}
        start = 0
        for name, end in enumerate(ENDS):
            pixels = self.encoder[start:end](pixels)
            levels[str(name)] = pixels
            start = end
        found: dict[str, torch.Tensor] = self.pyramid(levels)
        return found


def _group_norm(channels: int) -> nn.Module:
    return nn.GroupNorm(GROUPS, channels)


class SlimMaskRCNN(MaskRCNN, PyTorchModelHubMixin):  # type: ignore[misc]  # torchvision has no types
    """torchvision's Mask R-CNN with narrow parts. It takes a list of 3 x H x W pixels in [-1, 1].

    In training it takes targets, too, (boxes, labels, masks) as torchvision has them, and gives its five
    losses. The pictures of a batch have one size, with sides that are multiples of 32.
    """

    def __init__(self, classes: int = 2) -> None:
        def pool(size: int, samples: int) -> MultiScaleRoIAlign:
            # A box of less than 48 pixels is read at stride 4, and twice that at each level above.
            return MultiScaleRoIAlign(["0", "1", "2", "3"], size, samples, canonical_scale=96)

        super().__init__(
            Pyramid(),
            image_mean=[0.0] * 3,
            image_std=[1.0] * 3,
            _skip_resize=True,
            rpn_anchor_generator=AnchorGenerator(ANCHORS, ((1.0,),) * len(ANCHORS)),
            rpn_head=RPNHead(CHANNELS, len(ANCHORS[0])),
            rpn_pre_nms_top_n_train=500,
            rpn_post_nms_top_n_train=300,
            rpn_pre_nms_top_n_test=1000,
            rpn_post_nms_top_n_test=1000,
            rpn_fg_iou_thresh=0.6,
            box_roi_pool=pool(7, 2),
            box_head=TwoMLPHead(CHANNELS * 7**2, UNITS),
            box_predictor=FastRCNNPredictor(UNITS, classes),
            box_score_thresh=MIN_SCORE,
            box_detections_per_img=MAX_INSTANCES,
            box_batch_size_per_image=64,
            box_positive_fraction=0.4,
            mask_roi_pool=pool(14, 1),
            mask_head=MaskRCNNHeads(CHANNELS, (CHANNELS, CHANNELS), 1),
            mask_predictor=MaskRCNNPredictor(CHANNELS, CHANNELS, classes),
        )

    def train(self, mode: bool = True) -> SlimMaskRCNN:
        """Training mode; in use, MIN_OBJECTNESS holds."""
        super().train(mode)
        self.rpn.score_thresh = 0.0 if mode else MIN_OBJECTNESS
        return self

    def find(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        """The instances in 1 x 3 x H x W pixels of any size, the most confident first.

        Gives boxes (n x 4; left, top, right, bottom), labels, scores, and masks, n x 1 x 28 x 28
        probabilities over the box: torchvision's forward spreads each over the whole picture instead.
        """
        whole = padded(pixels)
        picture = ImageList(whole, [(pixels.shape[2], pixels.shape[3])])
        levels = self.backbone(whole)
        proposals, _ = self.rpn(picture, levels)
        found, _ = self.roi_heads(levels, proposals, picture.image_sizes)
        return cast(dict[str, torch.Tensor], found[0])


class MaskRCNNSegmenter(SegmentationPredictor):
    """Instances in pictures of any size, and the labels and probabilities that they amount to.

    The network sees a picture enlarged by ZOOM, or less where its longer side would exceed `max_side`, and
    half as large, where the device has too little memory.
    """

    def __init__(self, network: SlimMaskRCNN, max_side: int) -> None:
        super().__init__(network, max_side, ZOOM)

    def __call__(self, request: Asked) -> Iterator[Step | Answer]:
        """One step, then what the request asks for; the layers of Features are those of the pyramid."""
        network = cast(SlimMaskRCNN, self.network)
        match request:
            case SegmentRequest():
                image = request.image
                found = smaller_if_needed(
                    lambda scale: segment(network, image, round(self.max_side * scale), ZOOM * scale),
                    1.0,
                )
                yield Step(1, 1)
                yield found
            case FeaturesRequest():
                seen = features(network.backbone, padded(self.seen(request.image)), request.layer)
                yield Step(1, 1)
                yield seen
            case _:
                yield from super().__call__(request)


def segment(network: SlimMaskRCNN, image: Image, max_side: int, zoom: float = ZOOM) -> Segmentation:
    """Find the instances of a picture; its labels are those of the instances of a score of SURE or more.

    The box of an instance encloses its mask, and one without a pixel is left out. A part of an instance that
    is found once more keeps REMAINING of its score. An instance gives a pixel its mask's probability there or
    its own score, whichever is less; the class of the instance that gives most has that probability, and the
    background has the rest. The network sees the picture enlarged by `zoom`, or less where its longer side
    would exceed `max_side`.
    """
    fitted = images.fit(image, max_side)
    seen = images.enlarge(fitted, zoom, max_side)
    found = network.find(pixels_for(network, seen))
    found = {name: values.float().cpu() for name, values in found.items()}

    def boxes(shape: tuple[int, ...]) -> list[list[float]]:
        scale = torch.tensor([shape[1] / seen.shape[1], shape[0] / seen.shape[0]] * 2)
        # RoIAlign took the middle of a pixel for its corner when it cut out the masks to learn from.
        return ((found["boxes"] + 0.5) * scale).tolist()

    kept = []
    height, width = image.shape[:2]
    covered = np.zeros((height, width), np.bool_)
    most = np.zeros(fitted.shape[:2], np.float32)
    likeliest = np.zeros(fitted.shape[:2], np.int64)
    for box, small_box, label, score, (mask,) in zip(
        boxes(image.shape), boxes(fitted.shape), found["labels"].int().tolist(), found["scores"].tolist(),
        found["masks"], strict=True,
    ):  # fmt: skip
        x, y, given = small = spread(small_box, mask, *fitted.shape[:2])
        whole = small if box == small_box else spread(box, mask, height, width)
        if instance := cut(label, score, *whole):
            instance = lowered(instance, covered)
            kept.append(instance)
            score = instance.score
        given = np.minimum(given, score)
        there = np.s_[y : y + given.shape[0], x : x + given.shape[1]]
        likeliest[there][given > most[there]] = label
        np.maximum(most[there], given, out=most[there])
    kept.sort(key=lambda instance: -instance.score)
    labels = np.zeros((height, width), np.uint8)
    for instance in reversed(kept):  # the surest on top
        if instance.score >= SURE:
            labels[place(instance)][instance.mask] = instance.class_id
    classes = int(network.roi_heads.box_predictor.cls_score.out_features)
    probabilities = np.zeros((classes, *most.shape), np.float32)
    np.put_along_axis(probabilities, likeliest[None], most[None], axis=0)
    probabilities[0] = 1 - most
    return Segmentation(labels, probabilities, tuple(kept))


def load(card: ModelCard) -> MaskRCNNSegmenter:
    """The predictor of a Mask R-CNN card."""
    network = weights.network(SlimMaskRCNN, weights.checked(card))
    return MaskRCNNSegmenter(network, card.options.max_side)
