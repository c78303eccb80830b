"""The viewer: a picture with a label for each pixel, looked at in the browser without asking the server."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from segen import images
from segen.registry import ModelCard
from segen.types import Image, Segmentation
from segen.ui.picture import data_uri

VIEWS = ("overlay", "labels", "entropy", "compare")
"""The ways to look at a result; the first is shown at the start."""
PHOTO_SIDE = 1280
"""The longer side of the photo as it is shown; labels stay at the size the network worked at."""


def viewer(**options: Any) -> gr.HTML:
    """A viewer whose value is what `contents` returns, or None for none yet."""
    template, style, script = (
        files(__package__).joinpath(f"viewer.{kind}").read_text(encoding="utf-8")
        for kind in ("html", "css", "js")
    )
    return gr.HTML(
        html_template=template, css_template=style, js_on_load=script, apply_default_css=False, **options
    )


def contents(card: ModelCard, image: Image, segmentation: Segmentation) -> dict[str, Any]:
    """What the viewer shows, as JSON values; maps are PNGs at the network's h x w.

    `ids` and `probabilities` are RGB: the three likeliest class ids of each pixel, and how likely each
    is, 255 for certain. Opaque RGB, because a canvas mixes colours with alpha and would lose the exact
    values. `entropy` is grey, 0 for certain, 255 for all classes alike. `share` is of all pixels.
    """
    likeliest, probabilities = _likeliest(segmentation.probabilities, 3)
    ids = np.array([known.id for known in card.classes], dtype=np.uint8)
    shares = np.bincount(segmentation.labels.ravel(), minlength=256) / segmentation.labels.size
    photo = images.encode(images.fit(image, PHOTO_SIDE), "JPEG", quality=90)
    height, width = segmentation.probabilities.shape[1:]
    return {
        "width": width,
        "height": height,
        "photo": data_uri(photo, "image/jpeg"),
        "ids": _png(ids[likeliest]),
        "probabilities": _png(_bytes(probabilities)),
        "entropy": _png(_bytes(entropy(segmentation))),
        "classes": [
            {"id": known.id, "name": known.name, "color": known.color, "share": float(shares[known.id])}
            for known in card.classes
        ],
    }


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
