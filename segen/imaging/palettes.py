"""What the colors of a mask's palette tell of its indices, which editors sort as they like."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from segen.errors import InputError
from segen.registry import ClassInfo

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
LAST = 255
"""The index of a palette that mostly stands for pixels to ignore."""
Color = tuple[int, int, int]


def bright(classes: tuple[ClassInfo, ...]) -> int:
    """Which of the first two classes white stands for: the second, unless their colors say otherwise."""
    return 0 if classes[0].color == WHITE or classes[1].color == BLACK else 1


def ids_of_indices(
    used: Iterable[int], palette: Sequence[Color], classes: tuple[ClassInfo, ...]
) -> NDArray[np.uint8]:
    """By index, 256 of them, the id that it stands for, of the indices that a mask has `used`.

    It is the index itself, unless one has the color of another class that is at none of its own: then the
    colors count. LAST stays, unless no other entry has its color, a class does, and all others are known
    by theirs. Where two classes have a palette of black and white, white is the second. Raises InputError
    where the colors count, and do not tell the indices apart.
    """
    table = np.arange(256, dtype=np.uint8)
    known, shown = {each.color: each.id for each in classes}, set(palette)
    if len(known) < len(classes):
        return table
    others = sorted(set(used) - {LAST})
    if sum(not each.ignored for each in classes) == 2 and WHITE in shown <= {BLACK, WHITE}:
        if shown == {WHITE} and WHITE not in known and others:
            raise InputError("labels_palette")
        for color, id in ((WHITE, bright(classes)), (BLACK, 1 - bright(classes))):
            known.setdefault(color, id)
    ids = {
        index: id
        for index, color in enumerate(palette)
        if (id := known.get(color)) is not None and (id == index or palette[id : id + 1] != [color])
    }
    found = [ids.get(index) for index in others]
    if any(id not in (index, None) for index, id in zip(others, found, strict=True)):
        if None in found or len(set(found)) < len(found):
            raise InputError("labels_palette")
        table[others] = found
    elif len(classes) == 2 or found != others or not {each.color for each in classes} <= shown:
        return table
    last = palette[LAST] if len(palette) > LAST else None
    if LAST in ids and ids[LAST] not in found and list(palette).count(last) == 1:
        table[LAST] = ids[LAST]
    return table
