"""Pictures and masks as tools export them: palette, colors with soft edges, grey, numbered instances."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segen.data import listing
from segen.data.datasets import Pair, upright
from segen.data.importing import colors
from segen.data.importing.annotations import (
    BACKGROUND,
    MAX_CLASSES,
    TEST,
    Annotated,
    Annotations,
    Size,
)
from segen.data.importing.layout import pictures_and_masks
from segen.data.importing.names import class_of, listed_classes
from segen.errors import DataError, InputError, SegenError
from segen.imaging import images
from segen.imaging import labels as label_files
from segen.imaging.labels import IGNORED, Mask, read_mask
from segen.imaging.palettes import code
from segen.registry import ClassInfo
from segen.text import words
from segen.types import Labels

MOST_MIXED = 0.25
"""With a larger share of pixels of no class's color, a file is no mask with soft edges, but no mask."""
MOST_VALUES = 64
"""Grey masks of more values number instances, or are soft."""
FEW_LEVELS, BRIGHT = 8, 64
"""Grey masks of so few values, one so bright, hold levels of grey that stand for classes, and no ids."""
VOID = "void"
"""What the color of 255 is called, which is ignored."""
Reader = Callable[[Path], Mask]
"""What reads a mask file. Raises InputError."""


@dataclass(frozen=True)
class _Seen:
    """A mask with each of its values once, or one of its colors; by code the pixels of all, and the solid.

    `palette` is that of the file, even where the mask was read in colors.
    """

    mask: Mask
    counts: dict[int, int]
    solid: frozenset[int]
    palette: colors.Palette


def read(root: Path) -> Annotations:
    """The pictures of a folder whose masks lie in a folder of their own, or beside them with a suffix.

    The classes are those of `listed_classes`, where the folder has a list; else every color that fills a
    square somewhere, black being the background, or every grey value; 0 and 255 are background and object,
    and numbers of more than 8 bits are instances of one class; 8-bit numbers may be instances or classes,
    which classes.json must tell. Pixels of other colors, as at soft edges, take the class of the nearest
    pixel that has one. Raises DataError that names all masks that cannot be used.
    """
    pictures, masks = pictures_and_masks(root)
    pairs = [(path, masks[key], key[0]) for key, path in sorted(pictures.items()) if key in masks]
    if not pairs:
        raise DataError("import_nothing", format="masks")
    known, in_colors = listed_classes(root)
    read_file: Reader = partial(read_mask, classes=known if in_colors else ())
    found = _looked(pairs, read_file)
    palettes = [each.palette for each in found if each.palette]
    mixed_up = not known and colors.disagree(palettes)
    if mixed_up or (palettes and any(each.mask.colored for each in found)):
        read_file = partial(colors.read, known=known)
        found = _looked(pairs, read_file)
    without = tuple(path.name for key, path in sorted(pictures.items()) if key not in masks)
    strays = tuple(path.name for key, path in sorted(masks.items()) if key not in pictures)
    if any(each.mask.colored for each in found) or (not known and _are_levels(found)):
        result = _colored(known or _classes_of_colors(found), pairs, found, read_file)
    else:
        result = _grey(known or _classes_of_values(found), pairs, found, read_file, bool(known))
    said = words("en", "import.palettes") if mixed_up else ""
    return replace(
        result, without=without, strays=strays, remark=" ".join(filter(None, (said, result.remark)))
    )


def _looked(pairs: Sequence[tuple[Path, Path, str]], read_file: Reader) -> list[_Seen]:
    """All masks. Raises DataError that names those that cannot be read."""
    found: list[_Seen] = []
    faults: list[SegenError] = []
    for _, path, _ in pairs:
        try:
            found.append(_look(path, read_file))
        except InputError as error:
            faults.append(DataError("item_unusable", file=path.name, fault=error))
    if faults:
        raise DataError("folder_unusable", faults=tuple(faults))
    return found


def _look(path: Path, read_file: Reader) -> _Seen:
    mask = read_file(path)
    if mask.colored and mask.lossy:
        raise InputError("labels_lossy")
    codes = colors.codes(mask)
    found, counts = np.unique(codes, return_counts=True)
    values: Any = mask.values[:1, :1] if mask.colored else np.unique(mask.values)[None]
    counted = dict(zip(found.tolist(), counts.tolist(), strict=True))
    return _Seen(replace(mask, values=values), counted, colors.solid(codes), colors.palette(path))


