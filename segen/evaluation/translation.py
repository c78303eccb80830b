"""A card that translates, measured against labels, true drawings, or the photographs of its other domain."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label
from skimage.filters import threshold_otsu
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from segen import registry
from segen.data import datasets, listing
from segen.data.synthetic import nuclei
from segen.engine import Engine
from segen.errors import DataError
from segen.evaluation import distances
from segen.evaluation.instances import InstanceMetrics
from segen.evaluation.labels import LabelMetrics
from segen.evaluation.matching import Matching
from segen.imaging import corruptions, images, lines
from segen.models.features import imagenet
from segen.registry import ModelCard
from segen.text import words
from segen.types import (
    DIRECTIONS,
    ClusterRequest,
    CycleRequest,
    Direction,
    Image,
    Instance,
    Progress,
    SegmentRequest,
    TranslateRequest,
)

Masker = Callable[[Image], NDArray[np.float32]]
"""Of H x W x 3: H x W, from 0 for background to 1 for a nucleus."""
MIN_PIXELS = 12
"""Of a nucleus among the connected parts of a mask."""
LEAST = 20
"""Photographs of a domain below which nothing is measured."""
PAIRED = "pix2pix-nuclei"
"""The card that learned from pairs what others learn from pictures and masks apart."""
SEGMENTER = {"nuclei": "unet-nuclei", "camvid": "unet-camvid"}
"""The card that learned from labels, by data set: what a translation is compared with, or judged by."""


def measure(
    engine: Engine, card: ModelCard, data: str | Path | None, split: str, progress: Progress
) -> dict[str, Any]:
    """{data, items, metrics} of a card, by its option `measure`, a table of one kind (KINDS) and a direction.

    Photographs and drawings also give `features`, whose space the distances are in. Raises DataError when the
    data cannot be used, WeightsError where a network is missing that measures.
    """
    ((kind, direction),) = card.options.measure.items()
    root = datasets.locate(data, card.dataset)
    return {"data": card.dataset, **KINDS[kind](engine, card, root, split, direction, progress)}


def _masks(
    engine: Engine, card: ModelCard, root: Path, split: str, direction: Direction, progress: Progress
) -> dict[str, Any]:
    """As a segmenter, beside what needs no labels either and what needs them."""
    ways: dict[str, Masker] = {
        card.name: _translated(engine, card.name, direction),
        PAIRED: _translated(engine, PAIRED, registry.card(PAIRED).options.measure["masks"]),
        "Otsu": _otsu,
        "K-means": lambda image: _smaller(engine.run("kmeans", ClusterRequest(image, k=2)).value.labels),
        SEGMENTER[card.dataset]: lambda image: _labelled(engine, image, SEGMENTER[card.dataset]),
    }
    classes = datasets.classes(root, card.dataset)
    (survey,) = datasets.survey(root, classes, [split], numbered=True)
    pixels = {name: LabelMetrics(classes) for name in ways}
    parts = {name: InstanceMetrics() for name in ways}
    matches = {name: Matching() for name in ways}
    for pair in progress(survey.pairs):
        image, numbers = datasets.read_instances(pair, survey.coding)
        for name, way in ways.items():
            mask = way(image)
            pixels[name].update((mask > 0.5).astype(np.uint8), (numbers > 0).astype(np.uint8))
            found = connected(mask)
            parts[name].update(found, numbers)
            matches[name].update(found, numbers)
    second = classes[1].name["en"]
    return {
        "items": len(survey.pairs),
        "metrics": {
            **pixels[card.name].compute(),
            "nucleus_iou": {name: each.compute()["iou"].get(second, 0.0) for name, each in pixels.items()},
            "components_ap_50": {name: each.compute()["mask_ap_50"] for name, each in parts.items()},
            "components_matched_ap": {name: each.compute() for name, each in matches.items()},
        },
    }


def _translated(engine: Engine, name: str, direction: Direction) -> Masker:
    """What a card that translates draws, as a mask."""
    return lambda image: _red(engine.run(name, TranslateRequest(image, direction)).value.image)


def connected(mask: NDArray[np.float32]) -> tuple[Instance, ...]:
    """The connected parts of an H x W mask above 0.5, as sure as its mean over them, the surest first."""
    numbers, _ = label(mask > 0.5)
    found = []
    for number, place in enumerate(find_objects(numbers), start=1):
        inside = numbers[place] == number
        if inside.sum() >= MIN_PIXELS:
            rows, columns = place
            box = (columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
            found.append(Instance(1, float(mask[place][inside].mean()), box, inside))
    return tuple(sorted(found, key=lambda each: -each.score))


def _red(image: Image) -> NDArray[np.float32]:
    """Grey of three channels as 0 to 1."""
    return np.asarray(image[..., 0], dtype=np.float32) / np.float32(255)


def _otsu(image: Image) -> NDArray[np.float32]:
    """Above Otsu's threshold of the stretched grey (Otsu 1979); nothing of a flat picture."""
    grey = nuclei.stretched(image)
    threshold: int = threshold_otsu(grey) if grey.min() < grey.max() else 255  # type: ignore[no-untyped-call]
    return _hard(grey > threshold)


