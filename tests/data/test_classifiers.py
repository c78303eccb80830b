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
from segen.types import MAX_DEPTH, MAX_NAME, MAX_TAUGHT, Linear, PixelClassifier, TaughtClass, Tree
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


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "classifier.json"
    for head in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(head + classifiers.encode(KNOWN))
        found = classifiers.read(path)
        assert (found.encoder, found.encoder_sha256, found.classes) == (TEACH_MODEL, "ab" * 32, KNOWN.classes)
        for name in ("feature", "threshold", "left", "right", "shares"):
            value = getattr(found.trees[0], name)
            assert value.dtype == getattr(TREE, name).dtype
            np.testing.assert_array_equal(value, getattr(TREE, name))
        assert found.linear
        for part, written in zip(astuple(found.linear), astuple(LINEAR), strict=True):
            assert part.dtype == written.dtype
            np.testing.assert_array_equal(part, written)


def test_a_file_of_before_has_trees_alone() -> None:
    old = content()
    del old["linear"]
    found = classifiers.read(json.dumps(old).encode())
    assert found.linear is None
    assert "linear" not in json.loads(classifiers.encode(found))


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
    allowed = content() | {"trees": [chain(MAX_DEPTH)]}
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
    "another version": (lambda found: found.update(version=2), "classifier_version", {"version": 1}),
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
    "a name too long": (
        lambda found: found["classes"][0].update(name="x" * 41),
        "taught_class",
        {"most": MAX_NAME},
    ),
    "no name": (lambda found: found["classes"][0].update(name=" \n "), "taught_class", {"most": MAX_NAME}),
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


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_in_one_sentence(fault: str) -> None:
    change, key, values = FAULTS[fault]
    found = content()
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