def _grey(
    known: tuple[ClassInfo, ...],
    pairs: Sequence[tuple[Path, Path, str]],
    found: list[_Seen],
    read_file: Reader,
    named: bool,
) -> Annotations:
    """The annotations of masks whose values stand for classes, or number instances.

    Raises DataError for 8-bit numbers that may do either, unless the classes are `named`.
    """
    try:
        coded = label_files.coding((read_file(path) for _, path, _ in pairs), known)
        if coded == "soft" and not any(max(each.mask.found) >= each.mask.cut for each in found):
            raise InputError("labels_lossy")
    except InputError as error:
        names = listing.listed(_uncoded([path for _, path, _ in pairs], known, read_file))
        raise DataError("item_unusable", file=names, fault=error) from None
    if coded == "instances" and not named and all(each.mask.bits == 8 for each in found):
        raise DataError("import_numbers", most=max(max(each.mask.found) for each in found))
    written = _written_ids(known)

    def draw_values(mask: Mask) -> Labels:
        return written[label_files.labels_of(mask, known, coded)]

    def draw(pair: Pair, shape: Size, turn: images.Turn | None) -> Labels:
        mask = read_file(pair.mask)
        return upright(draw_values(mask), pair, shape, turn, mask.turned)

    items = tuple(
        Annotated(image, partial(draw, Pair(image, path)), _regions(draw_values(each.mask)), split or None)
        for (image, path, split), each in zip(pairs, found, strict=True)
    )
    remark = label_files.remark(coded, known)
    return Annotations(_names(known), items, remark=remark, colors=_colors(known) if named else ())


def _uncoded(paths: Sequence[Path], known: tuple[ClassInfo, ...], read_file: Reader) -> list[str]:
    """The names of the masks whose values mean nothing by themselves; of all, if they only disagree."""

    def coded(path: Path) -> bool:
        with suppress(InputError):
            return bool(label_files.coding([read_file(path)], known))
        return False

    return [path.name for path in paths if not coded(path)] or [path.name for path in paths]


def _colored(
    known: tuple[ClassInfo, ...],
    pairs: Sequence[tuple[Path, Path, str]],
    found: list[_Seen],
    read_file: Reader,
) -> Annotations:
    """The annotations of masks in colors. Raises DataError where many pixels have the color of no class."""
    written = _written_ids(known)
    ids = {code(each.color): int(written[each.id]) for each in known}
    if len(ids) < len(known):
        raise DataError("labels_one_color")

    def draw(pair: Pair, shape: Size, turn: images.Turn | None) -> Labels:
        mask = read_file(pair.mask)
        labels = colors.nearest(colors.codes(mask), ids)
        return upright(labels, pair, shape, turn, mask.turned)

    items, faults, mixed = [], [], 0
    for (image, path, split), each in zip(pairs, found, strict=True):
        strange = sum(count for code, count in each.counts.items() if code not in ids and split != TEST)
        mixed += strange
        if strange > MOST_MIXED * sum(each.counts.values()):
            faults.append(DataError("import_mixed", file=path.name))
        present = np.array([ids.get(code, IGNORED) for code in each.counts])
        items.append(Annotated(image, partial(draw, Pair(image, path)), _regions(present), split or None))
    if faults:
        raise DataError("folder_unusable", faults=tuple(faults))
    return Annotations(_names(known), tuple(items), mixed_pixels=mixed, colors=_colors(known))


def _written_ids(known: tuple[ClassInfo, ...]) -> Labels:
    """By id, that of `_names`, or IGNORED; a labelmap.txt may have its ignored class anywhere."""
    written = np.full(256, IGNORED, np.uint8)
    learned = [each.id for each in known if not each.ignored]
    written[learned] = np.arange(len(learned))
    return written


def _classes_of_colors(found: list[_Seen]) -> tuple[ClassInfo, ...]:
    void = colors.ignored([each.palette for each in found])
    solid = sorted(frozenset[int]().union(*(each.solid for each in found)) | void)
    if len(solid) > MAX_CLASSES:
        raise DataError("import_classes", count=len(solid), most=MAX_CLASSES)
    names = (BACKGROUND if code == 0 else VOID if code in void else f"#{code:06x}" for code in solid)
    return tuple(class_of(id, name, code) for id, (name, code) in enumerate(zip(names, solid, strict=True)))


def _are_levels(found: list[_Seen]) -> bool:
    values = set[int]().union(*(each.mask.found for each in found))
    deep = any(each.mask.bits == 16 or each.mask.lossy for each in found)
    return not deep and len(values) <= FEW_LEVELS and max(values - {IGNORED}, default=0) >= BRIGHT


def _classes_of_values(found: list[_Seen]) -> tuple[ClassInfo, ...]:
    values = set[int]().union(*(each.mask.found for each in found)) - {IGNORED}
    soft = any(each.mask.bits == 16 or each.mask.lossy for each in found) or len(values) > MOST_VALUES
    names = ["object"] if soft or values <= {0, 1} else [f"class {id}" for id in range(1, max(values) + 1)]
    return tuple(class_of(id, name, 0x010101 * id) for id, name in enumerate((BACKGROUND, *names)))


def _names(known: tuple[ClassInfo, ...]) -> tuple[str, ...]:
    return tuple(each.name["en"] for each in known if not each.ignored)


def _colors(known: tuple[ClassInfo, ...]) -> tuple[tuple[int, int, int], ...]:
    return tuple(each.color for each in known if not each.ignored)


def _regions(ids: NDArray[np.generic]) -> dict[int, int]:
    """One region of each class that occurs."""
    return {int(id): 1 for id in np.unique(ids) if id != IGNORED}
