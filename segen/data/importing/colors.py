"""Masks in colors, or in palettes whose colors count: each color as one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segen.imaging import images, palettes
from segen.imaging.labels import IGNORED, Mask, read_mask
from segen.registry import ClassInfo
from segen.types import Labels

BLOCK = 3
"""A color that fills a square of such a side somewhere is that of a class; those of soft edges do not."""
Palette = dict[int, int]
"""The color of each index that an opaque pixel of a mask has, but for black that fills up a palette."""


def read(path: Path, known: tuple[ClassInfo, ...]) -> Mask:
    """A mask, one with a palette as if it had been stored in its colors. Raises InputError as `read_mask`."""
    if not (found := images.indexed(path)):
        return read_mask(path, known)
    pixels = np.dstack([found.palette[found.indices], 255 * found.opaque.astype(np.uint8)])
    return replace(read_mask(images.encode(pixels), known), turned=found.turned)


def palette(path: Path) -> Palette:
    """That of a mask; empty if it has none, or one of grey levels that equal their indices.

    Raises InputError for what is no picture.
    """
    if not (found := images.indexed(path)):
        return {}
    listed = [palettes.code((red, green, blue)) for red, green, blue in found.palette.tolist()]
    used = np.unique(found.indices[found.opaque]).tolist()
    if all(listed[index] == index * 0x010101 for index in used):
        return {}
    return {index: listed[index] for index in used if listed[index] or not (index and listed[0] == 0)}


def disagree(found: Sequence[Palette]) -> bool:
    """Whether the indices of palettes are no ids: they differ between masks, or black is not at 0.

    A palette of fewer colors than indices tells nothing, and 255 is what is ignored, unless it is black where
    0 has another color.
    """
    told = [each for each in map(_telling, found) if len(set(each.values())) == len(each)]
    pairs = {pair for each in told for pair in each.items()}
    indices, colors = {index for index, _ in pairs}, {color for _, color in pairs}
    return not len(pairs) == len(indices) == len(colors) or any(not color and index for index, color in pairs)


def _telling(palette: Palette) -> Palette:
    inverted = palette.get(IGNORED) == 0 and 0 in palette
    return palette if inverted else {index: color for index, color in palette.items() if index != IGNORED}


def ignored(found: Sequence[Palette]) -> frozenset[int]:
    """The one color of 255 in all masks that have it, if it is not black and nothing else has it."""
    last = frozenset(each[IGNORED] for each in found if IGNORED in each)
    others = {color for each in found for index, color in each.items() if index != IGNORED}
    return frozenset() if len(last) > 1 or last & {0, *others} else last


def codes(mask: Mask) -> NDArray[np.uint32]:
    """Each color as one number, of a mask in colors or in grey."""
    if mask.colored:
        return palettes.codes(mask.values.astype(np.uint8))
    return mask.values.astype(np.uint32) * np.uint32(0x010101)


def solid(codes: NDArray[np.uint32]) -> frozenset[int]:
    """The colors that fill a BLOCK somewhere."""
    height, width = (side - BLOCK + 1 for side in codes.shape)
    if min(height, width) < 1:
        return frozenset(np.unique(codes).tolist())
    same = np.ones((height, width), np.bool_)
    for down in range(BLOCK):
        for right in range(BLOCK):
            same &= codes[down : down + height, right : right + width] == codes[:height, :width]
    return frozenset(np.unique(codes[:height, :width][same]).tolist())


def nearest(codes: NDArray[np.uint32], ids: dict[int, int]) -> Labels:
    """The class of each color; where it has none, that of the nearest pixel whose color has."""
    from scipy import ndimage

    found, places = np.unique(codes, return_inverse=True)
    labels = np.array([ids.get(code, -1) for code in found.tolist()])[places].reshape(codes.shape)
    if (labels < 0).any():
        rows, columns = ndimage.distance_transform_edt(
            labels < 0, return_distances=False, return_indices=True
        )
        labels = labels[rows, columns]
    return labels.astype(np.uint8)


def voc_color(id: int) -> tuple[int, int, int]:
    """Pascal VOC's color of a class: the bits of its id, spread over the channels from the top."""
    red = green = blue = 0
    for bit in range(8):
        red |= (id & 1) << (7 - bit)
        green |= (id >> 1 & 1) << (7 - bit)
        blue |= (id >> 2 & 1) << (7 - bit)
        id >>= 3
    return red, green, blue
