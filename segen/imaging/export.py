"""What a segmentation becomes outside Segen: palette PNG, overlay, regions with COCO RLE."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segen import registry
from segen.imaging import conversion, images, parts, png_text
from segen.imaging.labels import encode_labels
from segen.registry import ClassInfo, ModelCard
from segen.text import LANGUAGES, words
from segen.text.table import table
from segen.types import (
    MAX_CLUSTERS,
    NOISE,
    SURE,
    Clustering,
    ClusterRequest,
    Generation,
    Image,
    Instance,
    Labels,
    PixelClassifier,
    Segmentation,
    Translation,
)

SEGMENTATION_ENDINGS = (".labels.png", ".overlay.png", ".regions.json", ".regions.txt")
"""What stands behind the stem of a picture's name."""
INSTANCES_ENDING = ".instances.png"
"""Stands behind it, too, where a card gives instances."""
MAX_BOXES = 100
"""The boxes of a region stop here: noise falls into millions of parts, and nobody reads those."""
TAUGHT = "classifier"
"""What regions.json calls the model where a pixel classifier was taught."""
NOISE_COLOR = (230, 0, 150)
COLOR_DISTANCE = 12
SHADES = (0, 24, -24, 48, -48, 72, -72)


def card_for(card: ModelCard, image: Image, result: Segmentation | Clustering) -> ModelCard:
    """The card with the classes of this result: its own, or those that a clustering found.

    A cluster has the mean colour of its pixels, a shade apart where two would look the same.
    """
    if isinstance(result, Segmentation):
        return card
    ids = np.unique(result.labels)
    ids = ids[ids != NOISE]
    classes = [
        ClassInfo(int(id), {each: words(each, "clusters.name", number=id + 1) for each in LANGUAGES}, color)
        for id, color in zip(ids, _told_apart(_means(image, result.labels)[ids]), strict=True)
    ]
    if NOISE in result.labels:
        noise = {each: words(each, "clusters.noise") for each in LANGUAGES}
        classes.append(ClassInfo(NOISE, noise, NOISE_COLOR))
    return replace(card, classes=tuple(classes))


def taught_card(classifier: PixelClassifier) -> ModelCard:
    """The card of a classifier's encoder with the classes that were taught, and a name of its own."""
    classes = tuple(
        ClassInfo(id, dict.fromkeys(LANGUAGES, each.name), each.color)
        for id, each in enumerate(classifier.classes)
    )
    return replace(registry.card(classifier.encoder, "segment"), name=TAUGHT, classes=classes)


def _means(image: Image, labels: Labels) -> NDArray[np.float64]:
    """The mean colour of each id in H x W labels: 256 x 3, 0 for ids that are not there."""
    flat = labels.ravel()
    sums = [np.bincount(flat, image[..., channel].ravel(), minlength=256) for channel in range(3)]
    return np.stack(sums, axis=1) / np.maximum(np.bincount(flat, minlength=256), 1)[:, None]


def _told_apart(colors: NDArray[np.float64]) -> list[tuple[int, int, int]]:
    """n x 3 colours, each made lighter or darker if it comes too near to noise or to one before it."""
    taken = np.array([NOISE_COLOR])
    for color in np.rint(colors):
        shades = [np.clip(color + shade, 0, 255).astype(int) for shade in SHADES]
        free = (shade for shade in shades if np.linalg.norm(taken - shade, axis=1).min() >= COLOR_DISTANCE)
        taken = np.vstack([taken, next(free, shades[0])])
    return [(red, green, blue) for red, green, blue in taken[1:].tolist()]


def remarks(
    card: ModelCard, request: ClusterRequest, clustering: Clustering, language: str = "en"
) -> list[str]:
    """What must be known to read this clustering aright, in sentences; often nothing."""
    facts = {
        "fewer": "k" in card.options.controls and clustering.clusters < request.k,
        "more": clustering.clusters > MAX_CLUSTERS,
        "no_silhouette": clustering.silhouette is None,
    }
    values = {"clusters": clustering.clusters, "k": request.k, "most": MAX_CLUSTERS, "noise": NOISE}
    return [words(language, f"clusters.{fact}", **values) for fact, holds in facts.items() if holds]


def labels_png(card: ModelCard, labels: Labels) -> bytes:
    """An 8-bit palette PNG in the card's colours; its raw values are the class ids of H x W `labels`."""
    return encode_labels(labels, card.palette())


