"""Label maps: from mask files, whatever way they hold classes, and back to palette PNG.

Label maps are H x W uint8, class ids; IGNORED is what neither loss nor metric counts.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from segen.errors import InputError
from segen.imaging.areas import Areas
from segen.imaging.conversion import PHOTOMETRIC
from segen.imaging.images import decoded, turned
from segen.imaging.lossy import COMPRESSION
from segen.imaging.palettes import BLACK, WHITE, Color, bright, ids_of_colors, ids_of_indices, levels_of
from segen.registry import ClassInfo
from segen.text import words
from segen.types import MAX_TAUGHT, UNDRAWN, Labels

IGNORED = 255
"""The label of pixels to ignore where no class is named for them, as in Pascal VOC and Cityscapes."""
THRESHOLD = 128
"""Soft masks of two classes are cut here: a value of 128 and more is the second class."""
FACSIMILE = (2, 3, 4)
"""Compressions of TIFF for one bit, in which 0 is white by custom."""
NEARLY_GREY = 16
"""So far apart the channels of grey may lie that was stored with loss."""
SOFT_VALUES = 8
"""A mask of two classes with more values than these has soft edges, and is no list of ids."""

LAST_NUMBER = 65_535
"""In 16 bits what IGNORED is in 8."""

Coding = Literal["ids", "white", "soft", "levels", "instances"]
"""How grey or palette values stand for classes: they are ids (255 is ignored, and LAST_NUMBER); the brightest
is the second of two classes; THRESHOLD divides two classes; they are grey, the colors of classes; or each
number is an instance of the second class, but for 255 in 8 bits and LAST_NUMBER."""


@dataclass(frozen=True)
class Mask:
    """A mask file as it was stored: H x W `values`, or H x W x 3 colors, of 8 or 16 `bits`.

    `lossy` says that values near a border are none of its own, since it was stored with loss, as JPEG is, or
    held fractions, of which these are 255ths. `cut` is the least value of the second of two classes if the
    mask is soft. `file` names it among others; `turned` says that its own EXIF orientation was applied.
    """

    values: NDArray[np.uint8] | NDArray[np.uint16]
    bits: Literal[8, 16]
    lossy: bool
    cut: int = THRESHOLD
    file: str = ""
    turned: bool = False

    @property
    def colored(self) -> bool:
        """Whether it holds colors, and no ids."""
        return self.values.ndim == 3

    @cached_property
    def found(self) -> frozenset[int]:
        """The values that occur, of a mask without colors."""
        return frozenset(int(value) for value in np.unique(self.values))

    @property
    def last(self) -> int:
        """The value that mostly stands for pixels to ignore."""
        return IGNORED if self.bits == 8 else LAST_NUMBER


def read_mask(source: Path | str | bytes, classes: tuple[ClassInfo, ...] = (), clear: int = 0) -> Mask:
    """Read a mask file, its ids undecoded. Raises InputError for what is no picture, and as below.

    The colors of a palette count where they disagree with its indices (`palettes.ids_of_indices`): editors
    sort palettes as they like. One bit is a palette of black and white. Transparent pixels are of the first
    class, or of the value `clear`; in a palette, 255 stays. Of a TIFF whose 0 is white the numbers count, as
    other tools read them. Transparency by degrees is refused, and so are numbers other than 0 to 65,535,
    whole, or 0 to 1.
    """
    with decoded(source) as (picture, turn, lossy):
        mask = _stored(picture, lossy, classes, clear)
        if turn is not None and picture.format != "TIFF":  # which Pillow turns by itself
            values: NDArray[Any] = turned(mask.values, turn)
            mask = replace(mask, values=values)
    file = "" if isinstance(source, bytes) else Path(*Path(source).parts[-3:]).as_posix()
    return replace(mask, file=file, turned=turn is not None)


def _stored(picture: Pillow.Image, lossy: bool, classes: tuple[ClassInfo, ...], clear: int) -> Mask:
    if picture.mode.startswith("I;16"):
        return Mask(np.asarray(picture).astype(np.uint16), 16, lossy)
    if picture.mode in ("I", "F"):
        return _of_numbers(np.asarray(picture))
    drawn = _drawn(picture)
    if picture.mode in ("P", "1"):
        indices = np.array(picture).astype(np.uint8)
        if _inverted(picture):
            indices = 1 - indices
        values = ids_of_indices(np.unique(indices[drawn]).tolist(), _palette(picture), classes)[indices]
        values[~drawn & (indices != IGNORED)] = clear
        return Mask(values, 8, lossy)
    if picture.mode == "L" and drawn.all():
        return Mask(IGNORED - np.array(picture) if _inverted(picture) else np.array(picture), 8, lossy)
    colors = np.array(picture.convert("RGB"))
    if lossy and drawn.all() and np.ptp(colors, axis=2).max() <= NEARLY_GREY:
        return Mask(np.array(picture.convert("L")), 8, lossy)
    if not drawn.any():
        if (colors != colors[0, 0]).any():
            raise InputError("labels_transparent")
        return Mask(np.full(drawn.shape, clear, np.uint8), 8, lossy)
    seen = colors[drawn]
    levels, known = np.unique(seen).tolist(), levels_of(classes)
    as_color = all(level in known for level in levels) and any(known[level] != level for level in levels)
    grey = (seen == seen[:, :1]).all() and not as_color
    colors[~drawn] = clear if grey or not classes else classes[0].color
    return Mask(colors[..., 0] if grey else colors, 8, lossy)


def _inverted(picture: Pillow.Image) -> bool:
    """Whether Pillow gives other numbers than a TIFF holds, since white is its 0; facsimiles mean white."""
    tags = getattr(picture, "tag_v2", {PHOTOMETRIC: 1})
    return tags.get(PHOTOMETRIC, 0) == 0 and tags.get(COMPRESSION) not in FACSIMILE


def _palette(picture: Pillow.Image) -> list[Color]:
    """The colors of a palette picture, or of one of one bit."""
    if picture.mode == "1":
        return [BLACK, WHITE]
    levels = iter(picture.getpalette("RGB") or ())
    return list(zip(levels, levels, levels, strict=True))


def _drawn(picture: Pillow.Image) -> NDArray[np.bool_]:
    """Where a picture is not transparent. Raises InputError if it is so by degrees."""
    if not picture.has_transparency_data:
        return np.ones((picture.height, picture.width), np.bool_)
    alpha = np.asarray(picture.convert("RGBA").getchannel("A"))
    if picture.mode != "P" and len(np.unique(alpha[alpha > 0])) > 1:
        raise InputError("labels_transparent")
    return alpha > 0


def _of_numbers(values: NDArray[np.int32] | NDArray[np.float32]) -> Mask:
    """A mask of 32-bit numbers: ids, or fractions."""
    if np.isfinite(values).all() and values.min() >= 0:
        most = values.max()
        if most <= np.iinfo(np.uint16).max and (values == np.rint(values)).all():
            return Mask(values.astype(np.uint16), 16, False, 1 if most <= 1 else THRESHOLD)
        if most <= 1:
            return Mask(np.rint(values * 255).astype(np.uint8), 8, True)
    raise InputError("labels_range")


def read_strokes(source: Path | str | bytes, classes: tuple[ClassInfo, ...] = ()) -> Mask:
    """A palette or grey PNG of strokes: ids, and UNDRAWN where there is none or it is transparent.

    Where the palette shows the colors of `classes` in another order, they count. Raises InputError for
    colors, for a JPEG and the like, whose strokes blur, and for ids above UNDRAWN.
    """
    mask = read_mask(source, classes, UNDRAWN)
    if mask.lossy:
        raise InputError("labels_lossy")
    if mask.colored:
        raise InputError("scribbles_colors")
    if (most := max(mask.found)) > UNDRAWN:
        raise InputError("too_many_taught", count=most + 1, most=MAX_TAUGHT)
    return mask


def coding(masks: Iterable[Mask], classes: tuple[ClassInfo, ...]) -> Coding:
    """How the masks of one data set encode its `classes`, inferred from all of them together.

    One mask alone may mislead: 0 and 255 are two classes, unless another mask of the set also has a 1.
    Raises InputError where they fit no coding, or fit two.
    """
    grey, numbered, lossy = set[int](), set[int](), False
    marks: dict[str, str] = {}
    known = {each.id for each in classes}
    areas = Areas()
    for mask in masks:
        if not mask.colored:
            (numbered if mask.bits == 16 else grey).update(mask.found)
            lossy |= mask.lossy
            marks |= dict.fromkeys(_marks(mask), mask.file)
            if mask.bits == 8 and not mask.found <= known | {IGNORED}:
                areas.add(mask.values)
    two = sum(not each.ignored for each in classes) == 2
    if not numbered <= known | {IGNORED, LAST_NUMBER}:
        if two and grey <= known:
            return "instances"
        raise InputError("labels_unknown", ids=_listed(numbered - known))
    if grey <= known | {IGNORED} and not lossy:
        if not grey <= known and grey <= levels_of(classes).keys():
            return "levels"
        if not (two and len(classes) == 2 and "white" in marks):
            return "ids"
        if "one" in marks:
            raise InputError("labels_mixed", first=marks["one"], second=marks["white"])
        return "white"
    if not lossy and grey <= levels_of(classes).keys():
        return "levels"
    if two and not lossy and len(grey) > SOFT_VALUES and areas.numbered(grey - {0, IGNORED}):
        return "instances"
    most = max(grey | numbered)
    soft = most == 0 or most >= SOFT_VALUES if lossy else most >= THRESHOLD and len(grey) > SOFT_VALUES
    if two and soft:
        if "bright" in marks and "only one" in marks:
            raise InputError("labels_mixed", first=marks["only one"], second=marks["bright"])
        return "soft"
    if lossy:  # such values were ids, most of which are lost
        raise InputError("labels_lossy")
    raise _unknown(grey, classes)


def _marks(mask: Mask) -> Iterator[str]:
    """By which values a mask without colors may mark the second of two classes."""
    if 1 in mask.found:
        yield "one"
    elif mask.found & {IGNORED, mask.last}:
        yield "white"
    if mask.found <= {0, 1} and 1 in mask.found and mask.cut > 1:
        yield "only one"
    elif max(mask.found) >= THRESHOLD:
        yield "bright"


def labels_of(mask: Mask, classes: tuple[ClassInfo, ...], coded: Coding) -> Labels:
    """The class ids of a mask, H x W. Raises InputError for an id or a color of no class."""
    if mask.lossy and (mask.colored or coded not in ("white", "soft")):
        raise InputError("labels_lossy")
    if mask.colored:
        return ids_of_colors(mask.values.astype(np.uint8), classes)
    if coded in ("white", "soft"):
        second = mask.values >= mask.cut
        return (second if bright(classes) else ~second).astype(np.uint8)
    labels: Labels
    if coded == "levels" and mask.bits == 8:
        return ids_of_colors(np.repeat(mask.values.astype(np.uint8)[..., None], 3, axis=2), classes)
    if coded == "instances":
        labels = (mask.values > 0).astype(np.uint8)
    elif mask.found <= {each.id for each in classes} | {IGNORED, mask.last}:
        labels = mask.values.astype(np.uint8)
    else:
        raise _unknown(mask.found, classes)
    ignored = (mask.last,) if coded == "instances" else (IGNORED, mask.last)
    labels[np.isin(mask.values, ignored)] = next((each.id for each in classes if each.ignored), IGNORED)
    return labels


def remark(coded: Coding, classes: tuple[ClassInfo, ...], language: str = "en") -> str:
    """How the values of masks that are so `coded` were read as classes, in a sentence; none for ids."""
    if coded in ("ids", "levels"):
        return ""
    if coded == "instances":
        return words(language, "data.masks_numbered", name=classes[1].name[language])
    name = classes[bright(classes)].name[language]
    return words(language, "data.masks_cut", threshold=THRESHOLD, name=name)


def read_labels(source: Path | str | bytes, classes: tuple[ClassInfo, ...]) -> Labels:
    """Read one mask file by itself as class ids, H x W; see `coding` for the ways in which it may hold them.

    Palette and grey values are ids, 255 is ignored. With two classes, 0 and 255 are these, a soft or JPEG
    mask is cut at THRESHOLD, and numbers above 1 that fill areas are instances. An RGB picture
    must use the colors of `classes`. Raises InputError for an id or color of no class.
    """
    mask = read_mask(source, classes)
    return labels_of(mask, classes, coding([mask], classes))


def instances_of(mask: Mask, coded: Coding = "ids") -> NDArray[np.int32]:
    """The numbers of instances of a mask, H x W, 0 being none.

    It is grey, and has 16 bits, or 8 if its data set is so `coded`; 255 in 8 bits and LAST_NUMBER are none.
    Raises InputError for others.
    """
    if mask.colored or (mask.bits == 8 and coded != "instances"):
        raise InputError("not_instances")
    numbers = mask.values.astype(np.int32)
    if coded != "white":
        numbers[numbers == mask.last] = 0
    return numbers


def _unknown(found: Collection[int], classes: tuple[ClassInfo, ...]) -> InputError:
    """The fault of values of which some are ids of no class."""
    known = {each.id for each in classes}
    stray = set(found) - known - {IGNORED, LAST_NUMBER}
    numbers = sum(not each.ignored for each in classes) == 2 and known | stray == set(range(max(stray) + 1))
    if numbers and 0 in found:
        return InputError("labels_numbers", ids=_listed(stray))
    if stray == {max(known) + 1}:
        return InputError("labels_from_one", ids=_listed(stray))
    return InputError("labels_unknown", ids=_listed(stray))


def _listed(ids: set[int]) -> str:
    return ", ".join(map(str, sorted(ids)[:5]))


def resize_labels(labels: Labels, height: int, width: int) -> Labels:
    """Scale a label map; each pixel takes the label that lies under its middle."""
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(int)
        for new, old in zip((height, width), labels.shape, strict=True)
    )
    found: Labels = labels[np.ix_(rows, columns)]
    return found


def encode_labels(labels: Labels, palette: tuple[tuple[int, int, int], ...]) -> bytes:
    """An 8-bit palette PNG whose raw values are the labels."""
    picture = Pillow.fromarray(labels)
    picture.putpalette([channel for color in palette for channel in color])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", bits=8)  # Pillow packs small palettes into fewer bits by itself
    return buffer.getvalue()
