"""A card that generates, measured against the real pictures of a split."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segen.data import datasets, listing, raw
from segen.engine import Engine
from segen.errors import DataError
from segen.evaluation import distances
from segen.imaging import images
from segen.models.features import classifier, imagenet, inception
from segen.registry import ModelCard
from segen.text import words
from segen.types import ElboTermsRequest, GenerateRequest, Pictures, PriorsRequest, Progress, Sampler

SAMPLES = 2_000
"""Generated pictures, the same number for every card, since a Fréchet distance falls with it."""
SMALLER = (100, 1_000)
"""Of them, to show by how much it falls."""
GUIDANCES = (1.5, 3.0)
"""Scales of classifier-free guidance that diffusion is measured at beside 1, which is none."""
AT_ONCE = 320
LEAST = 20
"""Real pictures below which nothing is measured."""
Look = Callable[[Pictures], tuple[distances.Features, NDArray[np.int64] | None]]
HIT = 0.01
"""A class is hit when this share of the pictures is taken for it."""


def measure(
    engine: Engine,
    card: ModelCard,
    data: str | Path | None,
    split: str,
    progress: Progress,
) -> dict[str, Any]:
    """{data, items, real_items, metrics, features} of a card; `items` pictures were generated.

    They are those of the seeds from 0 on, SAMPLES or as many as the training split has; a conditional card is
    asked for all classes alike, and diffusion again with each of GUIDANCES. They are compared with all the
    split's pictures, `real_items`. FID is measured, too, where the user has its weights. Raises DataError
    when the data cannot be used, WeightsError where a network is missing whose features are taken.
    """
    root = datasets.locate(data, card.dataset)
    real, train = listing.together(*(partial(_real, root, card, each) for each in (split, "train")))
    count = min(SAMPLES, len(train))
    if min(count, len(real)) < LEAST:
        raise DataError("no_floor", least=LEAST)
    look, named = _space(card, root)
    of_inception = inception.weights_file(root)
    made, asked = _generate(engine, card, count, progress)
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (count, *real.shape[1:]), dtype=np.uint8)
    others = train[rng.permutation(len(train))[:count]]
    truth, floor, ceiling = (look(each)[0] for each in (real, others, noise))
    features, seen = look(made)
    metrics = _distances(features, truth, floor, ceiling)
    if of_inception:
        metrics["fid"] = _fid(made, others, noise, real, of_inception, progress)
    if seen is not None:
        metrics |= _classes(card, seen)
    if seen is not None and asked is not None:
        metrics["label_agreement"] = _agreement(seen, asked)
        if card.options.diffusion:
            metrics |= _guided(engine, card, count, look, truth, progress)
    if card.options.encodes:
        metrics |= _elbo_terms(engine, card, real) | _priors(engine, card, others, look, truth)
    return {
        "data": card.dataset,
        "items": count,
        "real_items": len(real),
        "metrics": metrics,
        "features": named,
    }


def measure_sampler(
    engine: Engine,
    card: ModelCard,
    data: str | Path | None,
    split: str,
    sampler: Sampler,
    steps: int,
    progress: Progress,
) -> dict[str, Any]:
    """{kernel_distance, frechet_distance} of SAMPLES pictures that diffusion draws so, as `measure` has them.

    Raises what `measure` raises.
    """
    root = datasets.locate(data, card.dataset)
    look, _ = _space(card, root)
    truth, _ = look(_real(root, card, split))
    made, _ = _generate(engine, card, SAMPLES, progress, sampler=sampler, steps=steps)
    features, _ = look(made)
    return {
        "kernel_distance": distances.kernels([features], truth)[0],
        "frechet_distance": distances.frechet(features, truth),
    }


def _real(root: Path, card: ModelCard, split: str) -> Pictures:
    """The real pictures of a split at the card's size."""
    if (root / "raw").is_dir():
        return np.repeat(raw.read(root, split)[0][..., None], 3, axis=3)
    paths = datasets.pictures(root, split)
    return np.stack(listing.read_all(root, paths, lambda image: images.resize(image, *card.input_size)))


def _space(card: ModelCard, root: Path) -> tuple[Look, str]:
    """What gives features and, where it knows the classes, those of pictures; and the name of that space."""
    if not card.options.grey:
        return lambda pictures: (imagenet.pooled(pictures, root), None), words("en", "features.color")
    network = classifier.shipped()
    return (
        lambda pictures: classifier.look(network, pictures[..., 0]),
        words("en", "features.grey"),
    )