def overlay(card: ModelCard, image: Image, labels: Labels, opacity: float = 0.5) -> Image:
    """The H x W x 3 picture under the colours of its labels; `opacity` 0 is the picture, 1 the colours."""
    palette, laid = np.array(card.palette(), dtype=np.uint8), np.empty_like(image)
    for top in range(0, len(image), conversion.STRIP_ROWS):  # a copy of a large picture as a whole costs much
        rows = slice(top, top + conversion.STRIP_ROWS)
        laid[rows] = images.mix(image[rows], palette[labels[rows]], opacity)
    return laid


def regions(card: ModelCard, result: Segmentation | Clustering) -> dict[str, Any]:
    """The content of regions.json: for each class in the picture its pixels, share, boxes and RLE.

    A region's boxes [x, y, width, height] enclose its connected parts, pixels that touch at a corner
    included, the part with most pixels first, MAX_BOXES at most. RLE is COCO's compressed form. Instances
    follow, if the card gives any, the surest first, with ids from 1; those below a score of SURE as well.
    """
    labels = result.labels
    height, width = labels.shape
    counts = parts.count(labels, 256)
    boxes = _boxes(labels)
    columns = np.asfortranarray(labels)  # COCO counts down the columns
    return {
        "version": 1,
        "model": card.name,
        "width": width,
        "height": height,
        "silhouette": result.silhouette if isinstance(result, Clustering) else None,
        "sample_pixels": result.sample_pixels if isinstance(result, Clustering) else None,
        "regions": [
            {
                "id": known.id,
                "name": known.name,
                "color": list(known.color),
                "pixels": int(counts[known.id]),
                "share": int(counts[known.id]) / labels.size,
                "boxes": boxes[known.id],
                "rle": run_lengths(columns == known.id),
            }
            for known in sorted(card.classes, key=lambda known: known.id)
            if counts[known.id]
        ],
        "instances": [
            {
                "id": id,
                "class_id": instance.class_id,
                "score": instance.score,
                "box": list(instance.box),
                "pixels": int(instance.mask.sum()),
                "rle": _rle_of_part(instance, height, width),
            }
            for id, instance in enumerate(_instances(result), start=1)
        ],
    }


def _instances(result: Segmentation | Clustering) -> tuple[Instance, ...]:
    return (result.instances or ()) if isinstance(result, Segmentation) else ()


def instances_png(labels: Labels, instances: tuple[Instance, ...]) -> bytes:
    """A 16-bit grey PNG of the size of `labels`: the id of the instance at each pixel, 0 where there is none.

    The ids are those of regions.json. Those of a score below SURE are left out, as they are in the labels;
    where instances overlap, the surest is on top.
    """
    ids = np.zeros(labels.shape, np.uint16)
    for id, instance in reversed(list(enumerate(instances, start=1))):
        if instance.score >= SURE:
            x, y, width, height = instance.box
            ids[y : y + height, x : x + width][instance.mask] = id
    return images.encode(ids)


def _boxes(labels: Labels) -> dict[int, list[list[int]]]:
    """The boxes of the largest connected parts of each class in the picture, by class id."""
    from scipy import ndimage

    found_parts, total = parts.connected(labels)
    pixels = parts.count(found_parts, total + 1)
    ids = np.zeros(pixels.size, dtype=np.uint8)
    for rows in parts.strips(*labels.shape):
        ids[found_parts[rows]] = labels[rows]
    ids_of_parts = ids[1:]
    kept = np.concatenate(
        [
            members[np.argsort(-pixels[members], kind="stable")[:MAX_BOXES]]
            for members in (1 + np.flatnonzero(ids_of_parts == id) for id in np.unique(ids_of_parts))
        ]
    )
    # Noise has millions of parts: only those that are kept may become Python objects.
    order = np.zeros(pixels.size, dtype=np.uint16)
    order[kept] = np.arange(1, kept.size + 1)
    for rows in parts.strips(*labels.shape):
        found_parts[rows] = order[found_parts[rows]]
    found: dict[int, list[list[int]]] = {}
    for part, (y, x) in zip(kept, ndimage.find_objects(found_parts), strict=True):
        box = [x.start, y.start, x.stop - x.start, y.stop - y.start]
        found.setdefault(int(ids[part]), []).append(box)
    return found


