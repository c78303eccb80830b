"""COCO's JSON: polygons, and run-length encoding both compressed and not (Lin et al. 2014)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco

from segen.data.datasets import Pair, upright
from segen.data.importing.annotations import (
    TEST,
    Annotations,
    Part,
    Size,
    class_id,
    class_name,
    file_split,
    files_in,
    form,
    lie_near,
    named,
    of_parts,
    outline,
    picture_files,
    picture_named,
    read_json,
)
from segen.data.listing import listed
from segen.errors import DataError
from segen.imaging import images
from segen.imaging.labels import IGNORED
from segen.types import Labels

FIELDS = {"categories": "name", "images": "file_name"}
"""The lists whose entries have ids, and the field that names them."""


def read(root: Path) -> Annotations:
    """The annotations of every COCO file in `root` or below; words in a file's name, or folders, make splits.

    Each file's categories count for itself; equal names are one class. Where shapes overlap, the smaller ones
    are on top; crowds are ignored. Annotations of a picture that their file does not list are left out, as
    `strays`, and so are polygons of fewer than three points, as `unusable`. Raises DataError that names the
    file and the entry for one of another form, one without an outline and one of no category, and for
    pictures that are missing.
    """
    files = [(path, content) for path in files_in(root, "*.json") if _is_coco(content := read_json(path))]
    if not files:
        raise DataError("import_nothing", format="COCO")
    categories = {pair for path, content in files for pair in _by_id(path, content, "categories").items()}
    classes = named([name for _, name in sorted(categories, key=lambda pair: (len(pair[0]), pair))])
    pictures = picture_files(root)
    parts: list[Part] = []
    missing: list[str] = []
    strays: list[str] = []
    unusable: list[str] = []
    for path, content in files:
        split = file_split(root, path)
        names, shapes = _by_id(path, content, "images"), _shapes(path, content, classes, unusable)
        strays += [f"{path.name}: image_id {id}" for id in shapes if id not in names for _ in shapes[id]]
        for index, image in enumerate(content["images"]):
            with form("COCO", path, f"images[{index}]"):
                id, size = _id(image["id"]), _size(image)
            if picture := picture_named(pictures, names[id], path):
                parts.append(Part(picture, size, shapes.get(id, []), split))
            elif split != TEST:
                missing.append(names[id])
    if missing:
        raise DataError("import_pictures", files=listed(missing))
    if strays and not any(part.shapes for part in parts):
        raise DataError("import_strays", files=listed(list(dict.fromkeys(strays))))
    return replace(of_parts(root, parts, classes, _draw, pictures, unusable), strays=tuple(strays))


def _is_coco(content: Any) -> bool:
    return isinstance(content, dict) and set(FIELDS) | {"annotations"} <= set(content)


def _by_id(file: Path, content: Any, part: str) -> dict[str, str]:
    """The name of each entry by its id; some tools write ids as text in one place only.

    Raises DataError where one id stands for two things.
    """
    found: dict[str, str] = {}
    with form("COCO", file, part):
        entries = list(content[part])
    for index, each in enumerate(entries):
        with form("COCO", file, f"{part}[{index}]"):
            id, name = _id(each["id"]), each[FIELDS[part]]
            name = class_name(name) if part == "categories" else str(name)
        if found.setdefault(id, name) != name:
            raise DataError("import_id", file=file.name, part=part, id=id)
    return found


def _shapes(file: Path, content: Any, classes: tuple[str, ...], unusable: list[str]) -> dict[str, list[Any]]:
    """What is drawn in each picture, by its id. Raises DataError that names what cannot be drawn.

    Polygons that outline nothing are left out and added to `unusable`.
    """
    categories = _by_id(file, content, "categories")
    found: dict[str, list[Any]] = {}
    boxes: list[str] = []
    with form("COCO", file, "annotations"):
        entries = list(content["annotations"])
    for index, each in enumerate(entries):
        entry = f"annotations[{index}]"
        with form("COCO", file, entry):
            category, image = _id(each["category_id"]), _id(each["image_id"])
            crowd, given = int(each.get("iscrowd") or 0), each.get("segmentation")
            drawn = [points for points in given if not _is_line(points)] if type(given) is list else given
        if category not in categories:
            raise DataError("import_category", file=file.name, entry=entry, id=category)
        if not any(given or ()):
            boxes.append(entry)
        elif drawn:
            id = IGNORED if crowd else class_id(categories[category], classes)
            found.setdefault(image, []).append((id, drawn))
        if type(given) is list:
            unusable += [f"{file.name}: {entry}"] * (len(given) - len(drawn))
    if boxes:
        raise DataError("import_boxes", file=file.name, entries=listed(boxes))
    return found


def _is_line(polygon: Any) -> bool:
    """Whether a polygon, x and y in turn, has too few points; what is of another form is told when drawn."""
    if type(polygon) is not list or len(polygon) % 2:
        return False
    return not outline(zip(polygon[::2], polygon[1::2], strict=True))


def _id(value: Any) -> str:
    """An id as text; tables write those that are whole numbers as 1.0."""
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _size(image: Any) -> Size | None:
    height, width = image.get("height"), image.get("width")
    return None if height is None or width is None else (int(height), int(width))


def _draw(part: Part, shape: Size, turn: images.Turn | None) -> Labels:
    part.check_size(shape, turn)
    height, width = part.size or shape
    drawn = []
    polygons = [points for _, each in part.shapes if isinstance(each, list) for points in each]
    part.check_pixels(value for points in polygons if isinstance(points, list) for value in points)
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