def _generate(
    engine: Engine, card: ModelCard, count: int, progress: Progress, **sampling: Any
) -> tuple[Pictures, NDArray[np.int64] | None]:
    """Pictures in random order, and the classes that were asked for; `sampling` is a GenerateRequest's."""
    labels = [known.id for known in card.classes] if card.conditional else [None]
    requests = [
        GenerateRequest(seeds[begin : begin + AT_ONCE], label, **sampling)
        for label, seeds in zip(labels, _split(range(count), len(labels)), strict=True)
        for begin in range(0, len(seeds), AT_ONCE)
    ]
    made = np.concatenate([engine.run(card.name, request).value.images for request in progress(requests)])
    order = np.random.default_rng(0).permutation(count)
    if not card.conditional:
        return made[order], None
    asked = np.concatenate([np.full(len(request.seeds), request.label) for request in requests])
    return made[order], asked[order]


def _split(seeds: range, parts: int) -> list[range]:
    ends = [len(seeds) * part // parts for part in range(parts + 1)]
    return [seeds[begin:end] for begin, end in pairwise(ends)]


def _distances(
    made: distances.Features, real: distances.Features, floor: distances.Features, noise: distances.Features
) -> dict[str, Any]:
    kernels = distances.kernels([made, floor, noise], real)
    precision, recall = distances.precision_and_recall(made, real)
    return {
        **dict(zip(("kernel_distance", "kernel_floor", "kernel_ceiling"), kernels, strict=True)),
        "frechet_distance": distances.frechet(made, real),
        "frechet_floor": distances.frechet(floor, real),
        "frechet_ceiling": distances.frechet(noise, real),
        "frechet_by_samples": {
            f"{size:,}": distances.frechet(made[:size], real) for size in SMALLER if size < len(made)
        },
        "manifold_precision": precision,
        "manifold_recall": recall,
        "diversity": distances.diversity(made) / distances.diversity(real),
    }


def _fid(
    made: Pictures, others: Pictures, noise: Pictures, real: Pictures, file: Path, progress: Progress
) -> dict[str, float]:
    truth = inception.pooled(real, file, progress)
    return {
        name: distances.frechet(inception.pooled(each, file, progress), truth)
        for name, each in (("value", made), ("floor", others), ("ceiling", noise))
    }


def _classes(card: ModelCard, seen: NDArray[np.int64]) -> dict[str, Any]:
    shares = np.bincount(seen, minlength=len(card.classes)) / len(seen)
    return {
        "classes_hit": int((shares >= HIT).sum()),
        "largest_class_share": float(shares.max()),
        "class_shares": {
            known.name["en"]: float(share) for known, share in zip(card.classes, shares, strict=True)
        },
    }


def _agreement(seen: NDArray[np.int64], asked: NDArray[np.int64]) -> float:
    return float((seen == asked).mean())


def _guided(
    engine: Engine, card: ModelCard, count: int, look: Look, real: distances.Features, progress: Progress
) -> dict[str, dict[str, float]]:
    """Agreement with the class and Fréchet distance for each guidance scale."""
    metrics: dict[str, dict[str, float]] = {"frechet_by_guidance": {}, "agreement_by_guidance": {}}
    for guidance in GUIDANCES:
        made, asked = _generate(engine, card, count, progress, guidance=guidance)
        features, seen = look(made)
        assert seen is not None
        assert asked is not None
        metrics["frechet_by_guidance"][f"{guidance:g}"] = distances.frechet(features, real)
        metrics["agreement_by_guidance"][f"{guidance:g}"] = _agreement(seen, asked)
    return metrics


def _elbo_terms(engine: Engine, card: ModelCard, real: Pictures) -> dict[str, float]:
    found = engine.run(card.name, ElboTermsRequest(real)).value
    likelihood, normal, learned = (
        float(each.mean()) for each in (found.log_likelihoods, found.divergences, found.learned_divergences)
    )
    return {
        "elbo": likelihood - normal,
        "elbo_learned": likelihood - learned,
        "log_likelihood": likelihood,
        "kl": normal,
        "kl_learned": learned,
    }


def _priors(
    engine: Engine, card: ModelCard, others: Pictures, look: Look, real: distances.Features
) -> dict[str, Any]:
    """The kernel distance of training pictures, reconstructed, and of draws of the normal prior."""
    reconstructed = engine.run(card.name, ElboTermsRequest(others)).value.reconstructions
    normal = engine.run(card.name, PriorsRequest(range(len(others)))).value.normal_images
    found = distances.kernels([look(each)[0] for each in (reconstructed, normal)], real)
    return dict(zip(("kernel_reconstructions", "kernel_normal_prior"), found, strict=True))
