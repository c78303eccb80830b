"""The viewer: a picture with a label for each pixel, looked at in the browser without asking the server."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from segen import images
from segen.registry import ModelCard
from segen.types import Clustering, Image, Labels, Segmentation
from segen.ui.picture import data_uri

VIEWS = ("overlay", "labels", "entropy", "compare")
"""The ways to look at a result."""
PHOTO_SIDE = 1280
"""The longer side of the photo as it is shown; labels stay at the size the network worked at."""


def viewer(views: Sequence[str], **options: Any) -> gr.HTML:
    """A viewer with these of VIEWS, the first shown at the start.

    Its value is what `contents` returns, or None for none yet.
    """
    template, style, script = (
        files(__package__).joinpath(f"viewer.{kind}").read_text(encoding="utf-8")
        for kind in ("html", "css", "js")
    )
    return gr.HTML(
        html_template=template,
        css_template=style,
        js_on_load=script,
        apply_default_css=False,
        views=views,
        **options,
    )


def contents(card: ModelCard, image: Image, result: Segmentation | Clustering) -> dict[str, Any]:
    """What the viewer shows, as JSON values; maps are PNGs, and `share` is of all pixels."""
    shares = np.bincount(result.labels.ravel(), minlength=256) / result.labels.size
    photo = images.encode(images.fit(image, PHOTO_SIDE), "JPEG", quality=90)
    maps = _probable(card, result) if isinstance(result, Segmentation) else _certain(result.labels)
    return {
        **maps,
        "photo": data_uri(photo, "image/jpeg"),
        "classes": [
            {"id": known.id, "name": known.name, "color": known.color, "share": float(shares[known.id])}
            for known in card.classes
        ],
    }


def _probable(card: ModelCard, segmentation: Segmentation) -> dict[str, Any]:
    """The maps of a network's result, at the h x w it worked at.

    `ids` and `probabilities` are RGB: the three likeliest class ids of each pixel, and how likely each
    is, 255 for certain. Opaque RGB, because a canvas mixes colours with alpha and would lose the exact
    values. `entropy` is grey, 0 for certain, 255 for all classes alike.
    """
    likeliest, probabilities = _likeliest(segmentation.probabilities, 3)
    ids = np.array([known.id for known in card.classes], dtype=np.uint8)
    height, width = segmentation.probabilities.shape[1:]
    return {
        "width": width,
        "height": height,
        "ids": _png(ids[likeliest]),
        "probabilities": _png(_bytes(probabilities)),
        "entropy": _png(_bytes(entropy(segmentation))),
    }


def _certain(labels: Labels) -> dict[str, Any]:
    """The maps of a result without probabilities: `ids` is grey, with sides of PHOTO_SIDE at most."""
    step = -(-max(labels.shape) // PHOTO_SIDE)
    shown = labels[::step, ::step]
    height, width = shown.shape
    ids = _png(np.ascontiguousarray(shown))
    return {"width": width, "height": height, "ids": ids, "probabilities": None, "entropy": None}


def entropy(segmentation: Segmentation) -> NDArray[np.float32]:
    """How undecided the network was at each pixel: h x w, 0 for certain, 1 for all classes alike."""
    probabilities = np.clip(segmentation.probabilities, 1e-9, 1)
    spread = -(probabilities * np.log(probabilities)).sum(axis=0)
    share: NDArray[np.float32] = np.clip(spread / np.log(max(2, len(probabilities))), 0, 1)
    return share


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
