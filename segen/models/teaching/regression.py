"""A logistic regression of plain arrays: learned by scikit-learn, asked by NumPy.

It knows a pixel by its colour and by what a network takes it for, where the forest chooses among ninety
numbers: a single short stroke tells it more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from segen.types import Linear

PENALTY = 0.03
"""The smaller it is, the smaller the weights are kept: scikit-learn's C."""
COLOR, PRODUCT, TOLD = 0.7, 0.35, 4.0
"""What a colour's deviation is multiplied by, the product of two of them, and a probability: what is larger
needs smaller weights, and so counts for more."""
GREY = np.float32(5e-3)
"""A deviation below which a colour, of CIE Lab over 100, does not vary."""
ABSENT = -1e4
"""The logit of a class without a stroke."""
PAIRS = np.triu_indices(3)
PRODUCTS = len(PAIRS[0])


def fit(
    pixels: NDArray[np.float32],
    ids: NDArray[np.integer],
    classes: int,
    pictures: Sequence[NDArray[np.float32]],
) -> Linear:
    """What tells the `ids`, n of at least two different ones below `classes`, of n x N pixels.

    `features.few` gives the N numbers. Colours are measured by their deviation in the `pictures`, 3 x P each;
    in grey ones lightness stands for all three. Classes weigh alike, whatever their pixels. The same pixels
    give the same weights.
    """
    middle = np.mean([each.mean(axis=1) for each in pictures], axis=0)
    deviation = np.mean([each.std(axis=1) for each in pictures], axis=0)
    unit = np.maximum(deviation, GREY) * np.float32(max(1, (deviation > GREY).sum()) / 3) ** 0.5
    learned = LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=300)
    learned.fit(_numbers(pixels.T, middle, unit).T, ids)
    coefficients, intercept = learned.coef_, learned.intercept_
    if len(learned.classes_) == 2:  # of which scikit-learn keeps the second alone
        coefficients, intercept = np.vstack([0 * coefficients, coefficients]), np.r_[0, intercept]
    weights = np.zeros((classes, coefficients.shape[1]), np.float32)
    bias = np.full(classes, ABSENT, np.float32)
    weights[learned.classes_], bias[learned.classes_] = coefficients, intercept
    return Linear(middle, unit, weights, bias)


def probabilities(linear: Linear, columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """The share of each class for each of P pixels, classes x P, of N x P numbers."""
    logits = linear.weights @ _numbers(columns, linear.middle, linear.unit) + linear.bias[:, None]
    shares: NDArray[np.float32] = softmax(logits, axis=0)
    return shares


def _numbers(
    columns: NDArray[np.float32], middle: NDArray[np.float32], unit: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Colours and products of two, both as deviations, and probabilities: (N + 6) x P of N x P numbers."""
    colors = (columns[:3] - middle[:, None]) / unit[:, None]
    products = colors[PAIRS[0]] * colors[PAIRS[1]]
    return np.concatenate([COLOR * colors, PRODUCT * products, TOLD * columns[3:]])
