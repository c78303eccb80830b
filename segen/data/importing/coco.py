"""COCO's JSON: polygons, and run-length encoding both compressed and not (Lin et al. 2014)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco

from segen.data.datasets import listed
from segen.data.importing.annotations import (
    Annotated,
    Annotations,
    lie_near,
    named,
    picture_files,
    picture_named,
    read_json,
)
from segen.errors import DataError
from segen.imaging.labels import IGNORED
from segen.types import Labels


def read(root: Path) -> Annotations:
    """The annotations of every COCO file in `root` or below; "val" in a file's name makes its split val.

    Where shapes overlap, the smaller ones are on top; crowds are ignored. Raises DataError for a file of
    another form, for pictures that are missing and for a class of no category.
    """
    files = [(path, content) for path in sorted(root.rglob("*.json")) if _is_coco(content := read_json(path))]
    if not files:
        raise DataError("import_nothing", format="COCO")
    pictures = picture_files(root)
    try:
        categories = {each["id"]: str(each["name"]) for _, content in files for each in content["categories"]}
        classes = named([categories[id] for id in sorted(categories)])
        ids = {id: classes.index(name) if name in classes else 0 for id, name in categories.items()}
        items = [
            item
            for path, content in files
            for item in _items(pictures, content, ids, "val" if "val" in path.stem.lower() else None)
        ]
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError):
        raise DataError("import_form", format="COCO") from None
    if missing := [name for name, item in items if item is None]:
        raise DataError("import_pictures", files=listed(missing))
    found = [item for _, item in items if item]
    without = tuple(item.image.name for item in found if not item.regions)
    return Annotations(classes, tuple(item for item in found if item.regions), without)


def _is_coco(content: Any) -> bool:
    return isinstance(content, dict) and {"images", "annotations", "categories"} <= set(content)


def _items(
    pictures: dict[str, list[Path]], content: Any, ids: dict[Any, int], split: str | None
) -> Iterator[tuple[str, Annotated | None]]:
    """The name of every picture of one file, and the picture, None where it is missing."""
    shapes = defaultdict(list)
    for each in content["annotations"]:
        shape = ids[each["category_id"]], bool(each.get("iscrowd")), each["segmentation"]
        shapes[each["image_id"]].append(shape)
    for image in content["images"]:
        name, own = str(image["file_name"]), shapes[image["id"]]
        size = int(image["height"]), int(image["width"])
        path = picture_named(pictures, name)
        regions = dict(Counter(id for id, _, _ in own))
        yield name, Annotated(path, partial(_draw, name, size, own), regions, split) if path else None


def _draw(
    name: str, stated: tuple[int, int], shapes: list[tuple[int, bool, Any]], height: int, width: int
) -> Labels:
    if stated != (height, width):
        raise DataError("import_size", file=name)
    drawn = []
    for id, crowd, segmentation in shapes:
        try:
            mask = coco.decode(_encoded(segmentation, height, width)).astype(bool)
        except Exception:  # pycocotools raises whatever its C code and its own asserts raise
            raise DataError("import_shape", file=name) from None
        if mask.shape != (height, width):
            raise DataError("import_shape", file=name)
        drawn.append((int(mask.sum()), IGNORED if crowd else id, mask))
    labels = np.zeros((height, width), dtype=np.uint8)
    for _, id, mask in sorted(drawn, key=lambda each: -each[0]):
        labels[mask] = id
    return labels


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
