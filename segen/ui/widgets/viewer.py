"""The viewer: a picture with a label for each pixel, looked at in the browser without asking the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from segen.evaluation.unfamiliar import relative_entropy
from segen.imaging import images
from segen.registry import ModelCard
from segen.types import SURE, Attention, Clustering, Image, Instance, Labels, Segmentation
from segen.ui.framework.component import component
from segen.ui.framework.data_uri import data_uri

VIEWS = (
    "overlay", "labels", "entropy", "disagreement", "attention", "discriminator_score", "instances",
    "compare",
)  # fmt: skip
"""The ways to look at a result; the viewer offers those that the result has."""
OF_ALL = ("overlay", "labels", "compare")
"""What every result has."""
MIN_PEAK = 0.05
"""Disagreement is coloured up to its greatest value, but noise below this stays dark."""
PHOTO_SIDE = 1280
"""The longer side of the photo as it is shown; labels stay at the size the network worked at."""


def viewer(views: Sequence[str], **options: Any) -> gr.HTML:
    """A viewer for these of VIEWS, the first shown at the start and where a result lacks the one chosen.

    Its value is what `contents` returns, or None for none yet. Instances are seen from a score of SURE on, as
    labels, counts and files have them, until a visitor moves the slider.
    """
    return component("viewer", views=views, sure=SURE, **options)


def contents(
    card: ModelCard,
    image: Image,
    result: Segmentation | Clustering,
    disagreement: NDArray[np.float32] | None = None,
) -> dict[str, Any]:
    """What the viewer shows, as JSON values; maps are PNGs, and `share` is of all pixels.

    `views` are those of VIEWS that this result has. `disagreement` is h x w in 0 to 1, of the size of the
    probabilities; the viewer opens on it. `heat` has grey maps by view, each with its `peak`, the value that
    255 stands for.
    """
    shares = np.bincount(result.labels.ravel(), minlength=256) / result.labels.size
    photo = images.encode(images.fit(image, PHOTO_SIDE), "JPEG", quality=90)
    maps = _probable(card, result) if isinstance(result, Segmentation) else _certain(result.labels)
    if disagreement is not None:
        peak = max(float(disagreement.max()), MIN_PEAK)
        maps["heat"]["disagreement"] = {"map": _png(_bytes(disagreement / peak)), "peak": peak}
    present = {*OF_ALL, *maps["heat"], *(view for view in ("attention", "instances") if maps.get(view))}
    return {
        **maps,
        "views": [view for view in VIEWS if view in present],
        "opens": "disagreement" if disagreement is not None else None,
        "photo": data_uri(photo, "image/jpeg"),
        "classes": [
            {"id": known.id, "name": known.name, "color": known.shown, "share": float(shares[known.id])}
            for known in card.classes
        ],
    }


def _probable(card: ModelCard, segmentation: Segmentation) -> dict[str, Any]:
    """The maps of a network's result, at the h x w it worked at.

    `ids` and `probabilities` are RGB: the three likeliest class ids of each pixel, and how likely each
    is, 255 for certain. Opaque RGB, because a canvas mixes colours with alpha and would lose the exact
    values.
    """
    likeliest, probabilities = _likeliest(segmentation.probabilities, 3)
    ids = np.array([known.id for known in card.classes], dtype=np.uint8)
    height, width = segmentation.probabilities.shape[1:]
    heat = {"entropy": relative_entropy(segmentation.probabilities)}
    if segmentation.discriminator_score is not None:
        heat["discriminator_score"] = segmentation.discriminator_score
    return {
        "width": width,
        "height": height,
        "ids": _png(ids[likeliest]),
        "probabilities": _png(_bytes(probabilities)),
        "heat": {view: {"map": _png(_bytes(values)), "peak": 1.0} for view, values in heat.items()},
        "attention": _attended(segmentation.attention) if segmentation.attention else None,
        "instances": None
        if segmentation.instances is None
        else _found(segmentation.instances, segmentation.labels.shape, (height, width)),
    }


def _attended(attention: Attention) -> dict[str, Any]:
    """The n x n shares as one grey PNG, each row scaled so that its greatest share, in `greatest`, is 255."""
    greatest = attention.shares.max(axis=1)
    return {
        "rows": attention.rows,
        "columns": attention.columns,
        "stride": attention.stride,
        "greatest": [round(float(share), 6) for share in greatest],
        "map": _png(_bytes(attention.shares / greatest[:, None])),
    }


def _found(instances: tuple[Instance, ...], size: tuple[int, ...], shown: tuple[int, int]) -> dict[str, Any]:
    """Instances on a picture of H x W, by their numbers from 1 on, the surest first.

    `map` is an RGB PNG of h x w numbers, 256 times red plus green, 0 for none; where instances overlap, the
    surest is seen, so that hiding the unsure ones never uncovers another. `pixels` are counted in H x W, a
    `box` is x, y, width and height in shares of it.
    """
    numbers = np.zeros(size, dtype=np.uint16)
    for number, instance in reversed(list(enumerate(instances, start=1))):
        x, y, width, height = instance.box
        numbers[y : y + height, x : x + width][instance.mask] = number
    (height, width), (tall, wide) = shown, size
    seen = numbers[np.ix_(np.arange(height) * tall // height, np.arange(width) * wide // width)]
    return {
        "map": _png(np.stack([seen >> 8, seen & 255, np.zeros_like(seen)], axis=-1).astype(np.uint8)),
        "list": [
            {
                "id": each.class_id,
                "score": each.score,
                "pixels": int(each.mask.sum()),
                "box": np.round(np.divide(each.box, (wide, tall) * 2), 4).tolist(),
            }
            for each in instances
        ],
    }


def _certain(labels: Labels) -> dict[str, Any]:
    """The maps of a result without probabilities: `ids` is grey, with sides of PHOTO_SIDE at most."""
    step = -(-max(labels.shape) // PHOTO_SIDE)
    shown = labels[::step, ::step]
    height, width = shown.shape
    ids = _png(np.ascontiguousarray(shown))
    return {"width": width, "height": height, "ids": ids, "probabilities": None, "heat": {}}


def _likeliest(
    probabilities: NDArray[np.float32], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Indices and values of the `count` highest of C x h x w, the highest first; both h x w x count."""
    left = probabilities.copy()
    rounds = []
    for _ in range(count):
        best = left.argmax(axis=0)[None]
        rounds.append((best[0], np.take_along_axis(probabilities, best, axis=0)[0]))
        np.put_along_axis(left, best, -1.0, axis=0)
    indices, values = zip(*rounds, strict=True)
    return np.stack(indices, axis=-1), np.stack(values, axis=-1)


def _bytes(shares: NDArray[np.float32]) -> NDArray[np.uint8]:
    return (shares * 255 + 0.5).astype(np.uint8)


def _png(values: NDArray[np.uint8]) -> str:
    return data_uri(images.encode(values, "PNG", compress_level=3), "image/png")
