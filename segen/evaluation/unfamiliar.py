"""Which data set a picture resembles, and so which cards it is for.

A logistic regression on the pooled features of one shipped encoder tells the pictures of the labelled data
sets apart, and from others: noise, textures, emoji, garments, landscapes. It does so better than a network's
own doubt, the entropy of its answer, which is low in noise, too, and in streets where people and animals are
looked for. In a trial with `deeplabv3plus-animals` and thirty pictures of each data set's val, the entropy
told streets from its own with an AUC of 0.04 and nuclei with 0.79; the regression has 1.00 for both.
`python -m segen.training.kinds DATA` fits and measures it; `kinds.json` beside this file is what that wrote.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segen.evaluation.test_time_augmentation import entropy
from segen.registry import ModelCard, segmenters

FILE = Path(__file__).with_name("kinds.json")
OTHER = "other"
"""The kind of what is of no labelled data set."""
SURE = 0.9
"""A card is offered from this probability of its data set on."""


@dataclass(frozen=True)
class KindClassifier:
    """Softmax regression over kinds of pictures: the labelled data sets, and OTHER.

    `weights` is kinds x C, `biases` kinds, for the C pooled features of the encoder of the card `encoder`,
    whose weights have the SHA-256 `checksum`. Of `pictures` held-back pictures of each kind, `right` were put
    into it.
    """

    encoder: str
    checksum: str
    kinds: tuple[str, ...]
    weights: NDArray[np.float32]
    biases: NDArray[np.float32]
    pictures: dict[str, int]
    right: dict[str, int]

    def probabilities(self, features: NDArray[np.float32]) -> dict[str, float]:
        """The probability of each kind for C pooled features, 0 to 1, their sum being 1."""
        scores = self.weights @ features + self.biases
        shares = np.exp(scores - scores.max())
        return dict(zip(self.kinds, (shares / shares.sum()).tolist(), strict=True))


@cache
def kind_classifier() -> KindClassifier:
    """The classifier that ships."""
    fields = json.loads(FILE.read_text(encoding="utf-8"))
    for name in ("weights", "biases"):
        fields[name] = np.array(fields[name], np.float32)
    return KindClassifier(**fields | {"kinds": tuple(fields["kinds"])})


def unfamiliar(card: ModelCard, probabilities: dict[str, float]) -> bool:
    """Whether a picture resembles something else than the card's data set, where that is known."""
    return card.dataset in probabilities and _likeliest(probabilities) != card.dataset


def better_card(card: ModelCard, probabilities: dict[str, float]) -> ModelCard | None:
    """The first card of the data set that an unfamiliar picture surely resembles, if there is one."""
    kind = _likeliest(probabilities)
    if not unfamiliar(card, probabilities) or probabilities[kind] < SURE:
        return None
    return next((each for each in segmenters() if each.dataset == kind), None)


def _likeliest(probabilities: dict[str, float]) -> str:
    return max(probabilities, key=probabilities.__getitem__)


def relative_entropy(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """How undecided a network was at each pixel: h x w of C x h x w, 0 if sure, 1 for all classes alike."""
    share: NDArray[np.float32] = np.clip(entropy(probabilities) / np.log(max(2, len(probabilities))), 0, 1)
    return share
