"""The largest file of a pixel classifier that `segen teach` may write can be read, and sent in a call."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from segen.data import classifiers
from segen.registry import TEACH_MODEL
from segen.types import MAX_NAME, MAX_NODES, MAX_TAUGHT, PixelClassifier, TaughtClass, Tree
from segen.ui.framework.gate import MAX_CALL_BYTES
from tests.data.test_classifiers import LINEAR, same


def bush(depth: int, shares: np.ndarray) -> Tree:
    """A full tree of this depth with these shares of 64 classes in each leaf."""
    size = 2 ** (depth + 1) - 1
    right, height = np.full(size, -1, np.int32), np.zeros(size, np.int32)
    height[0] = depth
    for node in range(size):
        if height[node]:
            right[node] = node + 2 ** height[node]
            height[[node + 1, right[node]]] = height[node] - 1
    left = np.where(right > 0, np.arange(1, size + 1), -1).astype(np.int32)
    feature = np.where(right > 0, 89, -1).astype(np.int32)
    threshold = np.random.default_rng(0).normal(size=size).astype(np.float32)
    return Tree(feature, threshold, left, right, np.tile(shares, (size, 1)))


@pytest.mark.slow
@pytest.mark.parametrize("mixed", [False, True])
def test_the_largest_file_is_read_again_and_fits_into_a_call(mixed: bool) -> None:
    several = np.random.default_rng(1).dirichlet(np.ones(MAX_TAUGHT)).astype(np.float32)
    tree = bush(11, several if mixed else np.eye(MAX_TAUGHT, dtype=np.float32)[-1])
    count = tree.feature.size + (2 * MAX_TAUGHT * 2**11 if mixed else 0)
    names = ("杯" * (MAX_NAME - 1) + chr(ord("一") + id) for id in range(MAX_TAUGHT))
    classes = tuple(TaughtClass(name, (255, 255, 255)) for name in names)
    weights = np.full((MAX_TAUGHT, 16), -1.2345678e-7, np.float32)
    linear = replace(LINEAR, weights=weights, bias=weights[:, 0])
    trees = (tree,) * (MAX_NODES // count)
    raw = classifiers.encode(PixelClassifier(TEACH_MODEL, "ab" * 32, classes, trees, linear))
    call = json.dumps({"data": [None, "", raw.decode()]}).encode()
    assert MAX_CALL_BYTES / 2 < len(call) < MAX_CALL_BYTES
    assert same(classifiers.read(raw).trees[-1], tree)
