"""Maps of many ids, such as Cityscapes': a mapping names those that count, all others are ignored."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from segen.data.datasets import Pair, upright
from segen.data.importing.annotations import (
    Annotated,
    Annotations,
    Size,
    class_name,
    files_in,
    folder_split,
    is_ignored,
    read_json,
)
from segen.data.listing import is_picture
from segen.errors import DataError, InputError
from segen.imaging import images
from segen.imaging.labels import IGNORED, read_mask
from segen.types import Labels

CITYSCAPES = {
    7: "road", 8: "sidewalk", 11: "building", 12: "wall", 13: "fence", 17: "pole", 19: "traffic light",
    20: "traffic sign", 21: "vegetation", 22: "terrain", 23: "sky", 24: "person", 25: "rider", 26: "car",
    27: "truck", 28: "bus", 31: "train", 32: "motorcycle", 33: "bicycle",
}  # fmt: skip
"""The 19 classes that Cityscapes' benchmark counts, by the ids of its *_labelIds.png (Cordts et al. 2016)."""
PICTURE_MARK, MASK_MARK = "_leftImg8bit", "_gtFine_labelIds"


def read(root: Path, mapping: Path | None) -> Annotations:
    """Pictures NAME_leftImg8bit and maps NAME_gtFine_labelIds in `root` or below; folders name splits.

    `mapping` is a JSON file {"7": "road", …}, where two ids may have one name; without it, the 19 classes of
    Cityscapes. Raises DataError for a mapping of another form, and for two pictures or maps of one name.
    """
    names = _mapping(mapping) if mapping else CITYSCAPES
    classes = tuple(dict.fromkeys(names.values()))
    table = np.full(65_536, IGNORED, dtype=np.uint8)
    for id, name in names.items():
        table[id] = classes.index(name)
    pictures, masks = _by_name(root, PICTURE_MARK), _by_name(root, MASK_MARK)
    if not pictures or not masks:
        raise DataError("import_nothing", format="Cityscapes")
    items = tuple(
        Annotated(path, partial(_draw, Pair(path, masks[name]), table), {}, folder_split(root, path))
        for name, path in pictures.items()
        if name in masks
    )
    without = tuple(path.name for name, path in pictures.items() if name not in masks)
    strays = tuple(path.name for name, path in masks.items() if name not in pictures)
    return Annotations(classes, items, without, strays)


def _by_name(root: Path, mark: str) -> dict[str, Path]:
    """The pictures with a mark behind their names, by these."""
    found: dict[str, Path] = {}
    for path in filter(is_picture, files_in(root, f"*{mark}.*")):
        if found.setdefault(path.stem.removesuffix(mark), path) != path:
            raise DataError("import_twice", file=path.name)
    return found


def _mapping(file: Path) -> dict[int, str]:
    content = read_json(file)
    try:
        found = {int(id): class_name(name) for id, name in content.items() if not is_ignored(str(name))}
    except (AttributeError, ValueError):
        raise DataError("import_mapping", file=file.name) from None
    if not found or not all(0 <= id < 65_536 for id in found) or len(set(found.values())) > IGNORED:
        raise DataError("import_mapping", file=file.name)
    return found


def _draw(pair: Pair, table: Labels, shape: Size, turn: images.Turn | None) -> Labels:
    try:
        mask = read_mask(pair.mask)
        if mask.lossy:
            raise InputError("labels_lossy")
    except InputError as error:
        raise DataError("item_unusable", file=pair.mask.name, fault=error) from None
    if mask.colored:
        raise DataError("import_colors", file=pair.mask.name)
    return upright(table[mask.values], pair, shape, turn, mask.turned)
