"""Pixel classifiers as files: JSON with numbers alone, checked when it is read.

The content is {"version": 1, "encoder", "encoder_sha256", "classes": [{"name", "color"}], "trees": [{
"feature", "threshold", "left", "right", "shares"}], "linear": {"middle", "unit",
"weights", "bias"}}, as `segen.types.PixelClassifier` describes them; files of Segen 0.1 have no "linear".
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
from segen.types import MAX_DEPTH, MAX_NAME, MAX_TAUGHT, Linear, PixelClassifier, TaughtClass, Tree

VERSION = 1
MAX_BYTES = 32_000_000
MAX_TREES = 200
MAX_NODES = 20_000
"""Of a tree."""
MOST = 1e7
"""A number of a linear classifier at most, and the inverse of its least unit."""
DIGITS = 9
"""So many of a decimal number give a 32-bit one back exactly."""


def encode(classifier: PixelClassifier) -> bytes:
    """The content of a classifier's file."""
    content = {
        "version": VERSION,
        "encoder": classifier.encoder,
        "encoder_sha256": classifier.encoder_sha256,
        "classes": [{"name": each.name, "color": list(each.color)} for each in classifier.classes],
        "trees": [
            {
                "feature": tree.feature.tolist(),
                "threshold": _short(tree.threshold),
                "left": tree.left.tolist(),
                "right": tree.right.tolist(),
                "shares": [_short(row) for row in tree.shares],
            }
            for tree in classifier.trees
        ],
    }
    if linear := classifier.linear:
        content["linear"] = {
            "middle": _short(linear.middle),
            "unit": _short(linear.unit),
            "weights": [_short(row) for row in linear.weights],
            "bias": _short(linear.bias),
        }
    return f"{json.dumps(content, ensure_ascii=False)}\n".encode()


def _short(values: Any) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values.tolist()]


def read(source: Path | bytes) -> PixelClassifier:
    """The classifier of a file, or of its bytes. Raises InputError, which names what is wrong with it."""
    content = _content(source)
    if content.get("version") != VERSION:
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
    known_trees = tuple(_tree(tree, len(classes)) for tree in trees)
    return PixelClassifier(encoder, checksum, classes, known_trees, linear)


def taught_class(entry: object) -> TaughtClass:
    """A class as JSON has it, {"name", "color"}. Raises InputError for one without a name or a colour."""
    name = " ".join(str(entry.get("name", "")).split()) if isinstance(entry, dict) else ""
    color = entry.get("color") if isinstance(entry, dict) else None
    fits = isinstance(color, list) and len(color) == 3 and all(type(part) is int for part in color)
    if not 1 <= len(name) <= MAX_NAME or not fits or not all(0 <= part <= 255 for part in color or ()):
        raise InputError("taught_class", most=MAX_NAME)
    assert color is not None
    return TaughtClass(name, (color[0], color[1], color[2]))


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


def _tree(entry: object, classes: int) -> Tree:
    """A tree whose nodes lead forward, so that every pixel arrives at a leaf."""
    if not isinstance(entry, dict):
        raise InputError("classifier_damaged")
    try:
        feature, left, right = (_whole(entry[key]) for key in ("feature", "left", "right"))
    except (KeyError, TypeError, ValueError, OverflowError):
        raise InputError("classifier_damaged") from None
    threshold, shares = (_numbers(entry, key) for key in ("threshold", "shares"))
    if shares.ndim == 2 and shares.shape[1] != classes:
        raise InputError("classifier_classes", count=classes, found=shares.shape[1])
    same = feature.shape == left.shape == right.shape == threshold.shape == shares.shape[:1]
    if not same or shares.ndim != 2 or not 1 <= feature.size <= MAX_NODES:
        raise InputError("classifier_damaged")
    if not (np.isfinite(threshold).all() and np.isfinite(shares).all()):
        raise InputError("classifier_numbers")
    tree = Tree(feature, threshold, left, right, shares)
    if not ((shares >= 0) & (shares <= 1)).all() or _depth(tree) > MAX_DEPTH:
        raise InputError("classifier_damaged")
    return tree


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
