"""The file of a pixel classifier: read back as it was, and refused where it is anything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segen.data import classifiers
from segen.errors import InputError
from segen.registry import TEACH_MODEL, cards
from segen.types import (
    MAX_DEPTH,
    MAX_NAME,
    MAX_NODES,
    MAX_TAUGHT,
    Linear,
    PixelClassifier,
    TaughtClass,
    Tree,
)
from tests.sentences import exactly

TREE = Tree(
    np.array([3, -1, -1], np.int32),
    np.array([0.1, -2, -2], np.float32),
    np.array([1, -1, -1], np.int32),
    np.array([2, -1, -1], np.int32),
    np.array([[0.5, 0.5], [1, 0], [1 / 3, 2 / 3]], np.float32),
)
LINEAR = Linear(
    np.array([0.5, 0, 1 / 3], np.float32),
    np.array([0.1, 0.005, 1], np.float32),
    np.linspace(-1, 1, 32, dtype=np.float32).reshape(2, 16),
    np.array([-1e4, 0.25], np.float32),
)
KNOWN = PixelClassifier(
    TEACH_MODEL,
    "ab" * 32,
    (TaughtClass("cup", (1, 2, 3)), TaughtClass("杯子 <b>", (4, 5, 6))),
    (TREE,),
    LINEAR,
)


def content() -> dict[str, Any]:
    return json.loads(classifiers.encode(KNOWN))


def old() -> dict[str, Any]:
    """The same in version 1."""
    tree = {
        "feature": [3, -1, -1], "threshold": [0.100000001, -2.0, -2.0], "left": [1, -1, -1],
        "right": [2, -1, -1], "shares": [[0.5, 0.5], [1.0, 0.0], [0.333333343, 0.666666687]],
    }  # fmt: skip
    return content() | {"version": 1, "trees": [tree]}


def same(found: Tree, tree: Tree) -> bool:
    """Whether two trees say the same, and in numbers of the same kinds."""
    for name in ("feature", "left", "right", "threshold", "shares"):
        value, known = getattr(found, name), getattr(tree, name)
        assert value.dtype == known.dtype
        kept = {"threshold": tree.feature >= 0, "shares": tree.feature < 0}.get(name, slice(None))
        if not np.array_equal(value[kept], known[kept]):
            return False
    return True


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "classifier.json"
    for head in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(head + classifiers.encode(KNOWN))
        found = classifiers.read(path)
        assert (found.encoder, found.encoder_sha256, found.classes) == (TEACH_MODEL, "ab" * 32, KNOWN.classes)
        assert same(found.trees[0], TREE)
        assert found.linear
        for part, written in zip(astuple(found.linear), astuple(LINEAR), strict=True):
            assert part.dtype == written.dtype
            np.testing.assert_array_equal(part, written)


def test_files_of_before_are_read() -> None:
    first = old()
    del first["linear"]
    for content in (old(), first):
        found = classifiers.read(json.dumps(content).encode())
        assert same(found.trees[0], TREE)
        again = classifiers.read(classifiers.encode(found))
        assert same(again.trees[0], TREE)
        assert (again.linear is None) == (found.linear is None) == (content is first)


def chain(length: int) -> dict[str, list[Any]]:
    """A tree of that many decisions one after the other."""
    inner = range(0, 2 * length, 2)
    nodes = 2 * length + 1
    left, right, feature = [-1] * nodes, [-1] * nodes, [-1] * nodes
    for node in inner:
        feature[node], left[node], right[node] = 0, node + 1, node + 2
    shares = [[1.0, 0.0]] * nodes
    return {"feature": feature, "threshold": [0.0] * nodes, "left": left, "right": right, "shares": shares}


def test_a_deep_tree_is_read_up_to_a_limit() -> None:
    allowed = old() | {"trees": [chain(MAX_DEPTH)]}
    assert classifiers.read(json.dumps(allowed).encode()).trees[0].feature.size == 2 * MAX_DEPTH + 1


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], Any], str, dict[str, Any]]] = {
    "a linear classifier as a text": (lambda found: found.update(linear="x"), "classifier_damaged", {}),
    "no bias": (lambda found: found["linear"].pop("bias"), "classifier_damaged", {}),
    "weights without rows": (lambda found: found["linear"].update(weights=[1.0]), "classifier_damaged", {}),
    "weights of unlike rows": (
        lambda found: found["linear"]["weights"][0].pop(),
        "classifier_damaged",
        {},
    ),
    "a row of weights too many": (
        lambda found: [
            found["linear"][part].append(found["linear"][part][0]) for part in ("weights", "bias")
        ],
        "classifier_classes",
        {"count": 2, "found": 3},
    ),
    "a weight that is none": (
        lambda found: found["linear"]["weights"][0].__setitem__(0, float("nan")),
        "classifier_numbers",
        {},
    ),
    "a weight beyond all": (
        lambda found: found["linear"]["weights"][0].__setitem__(0, 1e30),
        "classifier_damaged",
        {},
    ),
    "weights of text": (lambda found: found["linear"].update(bias=["1", "2"]), "classifier_damaged", {}),
    "a weight that is no number at all": (
        lambda found: found["linear"].update(bias=[True, False]),
        "classifier_damaged",
        {},
    ),
    "a number of 400 digits": (
        lambda found: found["trees"][0].update(threshold=[10**400, 0, 0]),
        "classifier_damaged",
        {},
    ),
    "a number beyond 32 bits": (
        lambda found: found["trees"][0].update(threshold=[1e39, 0, 0]),
        "classifier_numbers",
        {},
    ),
    "a row of weights missing": (lambda found: found["linear"]["weights"].pop(), "classifier_damaged", {}),
    "a unit of nothing": (lambda found: found["linear"].update(unit=[1, 0, 1]), "classifier_damaged", {}),
    "a class too many": (
        lambda found: found["classes"].append({"name": "c", "color": [0, 0, 0]}),
        "classifier_classes",
        {"count": 3, "found": 2},
    ),
    "300 classes": (
        lambda found: found.update(classes=[{"name": "c", "color": [0, 0, 0]}] * 300),
        "too_many_taught",
        {"count": 300, "most": MAX_TAUGHT},
    ),
    "a threshold that is none": (
        lambda found: found["trees"][0]["threshold"].__setitem__(0, float("nan")),
        "classifier_numbers",
        {},
    ),
    "an infinite share": (
        lambda found: found["trees"][0]["shares"][1].__setitem__(0, float("inf")),
        "classifier_numbers",
        {},
    ),
    "another version": (lambda found: found.update(version=3), "classifier_version", {"version": 2}),
    "no model of ours": (
        lambda found: found.update(encoder="../../etc"),
        "classifier_model",
        {"known": ", ".join(card.name for card in cards("segment"))},
    ),
    "no checksum": (lambda found: found.update(encoder_sha256="x"), "classifier_damaged", {}),
    "no classes": (lambda found: found.update(classes=[]), "classifier_damaged", {}),
    "no trees": (lambda found: found.update(trees=[]), "classifier_damaged", {}),
    "trees as a number": (lambda found: found.update(trees=7), "classifier_damaged", {}),
    "a tree as a text": (lambda found: found.update(trees=["x"]), "classifier_damaged", {}),
    "too many trees": (lambda found: found.update(trees=found["trees"] * 500), "classifier_damaged", {}),
    "a loop": (lambda found: found["trees"][0].update(left=[0, -1, -1]), "classifier_damaged", {}),
    "a node of two parents": (
        lambda found: found["trees"][0].update(left=[2, -1, -1]),
        "classifier_damaged",
        {},
    ),
    "a node outside": (lambda found: found["trees"][0].update(right=[9, -1, -1]), "classifier_damaged", {}),
    "a way too long": (
        lambda found: found.update(trees=[chain(MAX_DEPTH + 1)]),
        "classifier_damaged",
        {},
    ),
    "a list too short": (lambda found: found["trees"][0].update(threshold=[0.1]), "classifier_damaged", {}),
    "half a feature": (
        lambda found: found["trees"][0].update(feature=[0.5, -1, -1]),
        "classifier_damaged",
        {},
    ),
    "a huge number": (
        lambda found: found["trees"][0].update(left=[10**30, -1, -1]),
        "classifier_damaged",
        {},
    ),
    "a share above 1": (
        lambda found: found["trees"][0]["shares"].__setitem__(0, [2, 0]),
        "classifier_damaged",
        {},
    ),
    "two classes of one name": (
        lambda found: found["classes"][1].update(name=" cup"),
        "taught_same",
        {"name": "cup"},
    ),
    "a colour of four": (
        lambda found: found["classes"][0].update(color=[1, 2, 3, 4]),
        "taught_class",
        {"most": MAX_NAME},
    ),
    "a colour of 256": (
        lambda found: found["classes"][0].update(color=[1, 2, 256]),
        "taught_class",
        {"most": MAX_NAME},
    ),
    "a class as a number": (lambda found: found.update(classes=[1, 2]), "taught_class", {"most": MAX_NAME}),
}


FOLDED: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "no leaves": ({"leaves": []}, "classifier_damaged", {}),
    "a leaf too many": ({"leaves": [0, 1, 1]}, "classifier_damaged", {}),
    "leaves as a number": ({"leaves": 7}, "classifier_damaged", {}),
    "a leaf as a text": ({"leaves": [0, "ab"]}, "classifier_damaged", {}),
    "a leaf of half a class": ({"leaves": [0, 0.5]}, "classifier_damaged", {}),
    "a leaf of truth": ({"leaves": [0, True]}, "classifier_damaged", {}),
    "a share as a text": ({"leaves": [0, [[1, "1"]]]}, "classifier_damaged", {}),
    "a share above 1": ({"leaves": [0, [[1, 1.5]]]}, "classifier_damaged", {}),
    "a share below 0": ({"leaves": [0, [[1, -1]]]}, "classifier_damaged", {}),
    "a share of 400 digits": ({"leaves": [0, [[1, 10**400]]]}, "classifier_damaged", {}),
    "a share beyond 32 bits": ({"leaves": [0, [[1, 1e39]]]}, "classifier_numbers", {}),
    "a share that is none": ({"leaves": [0, [[1, float("nan")]]]}, "classifier_numbers", {}),
    "a leaf of more classes than there are": ({"leaves": [0, [[1, 0.5]] * 3]}, "classifier_damaged", {}),
    "a class below 0": ({"leaves": [0, -1]}, "classifier_damaged", {}),
    "a class too many": ({"leaves": [0, 2]}, "classifier_classes", {"count": 2, "found": 3}),
    "a threshold of a leaf": ({"threshold": [0.1, 0.2]}, "classifier_damaged", {}),
    "a threshold alone": ({"threshold": 0.1}, "classifier_damaged", {}),
    "no nodes": ({"feature": [], "threshold": [], "leaves": []}, "classifier_damaged", {}),
    "a node of one child": ({"feature": [3, -1], "leaves": [0]}, "classifier_damaged", {}),
    "two trees in one": (
        {"feature": [3, -1, -1, 3, -1, -1], "threshold": [1, 1], "leaves": [0, 1, 0, 1]},
        "classifier_damaged",
        {},
    ),
    "a way too long": (
        {"feature": [0, -1] * 33 + [-1], "threshold": [0] * 33, "leaves": [0] * 34},
        "classifier_damaged",
        {},
    ),
    "too many nodes": ({"feature": [-1] * (MAX_NODES + 1)}, "classifier_damaged", {}),
}


@pytest.mark.parametrize(
    "name", [None, ["cup"], "\x1b[2Jcup", "cup\u202egnp.exe", "x" * 41, "\ud83d", " \n "]
)
def test_names_that_are_none_are_refused(name: object) -> None:
    found = content()
    found["classes"][0]["name"] = name
    with pytest.raises(InputError, match=exactly("taught_class", most=MAX_NAME)):
        classifiers.read(json.dumps(found).encode())


@pytest.mark.parametrize("fault", FOLDED)
def test_a_fault_of_a_tree_is_told_in_one_sentence(fault: str) -> None:
    change, key, values = FOLDED[fault]
    found = content()
    found["trees"][0].update(change)
    with pytest.raises(InputError, match=exactly(key, **values)):
        classifiers.read(json.dumps(found).encode())


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_in_one_sentence(fault: str) -> None:
    change, key, values = FAULTS[fault]
    found = old()
    change(found)
    with pytest.raises(InputError, match=exactly(key, **values)):
        classifiers.read(json.dumps(found).encode())


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe\x00", b"[" * 200_000, b'{"version": ' + b"[" * 100_000, b"[1, 2]", b"9" * 10_000]
)
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(InputError, match=exactly("classifier_damaged")):
        classifiers.read(raw)


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=exactly("no_such_file")):
        classifiers.read(tmp_path / "missing.json")
    with pytest.raises(InputError, match=exactly("file_unreadable")):
        classifiers.read(tmp_path)
    monkeypatch.setattr(classifiers, "MAX_BYTES", 100)
    (tmp_path / "large.json").write_bytes(classifiers.encode(KNOWN))
    with pytest.raises(InputError, match=exactly("classifier_damaged")):
        classifiers.read(tmp_path / "large.json")
