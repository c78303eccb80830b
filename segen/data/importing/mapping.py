"""Maps of many ids, such as Cityscapes': a mapping names those that count, all others are ignored."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from segen.data.datasets import OTHER_ENDINGS
from segen.data.importing.annotations import Annotated, Annotations, read_json
from segen.errors import DataError
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
    """Pictures NAME_leftImg8bit and maps NAME_gtFine_labelIds in `root` or below, in its splits train and
    val.

    `mapping` is a JSON file {"7": "road", …}, where two ids may have one name; without it, the 19 classes of
    Cityscapes. Raises DataError for a mapping of another form and for pictures without a map.
    """
    names = _mapping(mapping) if mapping else CITYSCAPES
    classes = tuple(dict.fromkeys(names.values()))
    table = np.full(65_536, IGNORED, dtype=np.uint8)
    for id, name in names.items():
        table[id] = classes.index(name)
    pictures = [
        path for path in sorted(root.rglob(f"*{PICTURE_MARK}.*")) if path.suffix.lower() not in OTHER_ENDINGS
    ]
    masks = {path.stem.removesuffix(MASK_MARK): path for path in sorted(root.rglob(f"*{MASK_MARK}.*"))}
    if not pictures or not masks:
        raise DataError("import_nothing", format="Cityscapes")
    items, without = [], []
    for path in pictures:
        mask = masks.get(path.stem.removesuffix(PICTURE_MARK))
        if mask is None:
            without.append(path.name)
            continue
        split = next((part for part in path.parts if part in ("train", "val")), None)
        items.append(Annotated(path, partial(_draw, mask, table), {}, split))
    return Annotations(classes, tuple(items), tuple(without))


def _mapping(file: Path) -> dict[int, str]:
    content = read_json(file)
    try:
        found = {int(id): str(name) for id, name in content.items()}
    except (AttributeError, ValueError):
        raise DataError("import_mapping", file=file.name) from None
    if not found or not all(0 <= id < 65_536 for id in found) or len(set(found.values())) > IGNORED:
        raise DataError("import_mapping", file=file.name)
    return found


def _draw(mask: Path, table: Labels, height: int, width: int) -> Labels:
    values = read_mask(mask).values
    if values.shape != (height, width):
        raise DataError("mask_size", file=mask.name)
    labels: Labels = table[values]
    return labels