def _smaller(clusters: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The second of two clusters by size, since most of a microscope picture is background."""
    return _hard(clusters == 1)


def _labelled(engine: Engine, image: Image, name: str) -> NDArray[np.float32]:
    """The pixels that a segmentation card labels as nucleus."""
    return _hard(engine.run(name, SegmentRequest(image)).value.labels == 1)


def _hard(inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    return inside.astype(np.float32)


def _photographs(
    engine: Engine, card: ModelCard, root: Path, split: str, direction: Direction, progress: Progress
) -> dict[str, Any]:
    """How far translated photographs are from real ones, both ways, and what a cycle keeps."""
    height, width = card.input_size

    def read(part: str, letter: str) -> list[Image]:
        paths = datasets.half(root, part, letter)
        return listing.read_all(root, paths, lambda image: images.resize(image, height, width))

    halves = [(part, letter) for part in (split, "train") for letter in "AB"]
    read_halves = listing.together(*(partial(read, *half) for half in halves))
    photographs = dict(zip(halves, read_halves, strict=True))
    domains = {"forward": photographs[split, "A"], "backward": photographs[split, "B"]}
    if min(map(len, domains.values())) < LEAST:
        raise DataError("no_floor", least=LEAST)
    features = {way: _looks(domain, root) for way, domain in domains.items()}
    metrics: dict[str, Any] = {"gap_closed": {}, "gap_closed_compressed": {}, "cycle_psnr": {}}
    for way, other, letter in zip(DIRECTIONS, DIRECTIONS[::-1], "BA", strict=True):
        made, kept = [], []
        for image in progress(domains[way]):
            made.append(engine.run(card.name, TranslateRequest(image, way)).value.image)
            cycle = engine.run(card.name, CycleRequest(image, way)).value
            kept.append(
                float(peak_signal_noise_ratio(_unit(cycle.backward), _unit(cycle.given), data_range=1.0))
            )
        train = photographs["train", letter]
        chosen = np.random.default_rng(0).permutation(len(train))[: len(made)]
        floor = [train[index] for index in chosen]
        looks = {"translated": _looks(made, root), "untouched": features[way], "real": _looks(floor, root)}
        metrics |= {
            f"kernel_{way}_{name}": distances.kernel(each[0], features[other][0])
            for name, each in looks.items()
        }
        for number, metric in enumerate(("gap_closed", "gap_closed_compressed")):
            metrics[metric][way] = distances.gap_closed(
                **{name: each[number] for name, each in looks.items()}, target=features[other][number]
            )
        metrics["cycle_psnr"][way] = float(np.mean(kept))
    count = sum(map(len, domains.values()))
    return {"items": count, "metrics": metrics, "features": words("en", "features.color")}


def _looks(photographs: list[Image], root: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The features of photographs, and those once they are compressed as JPEG."""
    compressed = [corruptions.jpeg(image, 1, 0) for image in photographs]
    return imagenet.pooled(np.stack(photographs), root), imagenet.pooled(np.stack(compressed), root)


def _drawings(
    engine: Engine, card: ModelCard, root: Path, split: str, direction: Direction, progress: Progress
) -> dict[str, Any]:
    """How near the coloured lines come to the true drawing, beside the lines and one colour for all."""
    height, width = card.input_size

    def read(part: str) -> Any:
        paths = datasets.emoji(root, part)
        return np.stack(listing.read_all(root, paths, lambda image: images.resize(image, height, width)))

    true, train = listing.together(partial(read, split), partial(read, "train"))
    drawn = np.stack([np.repeat(lines.drawing(image)[..., None], 3, axis=2) for image in true])
    made = [
        engine.run(card.name, TranslateRequest(image, direction)).value.image
        for image in progress(list(drawn))
    ]
    mean = np.rint(train.mean(axis=(0, 1, 2))).astype(np.uint8)
    ways = {
        card.name: np.stack(made),
        "lines": drawn,
        "mean colour": np.broadcast_to(mean, true.shape).copy(),
    }
    metrics: dict[str, dict[str, float]] = {"l1": {}, "ssim": {}, "feature_distance": {}}
    for name, each in ways.items():
        found, wanted = (_unit(pictures).permute(0, 3, 1, 2) for pictures in (each, true))
        metrics["l1"][name] = float((found - wanted).abs().mean())
        alike = structural_similarity_index_measure(found, wanted, data_range=1.0)
        assert isinstance(alike, torch.Tensor)
        metrics["ssim"][name] = float(alike)
        metrics["feature_distance"][name] = float(imagenet.feature_distances(each, true, root).mean())
    return {"items": len(true), "metrics": metrics, "features": imagenet.PAIRED}


def _streets(
    engine: Engine, card: ModelCard, root: Path, split: str, direction: Direction, progress: Progress
) -> dict[str, Any]:
    """Whether a network that learned from real photographs finds the label map in the drawn one again.

    It sees each once: enlarged, a drawn photograph shows that it was drawn at half the size.
    """
    classes = datasets.classes(root, card.dataset)
    colors = np.zeros((256, 3), dtype=np.uint8)
    for known in classes:
        colors[known.id] = known.color
    (survey,) = datasets.survey(root, classes, [split])
    found = {"generated": LabelMetrics(classes), "real": LabelMetrics(classes)}
    for pair in progress(survey.pairs):
        image, labels = datasets.read(pair, classes, survey.coding)
        photo = engine.run(card.name, TranslateRequest(colors[labels], direction)).value.image
        for name, seen in (("generated", photo), ("real", image)):
            asked = SegmentRequest(seen, once=True)
            found[name].update(engine.run(SEGMENTER[card.dataset], asked).value.labels, labels)
    values = {name: each.compute() for name, each in found.items()}
    share = values["generated"]["mean_iou"] / max(values["real"]["mean_iou"], 1e-12)
    return {
        "items": len(survey.pairs),
        "metrics": {
            "resegmentation_ratio": {
                **{name: each["mean_iou"] for name, each in values.items()},
                "share": share,
            },
            "resegmentation_ratio_by_class": values["generated"]["iou"],
            "resegmentation_accuracy": {name: each["pixel_accuracy"] for name, each in values.items()},
        },
    }


KINDS = {"masks": _masks, "photographs": _photographs, "drawings": _drawings, "streets": _streets}
"""What a card's option `measure` names."""


def _unit(image: Image) -> torch.Tensor:
    return torch.from_numpy(image.astype(np.float32) / 255)
