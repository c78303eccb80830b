"""Colors of classes: in the palettes of masks, which editors sort as they like, and in pictures."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from segen.errors import InputError
from segen.registry import ClassInfo
from segen.types import Image, Labels

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
LAST = 255
"""The index of a palette that mostly stands for pixels to ignore."""
NONE = -1
"""In place of an id: that of no class."""
BLOCK_ROWS = 256
Color = tuple[int, int, int]


def bright(classes: tuple[ClassInfo, ...]) -> int:
    """Which of the first two classes white stands for: the second, unless their colors say otherwise."""
    return 0 if classes[0].color == WHITE or classes[1].color == BLACK else 1


def levels_of(classes: tuple[ClassInfo, ...]) -> dict[int, int]:
    """The ids of classes whose color is a grey, by its level; none where two have one color."""
    if len({each.color for each in classes}) < len(classes):
        return {}
    return {each.color[0]: each.id for each in classes if len(set(each.color)) == 1}


def ids_of_indices(
    used: Iterable[int], palette: list[Color], classes: tuple[ClassInfo, ...]
) -> NDArray[np.uint8]:
    """By index, 256 of them, the id that it stands for, of the indices that a mask has `used`.

    It is the index itself, unless one has the color of another class that is at none of its own: then the
    colors count, as which grey of the level of an id counts, too. LAST stays, unless no other entry has its
    color, a class does, and all others are known by theirs. Where two classes have a palette of black and
    white, white is the second. Raises InputError where the colors count, and do not tell the indices apart.
    """
    table = np.arange(256, dtype=np.uint8)
    known, shown = {each.color: each.id for each in classes}, set(palette)
    if len(known) < len(classes):
        return table
    others = sorted(set(used) - {LAST})
    drawn = [(at, palette[at] if at < len(palette) else None) for at in others]
    if sum(not each.ignored for each in classes) == 2 and WHITE in shown <= {BLACK, WHITE}:
        if shown == {WHITE} and WHITE not in known and others:
            raise InputError("labels_palette")
        for color, id in ((WHITE, bright(classes)), (BLACK, 1 - bright(classes))):
            known.setdefault(color, id)
    levels = {(each.id,) * 3: each.id for each in classes if each.id < LAST}
    if all(color in levels and (levels[color] == at or palette.count(color) == 1) for at, color in drawn):
        known = levels | known  # GIF leaves out levels of grey that do not occur, and moves the others
    ids = {
        at: known[color]
        for at, color in enumerate(palette)
        if color in known and (known[color] == at or palette[known[color] : known[color] + 1] != [color])
    }
    found = [ids.get(at, NONE) for at in others]
    if any(id not in (at, NONE) for at, id in zip(others, found, strict=True)):
        if NONE in found or len(set(found)) < len(found):
            raise InputError("labels_palette")
        table[others] = found
    elif len(classes) == 2 or found != others or not {each.color for each in classes} <= shown:
        return table
    if LAST in ids and ids[LAST] not in found and palette.count(palette[LAST]) == 1:
        table[LAST] = ids[LAST]
    return table


def code(color: Color) -> int:
    """A color, 8 bits a channel, as one number."""
    return color[0] << 16 | color[1] << 8 | color[2]


def codes(colors: Image) -> NDArray[np.uint32]:
    """The color of each pixel as one number, H x W."""
    red, green, blue = np.moveaxis(colors.astype(np.uint32), -1, 0)
    numbers: NDArray[np.uint32] = red << np.uint32(16) | green << np.uint32(8) | blue
    return numbers


def ids_of_colors(colors: Image, classes: tuple[ClassInfo, ...]) -> Labels:
    """The class id of each pixel, H x W. Raises InputError for a color of no class, or of two."""
    numbers = codes(colors)
    ids = {code(known.color): known.id for known in classes}
    if len(ids) < len(classes):
        raise InputError("labels_one_color")
    found, places = np.unique(numbers, return_inverse=True)
    if stray := [f"#{number:06x}" for number in found.tolist() if number not in ids]:
        raise InputError("labels_unknown", ids=", ".join(stray[:5]))
    return np.array([ids[number] for number in found.tolist()], dtype=np.uint8)[places].reshape(numbers.shape)


def nearest_classes(image: Image, classes: tuple[ClassInfo, ...]) -> tuple[Labels, int]:
    """H x W ids of the classes with the nearest colors, and how many pixels have the color of none."""
    labels = np.empty(image.shape[:2], dtype=np.uint8)
    unknown_pixels = 0
    for begin in range(0, len(image), BLOCK_ROWS):
        rows = image[begin : begin + BLOCK_ROWS].astype(np.int32)
        best = np.full(rows.shape[:2], np.iinfo(np.int32).max, dtype=np.int32)
        for known in classes:
            apart = ((rows - np.array(known.color, dtype=np.int32)) ** 2).sum(axis=2)
            nearer = apart < best
            labels[begin : begin + BLOCK_ROWS][nearer] = known.id
            best[nearer] = apart[nearer]
        unknown_pixels += int((best > 0).sum())
    return labels, unknown_pixels
