"""Write annotations as the folder of docs/own-data.md, and report what they contain."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from segen.data import files
from segen.data.importing import coco, labelme, mapping, masks
from segen.data.importing.annotations import TEST, Annotated, Annotations
from segen.data.importing.colors import voc_color
from segen.data.listing import listed
from segen.errors import DataError, InputError, SegenError, UsageError
from segen.imaging import images
from segen.imaging.labels import IGNORED, encode_labels
from segen.text import words
from segen.text.table import table
from segen.types import Progress

Format = Literal["coco", "labelme", "cityscapes", "masks"]


@dataclass(frozen=True)
class Report:
    """What was imported: regions and pixels of each class, pictures of each split, and those left out.

    `mixed_pixels` had the color of no class and took that of the nearest pixel; `test` pictures were left
    out as those of the split test, `strays` are annotations of no picture, `unusable` shapes outline nothing.
    """

    regions: dict[str, int]
    pixels: dict[str, int]
    pictures: dict[str, int]
    ignored_pixels: int
    without: tuple[str, ...]
    mixed_pixels: int = 0
    test: int = 0
    remark: str = ""
    strays: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()

    def text(self) -> str:
        """A table for people."""
        heading = [words("en", f"import.{column}") for column in ("class", "regions", "pixels")]
        rows = [
            [name, f"{self.regions[name]:,}" if self.regions[name] else "-", f"{count:,}"]
            for name, count in self.pixels.items()
        ]
        rows.append([words("en", "import.ignored"), "-", f"{self.ignored_pixels:,}"])
        told = table([heading, *rows]) + words("en", "import.pictures", **self.pictures)
        for split, count in self.pictures.items():
            if not count:
                told += "\n" + words("en", "import.empty", split=split)
        if self.mixed_pixels:
            told += "\n" + words("en", "import.mixed", pixels=f"{self.mixed_pixels:,}")
        if self.test:
            told += "\n" + words("en", "import.test", count=self.test)
        if self.remark:
            told += "\n" + self.remark
        left_out = {"without": self.without, "strays": self.strays, "unusable": self.unusable}
        for key, names in left_out.items():
            if names:
                files = listed(list(dict.fromkeys(names)))
                told += "\n" + words("en", f"import.{key}", count=len(names), files=files)
        return told


def convert(
    source: Path, format: Format, out: Path, val_share: float, ids: Path | None, progress: Progress = iter
) -> Report:
    """Convert the annotations in `source` to the data set `out`, whole or not at all.

    Pictures of the split test are left out. Of those whose split the annotations do not name, `val_share`, 0
    to 1, goes to val, by a hash of the name; each split has one at least, but one picture alone is in
    train. Raises UsageError for a folder `out` that is not empty and for `ids` of a format without, DataError
    for annotations that cannot be used, which names every bad picture.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError("folder_not_empty", folder=out.name)
    if not 0 <= val_share < 1:
        raise UsageError("import_share")
    if ids and format != "cityscapes":
        raise UsageError("import_mapping_unused", format=format)
    found = (
        mapping.read(source, ids)
        if format == "cityscapes"
        else {"coco": coco, "labelme": labelme, "masks": masks}[format].read(source)
    )
    items = tuple(item for item in found.items if item.split != TEST)
    if found.items and not items:
        raise DataError("import_test", count=len(found.items))
    if not items:
        raise DataError("import_nothing", format=format)
    if len(found.classes) < 2:
        raise DataError("import_one_class", name=found.classes[0])
    splits = _splits(items, val_share)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
        written = Path(temporary) / "data"
        report = _write(replace(found, items=items), splits, written, progress)
        if out.exists():
            out.rmdir()
        written.replace(out)
    return replace(report, test=len(found.items) - len(items))


def _splits(items: tuple[Annotated, ...], val_share: float) -> list[str]:
    def drawn(name: str) -> float:
        return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32

    splits = [item.split or ("val" if drawn(item.image.name) < val_share else "train") for item in items]
    for wanted in ("train", "val"):
        free = [index for index, item in enumerate(items) if item.split is None]
        if free and wanted not in splits and (wanted == "train" or len(splits) > 1):
            order = sorted(free, key=lambda index: drawn(items[index].image.name))
            splits[order[0] if wanted == "val" else order[-1]] = wanted
    return splits


def _write(found: Annotations, splits: list[str], out: Path, progress: Progress) -> Report:
    colors = list(found.colors) or [voc_color(id) for id in range(len(found.classes))]
    entries = [{"id": id, "name": name, "color": colors[id]} for id, name in enumerate(found.classes)]
    for split in ("train", "val"):
        for part in ("images", "masks"):
            (out / split / part).mkdir(parents=True)
    files.write_text(out / "classes.json", json.dumps(entries, ensure_ascii=False, indent=1) + "\n")
    pixels = np.zeros(256, dtype=np.int64)
    faults: list[SegenError] = []
    stems: dict[tuple[str, str], Path] = {}
    for item, split in progress(list(zip(found.items, splits, strict=True))):
        twin = stems.setdefault((split, item.image.stem.casefold()), item.image)
        try:
            if twin != item.image:
                raise DataError("one_stem", first=twin.name, second=item.image.name)
            labels = _write_pair(item, out / split, colors)
        except InputError as error:
            faults.append(DataError("item_unusable", file=item.image.name, fault=error))
        except DataError as error:
            faults.append(error)
        else:
            pixels += np.bincount(labels.ravel(), minlength=256)
    if faults:
        raise DataError("folder_unusable", faults=tuple(faults))
    regions = sum((Counter(item.regions) for item in found.items), Counter())
    return Report(
        {name: regions[id] for id, name in enumerate(found.classes)},
        {name: int(pixels[id]) for id, name in enumerate(found.classes)},
        {split: splits.count(split) for split in ("train", "val")},
        int(pixels[IGNORED]),
        found.without,
        found.mixed_pixels,
        remark=found.remark,
        strays=found.strays,
        unusable=found.unusable,
    )


def _write_pair(item: Annotated, folder: Path, colors: list[tuple[int, int, int]]) -> np.ndarray:
    """Write a picture and its mask; a picture that a camera turned is written upright, for good."""
    image, turn = images.read_turned(item.image)
    labels = item.draw((image.shape[0], image.shape[1]), turn)
    if turn is None:
        shutil.copyfile(item.image, folder / "images" / item.image.name)
    else:
        (folder / "images" / f"{item.image.stem}.png").write_bytes(images.encode(image))
    palette = (*colors, *[(0, 0, 0)] * (IGNORED - len(colors)), (224, 224, 192))
    (folder / "masks" / f"{item.image.stem}.png").write_bytes(encode_labels(labels, palette))
    return labels
