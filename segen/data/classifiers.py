"""Pixel classifiers as files: JSON with numbers alone, checked when it is read.

The content is {"version": 2, "encoder", "encoder_sha256", "classes": [{"name", "color"}], "trees": [{
"feature", "threshold", "leaves"}], "linear": {"middle", "unit", "weights", "bias"}}, as
`segen.types.PixelClassifier` describes them; files of Segen 0.1 have no "linear".

A tree's nodes stand with `left` and all that follows it before `right`: the feature of each, -1 for leaves;
the threshold of each that is no leaf; and for each leaf the only class that came to it, or [id, share] of
several. Version 1 has "feature", "threshold", "left", "right" and "shares" of every node instead.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segen import registry
from segen.errors import InputError
from segen.types import MAX_DEPTH, MAX_NAME, MAX_NODES, MAX_TAUGHT, Linear, PixelClassifier, TaughtClass, Tree

VERSION = 2
MAX_BYTES = 32_000_000
MAX_TREES = 200
MOST = 1e7
"""A number of a linear classifier at most, and the inverse of its least unit."""


def encode(classifier: PixelClassifier) -> bytes:
    """The content of a classifier's file."""
    content = {
        "version": VERSION,
        "encoder": classifier.encoder,
        "encoder_sha256": classifier.encoder_sha256,
        "classes": [{"name": each.name, "color": list(each.color)} for each in classifier.classes],
        "trees": [_folded(tree) for tree in classifier.trees],
    }
    if linear := classifier.linear:
        content["linear"] = {
            "middle": _short(linear.middle),
            "unit": _short(linear.unit),
            "weights": [_short(row) for row in linear.weights],
            "bias": _short(linear.bias),
        }
    return f"{json.dumps(content, ensure_ascii=False, separators=(',', ':'))}\n".encode()


def _folded(tree: Tree) -> dict[str, list[Any]]:
    order, waiting = [], [0]
    while waiting:
        order.append(node := waiting.pop())
        if tree.feature[node] >= 0:
            waiting += [int(tree.right[node]), int(tree.left[node])]
    feature = tree.feature[order]
    return {
        "feature": feature.tolist(),
        "threshold": _short(tree.threshold[order][feature >= 0]),
        "leaves": [_leaf(shares) for shares in tree.shares[order][feature < 0]],
    }


def _leaf(shares: NDArray[np.float32]) -> int | list[tuple[int, float]]:
    ids = np.flatnonzero(shares)
    if ids.size == 1 and shares[ids[0]] == 1:
        return int(ids[0])
    return list(zip(ids.tolist(), _short(shares[ids]), strict=True))


def _short(values: NDArray[np.float32]) -> list[float]:
    """The decimal numbers of fewest digits that give these back exactly."""
    return [float(str(value)) for value in values]


def read(source: Path | bytes) -> PixelClassifier:
    """The classifier of a file, or of its bytes. Raises InputError, which names what is wrong with it."""
    content = _content(source)
    version = content.get("version")
    if type(version) is not int or not 1 <= version <= VERSION:
        raise InputError("classifier_version", version=VERSION)
    classes = tuple(map(taught_class, _list(content, "classes")))
    if len(classes) > MAX_TAUGHT:
        raise InputError("too_many_taught", count=len(classes), most=MAX_TAUGHT)
    trees = _list(content, "trees")
    encoder, checksum = content.get("encoder"), content.get("encoder_sha256")
    known = isinstance(encoder, str) and isinstance(checksum, str) and re.fullmatch("[0-9a-f]{64}", checksum)
    if not known or not 1 <= len(trees) <= MAX_TREES or not classes:
        raise InputError("classifier_damaged")
    assert isinstance(encoder, str)
    assert isinstance(checksum, str)
    names = [card.name for card in registry.cards("segment")]
    if encoder not in names:
        raise InputError("classifier_model", known=", ".join(names))
    linear = _linear(content["linear"], len(classes)) if "linear" in content else None
    if sum(map(_size, trees)) > MAX_NODES:
        raise InputError("classifier_damaged")
    known_trees = tuple(_tree(tree, len(classes), version) for tree in trees)
    return PixelClassifier(encoder, checksum, classes, known_trees, linear)


def taught_class(entry: object) -> TaughtClass:
    """A class as JSON has it, {"name", "color"}. Raises InputError for one without a name or a colour."""
    if not isinstance(entry, dict) or not isinstance(entry.get("color"), list):
        raise InputError("taught_class", most=MAX_NAME)
    name = entry.get("name")
    return TaughtClass(name if isinstance(name, str) else "", tuple(entry["color"]))


def _content(source: Path | bytes) -> dict[str, Any]:
    try:
        if isinstance(source, Path):
            if source.stat().st_size > MAX_BYTES:
                raise InputError("classifier_damaged")
            source = source.read_bytes()
        found = json.loads(source.decode("utf-8-sig"))
    except FileNotFoundError:
        raise InputError("no_such_file") from None
    except OSError:
        raise InputError("file_unreadable") from None
    except (ValueError, RecursionError):
        raise InputError("classifier_damaged") from None
    if not isinstance(found, dict):
        raise InputError("classifier_damaged")
    return found


