"""What every segmentation network shares: padding, labels at full size, and the predictor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from scipy import ndimage
from torch import nn
from torch.nn import functional

from segen.errors import InputError
from segen.imaging import images
from segen.models.features.imagenet import classify
from segen.models.features.maps import features, first_kernels
from segen.models.tensors import is_out_of_memory, pixels_for
from segen.registry import MULTIPLES, TEACH_MODEL
from segen.types import (
    AttentionAt,
    Classification,
    ClassifyRequest,
    ContextRequest,
    Features,
    FeaturesRequest,
    Image,
    Kernels,
    KernelsRequest,
    Labels,
    PooledFeatures,
    PooledFeaturesRequest,
    Segmentation,
    SegmentRequest,
    Step,
    SweepsAt,
)

if TYPE_CHECKING:
    from segen.models.int8 import Int8Network

Asked = (
    SegmentRequest
    | FeaturesRequest
    | PooledFeaturesRequest
    | KernelsRequest
    | ClassifyRequest
    | ContextRequest
)
Answer = Segmentation | Features | PooledFeatures | Kernels | Classification | AttentionAt | SweepsAt
T = TypeVar("T")
STRIDE = MULTIPLES["segment"]
"""Every side of a network's input is a multiple of this."""

STRIP_PIXELS = 4_000_000
"""Labels of larger pictures are brought to full size in several steps, so that others get their turn."""

CLASSIFIED_SIDE = 320
"""The longer side of a picture that is given one label; MobileNetV2 learned from 224 x 224."""

POOLED_SIDE = 256
"""The longer side of a picture whose features are pooled."""


