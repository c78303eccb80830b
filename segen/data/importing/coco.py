"""COCO's JSON: polygons, and run-length encoding both compressed and not (Lin et al. 2014)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco

from segen.data.datasets import Pair, listed, upright
from segen.data.importing.annotations import (
    TEST,
    Annotations,
    Part,
    Size,
    class_id,
    file_split,
    files_in,
    lie_near,
    named,
    of_parts,
    picture_files,
    picture_named,
    read_json,
)
from segen.errors import DataError
from segen.imaging import images
from segen.imaging.labels import IGNORED
from segen.types import Labels


def read(root: Path) -> Annotations:
    """The annotations of every COCO file in `root` or below; words in a file's name, or folders, make splits.

    Each file's categories count for itself; equal names are one class. Where shapes overlap, the smaller ones
    are on top; crowds are ignored. Raises DataError for a file of another form, for pictures that are missing
    and for a class of no category.
    """
    files = [(path, content) for path in files_in(root, "*.json") if _is_coco(content := read_json(path))]
    if not files:
        raise DataError("import_nothing", format="COCO")
    pictures = picture_files(root)
    try:
        categories = {pair for _, content in files for pair in _by_id(content["categories"], "name").items()}
        classes = named([name for _, name in sorted(categories)])
        found = [
            part
            for path, content in files
            for part in _parts(pictures, content, classes, file_split(root, path))
        ]
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError):
        raise DataError("import_form", format="COCO") from None
    if missing := [part for part in found if isinstance(part, str)]:
        raise DataError("import_pictures", files=listed(missing))
    parts = [part for part in found if isinstance(part, Part)]
    return of_parts(root, parts, classes, _draw, pictures)


def _is_coco(content: Any) -> bool:
    return isinstance(content, dict) and {"images", "annotations", "categories"} <= set(content)


def _by_id(entries: Any, field: str) -> dict[Any, str]:
    """A field of each entry by its id. Raises ValueError where one id stands for two things."""
    found = {each["id"]: str(each[field]) for each in entries}
    if any(found[each["id"]] != str(each[field]) for each in entries):
        raise ValueError
    return found


def _parts(
    pictures: dict[str, list[Path]], content: Any, classes: tuple[str, ...], split: str | None
) -> Iterator[Part | str]:
    """Every picture of one file, or its name where it is missing, which matters not in what is left out."""
    categories, names = _by_id(content["categories"], "name"), _by_id(content["images"], "file_name")
    shapes = defaultdict(list)
    for each in content["annotations"]:
        id = class_id(categories[each["category_id"]], classes)
        shapes[each["image_id"]].append((IGNORED if each.get("iscrowd") else id, each["segmentation"]))
    for image in content["images"]:
        name, size = names[image["id"]], (int(image["height"]), int(image["width"]))
        if path := picture_named(pictures, name):
            yield Part(path, size, shapes[image["id"]], split)
        elif split != TEST:
            yield name


def _draw(part: Part, shape: Size, turn: images.Turn | None) -> Labels:
    part.check_size(shape, turn)
    height, width = part.size or shape
    drawn = []
    for id, segmentation in part.shapes:
        try:
            mask = coco.decode(_encoded(segmentation, height, width)).astype(bool)
        except Exception:  # pycocotools raises whatever its C code and its own asserts raise
            raise DataError("import_shape", file=part.image.name) from None
        if mask.shape != (height, width):
            raise DataError("import_shape", file=part.image.name)
        drawn.append((int(mask.sum()), id, mask))
    labels = np.zeros((height, width), dtype=np.uint8)
    for _, id, mask in sorted(drawn, key=lambda each: -each[0]):
        labels[mask] = id
    return upright(labels, Pair(part.image, part.image), shape, turn)


def _encoded(segmentation: Any, height: int, width: int) -> Any:
    """Compressed run-length encoding of polygons, of run lengths, or as it was given."""
    if isinstance(segmentation, list):
        if not all(len(each) % 2 == 0 and lie_near(each, height, width) for each in segmentation):
            raise ValueError
        return coco.merge(coco.frPyObjects(segmentation, height, width))
    runs = segmentation["counts"]
    if isinstance(runs, str):
        runs = _runs(runs)
    if not all(type(each) is int and each >= 0 for each in runs):
        raise ValueError
    # pycocotools trusts both: where runs end too soon, the rest of its mask is whatever lay in memory.
    if segmentation["size"] != [height, width] or sum(runs) != height * width:
        raise ValueError
    return coco.frPyObjects({"size": [height, width], "counts": runs}, height, width)


def _runs(counts: str) -> list[int]:
    """The run lengths of COCO's compressed form, which has five bits of a number in each letter.

    From the fourth on, it has by how much a run is longer than the last but one. Raises ValueError for
    what is not of that form.
    """
    runs: list[int] = []
    value = shift = 0
    for byte in counts.encode("ascii"):
        bits = byte - 48
        if not 0 <= bits < 64 or shift > 30:
            raise ValueError
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            value -= (bits >> 4 & 1) << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    if shift:
        raise ValueError
    return runs
