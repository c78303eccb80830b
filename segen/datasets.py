"""Where data sets lie on disk, and how a labelled picture is read. No torch here.

The layout is told in docs/data.md: one folder a data set, one sub-folder a split, in it `images/` and
`masks/` with equal stems, and a `classes.json` beside the splits.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segen import images
from segen.errors import DataError
from segen.registry import ClassInfo, dataset_classes
from segen.types import Image, Labels

IGNORED_NAMES = ("unlabelled", "unlabeled", "void", "ignore")
"""Names by which data sets mark pixels that no metric counts."""


@dataclass(frozen=True)
class Pair:
    """A picture and the file of its labels."""

    image: Path
    mask: Path


def locate(data: str | Path | None, dataset: str) -> Path:
    """The folder of `dataset`: `data` itself if that is one data set, else the folder of that name in it.

    `data` defaults to `$SEGEN_DATA`. Raises DataError when nothing is there.
    """
    chosen = data or os.environ.get("SEGEN_DATA")
    if not chosen:
        raise DataError("data_missing", dataset=dataset)
    root = Path(chosen)
    if (root / "train").is_dir() or (root / "classes.json").is_file():
        return root
    if not (root / dataset).is_dir():
        raise DataError("data_missing", dataset=dataset)
    return root / dataset


def classes(root: Path, dataset: str) -> tuple[ClassInfo, ...]:
    """The classes of `root/classes.json`, a list of `{id, name, color}`, else those known of `dataset`.

    A last class named as in IGNORED_NAMES is neither learned nor measured. Raises DataError for a file
    of another form, for ids that are not 0, 1, 2 …, and for an ignored class that is not the last.
    """
    known = dataset_classes(dataset)
    if known and not (root / "classes.json").is_file():
        return known
    try:
        entries = json.loads((root / "classes.json").read_text(encoding="utf-8"))
        found = tuple(
            ClassInfo(
                int(entry["id"]),
                {"en": str(entry["name"]), "zh": str(entry["name"])},
                (int(entry["color"][0]), int(entry["color"][1]), int(entry["color"][2])),
                str(entry["name"]).lower() in IGNORED_NAMES,
            )
            for entry in entries
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        raise DataError("classes_file") from None
    in_order = [known.id for known in found] == list(range(len(found)))
    if not in_order or any(known.ignored for known in found[:-1]) or all(known.ignored for known in found):
        raise DataError("classes_file")
    return found


def pairs(root: Path, split: str) -> list[Pair]:
    """The labelled pictures of one split, in order of name. Raises DataError when there is none."""
    folder = root / split
    masks = {path.stem: path for path in sorted(folder.glob("masks/*.png"))}
    pictures = sorted(path for path in folder.glob("images/*") if not path.name.startswith("."))
    if split != Path(split).name or not pictures:
        raise DataError("split_missing", split=split)
    for path in pictures:
        if path.stem not in masks:
            raise DataError("mask_missing", file=path.name)
    return [Pair(path, masks[path.stem]) for path in pictures]


def read(pair: Pair, known: tuple[ClassInfo, ...]) -> tuple[Image, Labels]:
    """A picture and its labels: class ids; an id or colour that `known` lacks raises DataError.

    Raises DataError, too, when the two differ in size.
    """
    image = images.read(pair.image)
    labels = images.read_labels(pair.mask, known)
    if labels.shape != image.shape[:2]:
        raise DataError("mask_size", file=pair.mask.name)
    return image, labels


def class_pixels(labelled: list[Pair], known: tuple[ClassInfo, ...]) -> np.ndarray:
    """How many pixels of each class the masks of `labelled` hold, by id."""
    counts = np.zeros(len(known), dtype=np.int64)
    for pair in labelled:
        counts += np.bincount(images.read_labels(pair.mask, known).ravel(), minlength=len(known))
    return counts