def run_lengths(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """COCO's compressed run-length encoding of an H x W mask: {size: [H, W], counts}."""
    from pycocotools import mask as coco

    encoded = coco.encode(np.asfortranarray(mask).view(np.uint8))
    return {"size": list(encoded["size"]), "counts": encoded["counts"].decode("ascii")}


def _rle_of_part(instance: Instance, height: int, width: int) -> dict[str, Any]:
    """The RLE of an instance in a height x width picture, made from the columns of its box alone."""
    from pycocotools import mask as coco

    x, y, across, down = instance.box
    columns = np.zeros((across, height), np.int8)
    columns[:, y : y + down] = instance.mask.T
    changes = np.flatnonzero(np.diff(columns.ravel(), prepend=0, append=0)) + x * height
    runs = np.diff(changes, prepend=0, append=height * width)
    # The last run may be empty, but COCO itself writes none such.
    counts = runs.tolist() if runs[-1] else runs[:-1].tolist()
    encoded = coco.frPyObjects({"size": [height, width], "counts": counts}, height, width)
    return {"size": list(encoded["size"]), "counts": encoded["counts"].decode("ascii")}


def instances_text(card: ModelCard, instances: tuple[Instance, ...], language: str = "en") -> str:
    """How many instances of each class there are, and how large, as a table for people.

    Those of a score below SURE do not count.
    """
    columns = ("instances", "count", "smallest", "median", "largest")
    rows = [[words(language, f"regions.{column}") for column in columns]]
    for known in card.classes[1:]:
        pixels = [
            int(instance.mask.sum())
            for instance in instances
            if instance.class_id == known.id and instance.score >= SURE
        ]
        sizes = (min(pixels), float(np.median(pixels)), max(pixels)) if pixels else ()
        cells = [f"{size:,.0f}" for size in sizes] or ["-"] * 3
        rows.append([known.name[language], f"{len(pixels):,}", *cells])
    return table(rows)


def regions_text(regions: dict[str, Any], language: str = "en") -> str:
    """The regions as a table for people, the largest first."""
    heading = [words(language, f"regions.{column}") for column in ("name", "share", "pixels", "parts")]
    rows = [heading]
    for region in sorted(regions["regions"], key=lambda region: -region["pixels"]):
        parts = len(region["boxes"])
        rows.append(
            [
                region["name"][language],
                f"{region['share']:.1%}",
                f"{region['pixels']:,}",
                f"{parts}+" if parts == MAX_BOXES else f"{parts}",
            ]
        )
    return table(rows)


def contents(
    card: ModelCard, image: Image, result: Segmentation | Clustering, language: str = "en"
) -> dict[str, bytes]:
    """The content of each file, by its ending; `card` is the one that `card_for` gives."""
    found, text = regions(card, result), ""
    numbered = {}
    if isinstance(result, Segmentation) and result.instances is not None:
        text = "\n" + instances_text(card, result.instances, language)
        numbered[INSTANCES_ENDING] = instances_png(result.labels, result.instances)
    parts = (
        labels_png(card, result.labels),
        images.encode(overlay(card, image, result.labels)),
        f"{json.dumps(found, ensure_ascii=False)}\n".encode(),
        (regions_text(found, language) + text).encode(),
    )
    return dict(zip(SEGMENTATION_ENDINGS, parts, strict=True)) | numbered


def picture_file(result: Generation, index: int) -> tuple[str, bytes]:
    """Name and content of one generated picture: seed-000040.png, grey where the pictures are."""
    image = result.images[index]
    content = png_text.marked(image[..., 0] if result.grey else image, "trainedAlgorithmicMedia")
    return f"seed-{result.seeds[index]:06d}.png", content


def generated(card: ModelCard, result: Generation) -> dict[str, Any]:
    """What was generated as JSON: {version, model, pictures: [{seed, file, label}]}, labels ids or null."""
    labels = result.labels or (None,) * len(result.seeds)
    pictures = [
        {"seed": seed, "file": f"seed-{seed:06d}.png", "label": label}
        for seed, label in zip(result.seeds, labels, strict=True)
    ]
    return {"version": 1, "model": card.name, "pictures": pictures}


def translated_file(result: Translation) -> bytes:
    """The PNG of a translated picture, grey where it is."""
    image = result.image[..., 0] if result.grey else result.image
    return png_text.marked(image, "compositeWithTrainedAlgorithmicMedia")