class SegmentationPredictor:
    """Any network from pictures to class logits, for pictures of any size.

    A picture whose longer side exceeds `max_side` is scaled down for the network, a small one enlarged up
    to `zoom` times; its labels are brought back to full size by interpolating the probabilities.

    With several `scales` the network sees the picture at each, with `mirrored` left to right as well, and
    the probabilities are averaged: Chen et al. 2017, "Rethinking Atrous Convolution", section 4.1. Of the
    classes `kinds` a connected region is one alone (`of_one_kind`).

    Where there is an `int8` copy of the network (`segen.models.int8`), a SegmentRequest asks that one.
    """

    int8: Int8Network | None = None

    def __init__(
        self,
        network: nn.Module,
        max_side: int,
        zoom: float = 1.0,
        scales: Sequence[float] = (1.0,),
        mirrored: bool = False,
        kinds: Sequence[int] = (),
    ) -> None:
        self.network, self.max_side, self.zoom = network, max_side, zoom
        self.scales, self.mirrored, self.kinds = scales, mirrored, kinds

    def __call__(self, request: Asked) -> Iterator[Step | Answer]:
        """One step, several for a large picture, then what the request asks for."""
        match request:
            case SegmentRequest():
                strips, (height, width) = [], request.image.shape[:2]
                views = [(False, 1.0)]
                if not request.once:
                    views = list(product([False, True][: 1 + self.mirrored], self.scales))
                first, *others = views
                answer, seen = self._look_at(request.image, *first)
                probabilities = functional.softmax(answer, dim=1) / len(views)
                total = len(others) + -(-height // _strip_rows(width))
                for done, view in enumerate(others, start=1):
                    yield Step(done, total)
                    answer, _ = self._look_at(request.image, *view)
                    shares = functional.softmax(answer, dim=1) / len(views)
                    probabilities += functional.interpolate(shares, probabilities.shape[-2:], mode="bilinear")
                probabilities = of_one_kind(probabilities, self.kinds)
                for strip in label_strips(probabilities, height, width):
                    strips.append(strip)
                    done = len(others) + len(strips)
                    yield Step(done, max(done, total))
                yield Segmentation(
                    labels=np.concatenate(strips),
                    probabilities=probabilities[0].float().cpu().numpy(),
                    **seen,
                )
            case FeaturesRequest():
                found = features(self.network, padded(self.seen(request.image)), request.layer)
                yield Step(1, 1)
                yield found
            case PooledFeaturesRequest():
                maps = self.network.encoder(padded(self._pixels(images.fit(request.image, POOLED_SIDE))))[-1]  # type: ignore[operator]
                yield Step(1, 1)
                yield PooledFeatures(maps[0].mean(dim=(1, 2)).float().cpu().numpy())
            case KernelsRequest():
                yield first_kernels(self.network)
            case ClassifyRequest():
                yield classify(self._pixels(images.fit(request.image, CLASSIFIED_SIDE)))
            case ContextRequest():
                yield self.context(request)
            case _:
                raise InputError("not_taught", model=TEACH_MODEL)

    def _look_at(self, image: Image, mirrored: bool, scale: float) -> tuple[torch.Tensor, dict[str, Any]]:
        """What `look` gives of a picture, or of its mirror image, at a scale, or at half of it."""
        shown = image[:, ::-1].copy() if mirrored else image
        answer, seen = smaller_if_needed(lambda scale: self.look(self.seen(shown, scale)), scale)
        return answer.flip(-1) if mirrored else answer, seen

    def look(self, pixels: torch.Tensor) -> tuple[torch.Tensor, dict[str, Any]]:
        """Class logits of 1 x 3 x h x w pixels, and further fields of the Segmentation."""
        return logits(self.int8 or self.network, pixels), {"int8": self.int8 is not None}

    def context(self, request: ContextRequest) -> AttentionAt | SweepsAt:
        """How a place gets its context. Raises InputError: most networks have convolutions alone."""
        raise InputError("no_context")

    def seen(self, image: Image, scale: float = 1.0) -> torch.Tensor:
        """The picture at the size that the network sees it, as 1 x 3 x h x w on its device."""
        side = round(self.max_side * scale)
        return self._pixels(images.enlarge(images.fit(image, side), self.zoom * scale, side))

    def _pixels(self, image: Image) -> torch.Tensor:
        return pixels_for(self.network, image)


def of_one_kind(probabilities: torch.Tensor, kinds: Sequence[int]) -> torch.Tensor:
    """1 x C x h x w probabilities in which each connected region of `kinds` is one of them alone.

    A pixel keeps the probability of all `kinds` together; how it is divided among them is told of the whole
    region, of the pixels whose likeliest class is one of them, by the means over it. So an animal is not half
    a dog and half a cat. Regions are connected by sides and corners.
    """
    if not kinds:
        return probabilities
    share = probabilities[0, list(kinds)].cpu().numpy()
    likeliest = probabilities[0].max(dim=0).indices.cpu().numpy()
    regions, count = ndimage.label(np.isin(likeliest, kinds), np.ones((3, 3)))
    sums = np.stack([np.bincount(regions.ravel(), kind.ravel(), count + 1) for kind in share])
    sums[:, 0] = 1  # of all that is in no region, and stays as it is
    divided = (sums / sums.sum(axis=0))[:, regions] * share.sum(axis=0)
    told = probabilities.clone()
    told[0, list(kinds)] = torch.from_numpy(np.where(regions > 0, divided, share)).to(told)
    return told


def smaller_if_needed(work: Callable[[float], T], scale: float) -> T:
    """What `work` gives at a scale; at half of it, where the device has too little memory."""
    try:
        return work(scale)
    except (RuntimeError, MemoryError) as fault:
        if not is_out_of_memory(fault):
            raise
    # Out here nothing holds the fault any more, nor with it the tensors of the first try.
    return work(scale / 2)


def logits(network: Callable[[torch.Tensor], torch.Tensor], pixels: torch.Tensor) -> torch.Tensor:
    """N x C x H x W class logits of N x 3 x H x W pixels, H and W being any size.

    The picture is padded, and the answer cropped.
    """
    height, width = pixels.shape[-2:]
    return two_class(network(padded(pixels))[..., :height, :width])


def padded(pixels: torch.Tensor) -> torch.Tensor:
    """N x 3 x H x W pixels with their edge repeated right and bottom up to multiples of the stride."""
    bottom, right = (-side % STRIDE for side in pixels.shape[-2:])
    return functional.pad(pixels, (0, right, 0, bottom), mode="replicate") if bottom or right else pixels


def two_class(answer: torch.Tensor) -> torch.Tensor:
    """Logits of both classes from those of a sigmoid, N x 1 x H x W; others as they are.

    A sigmoid is a softmax against a logit that is always 0, and binary cross-entropy is its cross-entropy.
    """
    return torch.cat([torch.zeros_like(answer), answer], dim=1) if answer.shape[1] == 1 else answer


def full_size_labels(probabilities: torch.Tensor, height: int, width: int) -> Labels:
    """The most probable class of each pixel at height x width, from 1 x C x h x w."""
    return np.concatenate(list(label_strips(probabilities, height, width)))


def label_strips(probabilities: torch.Tensor, height: int, width: int) -> Iterator[Labels]:
    """What `full_size_labels` gives from top to bottom, STRIP_PIXELS at a time."""
    if probabilities.shape[-2:] == (height, width):
        # Not argmax, which takes ten times as long on a CPU.
        yield probabilities[0].max(dim=0).indices.to(torch.uint8).cpu().numpy()
        return
    # The bilinear filter of functional.interpolate, whose rows are those of a strip here.
    place = (torch.arange(height, device=probabilities.device) + 0.5) * (
        probabilities.shape[-2] / height
    ) - 0.5
    place = place.clamp(min=0)
    for rows in torch.split(place, _strip_rows(width)):
        above = rows.long()
        first, last = int(above[0]), min(int(above[-1]) + 1, probabilities.shape[-2] - 1)
        wide = functional.interpolate(
            probabilities[:, :, first : last + 1], (last + 1 - first, width), mode="bilinear"
        )[0]
        upper, lower, share = above - first, (above + 1).clamp(max=last) - first, (rows - above)[:, None]
        best = torch.full((len(rows), width), -1.0, device=rows.device)
        labels = torch.zeros((len(rows), width), dtype=torch.uint8, device=rows.device)
        for id, plane in enumerate(wide):  # one at a time, so that memory does not grow with the classes
            values = torch.lerp(plane[upper], plane[lower], share)
            labels[values > best] = id
            torch.maximum(best, values, out=best)
        yield labels.cpu().numpy()


def _strip_rows(width: int) -> int:
    return max(1, STRIP_PIXELS // width)
