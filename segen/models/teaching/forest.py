"""A random forest of plain arrays: learned by scikit-learn, asked by NumPy.

Source: Breiman 2001; for pixels and strokes, ilastik (Berg et al. 2019). We depart from them in keeping
arrays alone, so that a forest can be a file that nobody need trust.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from segen.types import MAX_DEPTH, MAX_NODES, Tree

TREES = 20
"""For each group of features."""
MAX_PIXELS = 1_000
"""A class learns from so many of its pixels at most; from half as many, and so on, where the trees would have
more than MAX_NODES."""


def fit(
    pixels: NDArray[np.float32], ids: NDArray[np.integer], classes: int, groups: Sequence[NDArray[np.int64]]
) -> tuple[Tree, ...]:
    """Trees that tell the `ids`, n of at least two different ones below `classes`, of n x F pixels.

    Each of the `groups` of features has as many trees, MAX_NODES all of them. Classes weigh alike, whatever
    their pixels. The same pixels give the same trees.
    """
    most = MAX_PIXELS
    while _nodes(trees := _learned(pixels, ids, classes, groups, most)) > MAX_NODES:
        most //= 2
    return trees


def _nodes(trees: tuple[Tree, ...]) -> int:
    """What MAX_NODES counts."""
    leaves = [tree.shares[tree.feature < 0] for tree in trees]
    mixed = sum(int(np.count_nonzero((shares > 0) & (shares < 1))) for shares in leaves)
    return sum(tree.feature.size for tree in trees) + 2 * mixed


def _learned(
    pixels: NDArray[np.float32],
    ids: NDArray[np.integer],
    classes: int,
    groups: Sequence[NDArray[np.int64]],
    most: int,
) -> tuple[Tree, ...]:
    random = np.random.default_rng(0)
    kept = np.concatenate([random.permutation(np.flatnonzero(ids == each))[:most] for each in np.unique(ids)])
    trees: list[Tree] = []
    for group in groups:
        forest = RandomForestClassifier(TREES, max_depth=MAX_DEPTH, class_weight="balanced", random_state=0)
        forest.fit(pixels[np.ix_(kept, group)], ids[kept])
        trees += [_plain(each.tree_, forest.classes_, classes, group) for each in forest.estimators_]
    return tuple(trees)


def _plain(tree: Any, ids: NDArray[np.integer], classes: int, group: NDArray[np.int64]) -> Tree:
    """A tree of scikit-learn's, which saw the features of `group` and the classes `ids`, as arrays."""
    shares = np.zeros((tree.node_count, classes), np.float32)
    shares[:, ids] = tree.value[:, 0] / tree.value[:, 0].sum(axis=1, keepdims=True)
    return Tree(
        np.where(tree.children_left < 0, -1, group[tree.feature]).astype(np.int32),
        tree.threshold.astype(np.float32),
        tree.children_left.astype(np.int32),
        tree.children_right.astype(np.int32),
        shares,
    )


def probabilities(trees: tuple[Tree, ...], columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of the trees' shares for each of N pixels, classes x N, of F x N features."""
    total = np.zeros((trees[0].shares.shape[1], columns.shape[1]), np.float32)
    for tree in trees:
        leaves = _leaves(tree, columns)
        for each, shares in zip(total, tree.shares.T, strict=True):
            each += shares[leaves]
    total /= np.maximum(total.sum(axis=0), np.finfo(np.float32).tiny)
    return total


def _leaves(tree: Tree, columns: NDArray[np.float32]) -> NDArray[np.intp]:
    """The leaf at which each pixel arrives."""
    leaves = np.zeros(columns.shape[1], np.intp)
    waiting = [(0, np.arange(columns.shape[1], dtype=np.int32))]
    while waiting:
        node, pixels = waiting.pop()
        if tree.feature[node] < 0:
            leaves[pixels] = node
            continue
        goes_left = columns[tree.feature[node]][pixels] <= tree.threshold[node]
        waiting.append((int(tree.left[node]), pixels[goes_left]))
        waiting.append((int(tree.right[node]), pixels[~goes_left]))
    return leaves
