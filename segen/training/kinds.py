"""The classifier that tells which data set a picture resembles: `python -m segen.training.kinds DATA`.

It is fitted on pooled features of a shipped encoder, on pictures of each labelled data set's
training split and on odd ones, measured on others, of val, and written with what was measured to where
`segen.evaluation.unfamiliar` reads it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from PIL import Image as Pillow
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from segen.data import datasets, files, raw
from segen.data.synthetic import oddities
from segen.errors import SegenError, sentence
from segen.evaluation.unfamiliar import FILE, OTHER
from segen.imaging import images
from segen.models.segmentation import smp
from segen.models.segmentation.predictor import SegmentationPredictor
from segen.registry import card
from segen.types import Image, PooledFeatures, PooledFeaturesRequest

ENCODER = "unet-camvid"
"""The card whose encoder sees the pictures."""
LABELLED = ("camvid", "nuclei", "animals")
COUNTS = {"train": 120, "val": 60}
"""Pictures of a labelled data set by split."""
ODD = 24
"""Emoji, garments and landscapes of a split."""
TRAIN_OR_TEST = {"train": "train", "val": "test"}
"""The splits of garments and landscapes, which have no val."""
INVERSE_REGULARIZATION = 0.01
"""scikit-learn's C, for standardised features."""


def main(data: tyro.conf.Positional[Path]) -> int:
    """Fit, measure and write the classifier from the data sets in the folder `data`; the exit code."""
    try:
        found = {split: _described(data, split) for split in COUNTS}
    except SegenError as error:
        print(sentence(error), file=sys.stderr)
        return 1
    kinds = tuple(found["train"])
    values = np.vstack(list(found["train"].values()))
    numbers = np.repeat(np.arange(len(kinds)), [len(part) for part in found["train"].values()])
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=INVERSE_REGULARIZATION, max_iter=2000))
    scaler, regression = (step for _, step in pipeline.fit(values, numbers).steps)
    coefficients = regression.coef_ / scaler.scale_
    biases = regression.intercept_ - coefficients @ scaler.mean_
    guessed = {kind: pipeline.predict(part) for kind, part in found["val"].items()}
    encoder = card(ENCODER).weights / "model.safetensors"
    fields = {
        "encoder": ENCODER,
        "checksum": hashlib.sha256(encoder.read_bytes()).hexdigest(),
        "kinds": kinds,
        "pictures": {kind: len(guess) for kind, guess in guessed.items()},
        "right": {kind: int((guess == kinds.index(kind)).sum()) for kind, guess in guessed.items()},
        "biases": biases.tolist(),
        "weights": [[float(f"{value:.4g}") for value in row] for row in coefficients],
    }
    files.write_text(FILE, json.dumps(fields) + "\n")
    print(f"{FILE}: of {fields['pictures']} pictures, {fields['right']} are right")
    return 0


def _described(data: Path, split: str) -> dict[str, NDArray[np.float32]]:
    """The pooled features of the pictures of each kind, n x C."""
    predictor = smp.load(card(ENCODER))
    predictor.network.eval()
    sources = {name: _labelled(data, name, split) for name in LABELLED} | {OTHER: _odd(data, split)}
    return {
        kind: np.stack([_features(predictor, picture) for picture in tqdm(pictures, desc=f"{kind} {split}")])
        for kind, pictures in sources.items()
    }


@torch.inference_mode()
def _features(predictor: SegmentationPredictor, picture: Image) -> NDArray[np.float32]:
    *_, pooled = predictor(PooledFeaturesRequest(picture))
    assert isinstance(pooled, PooledFeatures)
    return pooled.values


def _labelled(data: Path, name: str, split: str) -> Iterator[Image]:
    found = datasets.pairs(datasets.locate(data, name), split)
    return (images.read(found[index].image) for index in _spread(len(found), COUNTS[split]))


def _odd(data: Path, split: str) -> Iterator[Image]:
    """Noise and textures; emoji, garments and landscapes of the split."""
    seed = list(COUNTS).index(split)
    yield from chain(oddities.noise(seed), oddities.textures(seed))
    emoji = datasets.emoji(datasets.locate(data, "emoji"), split)
    for index in _spread(len(emoji), ODD):
        drawing = Pillow.open(emoji[index]).convert("RGBA")
        white = Pillow.new("RGBA", drawing.size, "white")
        white.alpha_composite(drawing)
        yield np.array(white.convert("RGB"))
    garments, _ = raw.read(datasets.locate(data, "fashion"), TRAIN_OR_TEST[split])
    yield from (oddities.grey(garments[index]) for index in _spread(len(garments), ODD))
    yosemite = datasets.locate(data, "yosemite")
    landscapes = [file for half in "AB" for file in datasets.half(yosemite, TRAIN_OR_TEST[split], half)]
    yield from (images.read(landscapes[index]) for index in _spread(len(landscapes), ODD))


def _spread(total: int, count: int) -> list[int]:
    """So many whole numbers below `total`, evenly spread."""
    return [round(index) for index in np.linspace(0, total - 1, min(total, count))]


if __name__ == "__main__":
    raise SystemExit(tyro.cli(main))