def _list(content: dict[str, Any], key: str) -> list[Any]:
    found = content.get(key)
    if not isinstance(found, list):
        raise InputError("classifier_damaged")
    return found


def _size(entry: object) -> int:
    feature = entry.get("feature") if isinstance(entry, dict) else None
    return len(feature) if isinstance(feature, list) else 0


def _tree(entry: object, classes: int, version: int) -> Tree:
    """A tree whose nodes lead forward, so that every pixel arrives at a leaf."""
    if not isinstance(entry, dict):
        raise InputError("classifier_damaged")
    try:
        tree = _unfolded(entry, classes) if version == VERSION else _listed(entry, classes)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise InputError("classifier_damaged") from None
    if not (np.isfinite(tree.threshold).all() and np.isfinite(tree.shares).all()):
        raise InputError("classifier_numbers")
    if not ((tree.shares >= 0) & (tree.shares <= 1)).all() or _depth(tree) > MAX_DEPTH:
        raise InputError("classifier_damaged")
    return tree


def _listed(entry: dict[str, Any], classes: int) -> Tree:
    """A tree of version 1. Raises KeyError or ValueError for what is none."""
    feature, left, right = (_whole(entry[key]) for key in ("feature", "left", "right"))
    threshold, shares = (_numbers(entry, key) for key in ("threshold", "shares"))
    if shares.ndim == 2 and shares.shape[1] != classes:
        raise InputError("classifier_classes", count=classes, found=shares.shape[1])
    same = feature.shape == left.shape == right.shape == threshold.shape == shares.shape[:1]
    if not same or shares.ndim != 2 or not feature.size:
        raise ValueError
    return Tree(feature, threshold, left, right, shares)


def _unfolded(entry: dict[str, Any], classes: int) -> Tree:
    """A tree as `_folded` wrote it. Raises KeyError, TypeError or ValueError for what is none."""
    feature = _whole(entry["feature"])
    inner, given = np.flatnonzero(feature >= 0), _numbers(entry, "threshold")
    ends, leaves = np.flatnonzero(feature < 0), entry["leaves"]
    if given.shape != inner.shape or len(leaves) != ends.size or not feature.size:
        raise ValueError
    left, right = (np.full(feature.size, -1, np.int32) for _ in range(2))
    threshold, shares = (np.zeros((feature.size, *more), np.float32) for more in ((), (classes,)))
    left[inner], threshold[inner] = inner + 1, given
    waiting: list[int] = []
    for node, goes_on in enumerate((feature >= 0).tolist()):
        if goes_on:
            waiting.append(node)
        elif waiting:
            right[waiting.pop()] = node + 1
    with np.errstate(over="ignore"):  # too large is infinite
        for node, leaf in zip(ends.tolist(), leaves, strict=True):
            pairs = [(leaf, 1)] if type(leaf) is int else leaf
            if len(pairs) > classes:
                raise ValueError
            for id, share in pairs:
                if type(id) is not int or id < 0 or type(share) not in (int, float):
                    raise ValueError
                if id >= classes:
                    raise InputError("classifier_classes", count=classes, found=id + 1)
                shares[node, id] = share
    return Tree(feature, threshold, left, right, shares)


def _linear(entry: object, classes: int) -> Linear:
    """A linear classifier, none of whose logits can be too large for a 32-bit number."""
    if not isinstance(entry, dict):
        raise InputError("classifier_damaged")
    middle, unit, weights, bias = parts = [
        _numbers(entry, key) for key in ("middle", "unit", "weights", "bias")
    ]
    if (middle.shape, unit.shape, weights.ndim, bias.shape) != ((3,), (3,), 2, weights.shape[:1]):
        raise InputError("classifier_damaged")
    if len(bias) != classes:
        raise InputError("classifier_classes", count=classes, found=len(bias))
    if not all(np.isfinite(part).all() for part in parts):
        raise InputError("classifier_numbers")
    if max(np.abs(part).max(initial=0) for part in parts) > MOST or unit.min() < 1 / MOST:
        raise InputError("classifier_damaged")
    return Linear(middle, unit, weights, bias)


def _depth(tree: Tree) -> float:
    """The number of decisions on the longest way; infinite for what is no tree with its root first."""
    inner = np.flatnonzero(tree.feature >= 0)
    children = np.concatenate([tree.left[inner], tree.right[inner]])
    if not np.array_equal(np.sort(children), np.arange(1, tree.feature.size)):
        return np.inf
    depth = [0] * tree.feature.size
    for node in inner.tolist():
        for child in (int(tree.left[node]), int(tree.right[node])):
            if child <= node:
                return np.inf
            depth[child] = depth[node] + 1
    return max(depth)


def _numbers(entry: dict[str, Any], key: str) -> NDArray[np.float32]:
    """An array of JSON's numbers; one that is too large for 32 bits is infinite."""
    try:
        found = np.array(entry.get(key))
    except (ValueError, OverflowError):
        raise InputError("classifier_damaged") from None
    if found.dtype.kind not in "if":
        raise InputError("classifier_damaged")
    with np.errstate(over="ignore"):
        return found.astype(np.float32)


def _whole(values: object) -> Any:
    """Whole numbers of JSON as an array. Raises ValueError for others."""
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        raise ValueError
    return np.array(values, dtype=np.int32)
