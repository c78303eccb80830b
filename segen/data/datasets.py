"""The layout of data sets on disk, and how a labelled picture is read. No torch here.

docs/data.md describes the layout: one folder a data set, one sub-folder a split, in it `images/` and
`masks/` with equal stems, and a `classes.json` beside the splits.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segen.data import class_file
from segen.data.listing import NAMING, listed, named, pictures_in, together, unreadable
from segen.data.stems import by_stem
from segen.errors import DataError, InputError, SegenError
from segen.imaging import images
from segen.imaging import labels as label_files
from segen.imaging.images import Values
from segen.imaging.labels import Coding
from segen.registry import ClassInfo, dataset_classes, dataset_folder
from segen.registry.folders import real
from segen.text import words
from segen.types import Image, Labels

PEOPLE = ("1f468", "1f469", "1f9d1")
"""The code points of man, woman and person."""
OTHER_ENDINGS = (".db", ".ini", ".json", ".txt", ".xml", ".csv", ".md", ".yaml", ".yml")
"""Files that belong to a picture and are none."""


@dataclass(frozen=True)
class Pair:
    """A picture and the file of its labels, and where there is one, the root of their data set."""

    image: Path
    mask: Path
    root: Path | None = None


def locate(data: str | Path | None, dataset: str) -> Path:
    """The folder of `dataset`: `data` itself if that is one data set, else the folder of that name in it.

    `data` defaults to `$SEGEN_DATA`. Raises DataError when nothing is there.
    """
    chosen = data or os.environ.get("SEGEN_DATA")
    if not chosen:
        raise DataError("data_missing", dataset=dataset)
    root = Path(chosen)
    folder = dataset_folder(dataset)
    marked = any((root / mark).exists() for mark in ("train", "trainA")) or class_file.find(root)
    if marked or real(root).name == folder:
        return root
    if (root / folder).is_dir():
        return root / folder
    if any((root / mark).exists() for mark in ("val", "valA", "test", "testA")):
        return root
    raise DataError("data_missing", dataset=dataset)


def weights_file(data: str | Path | None, name: str) -> Path | None:
    """Weights that Segen does not ship: `name` under the data root, or None where it is not.

    The root is `data`, or holds it if that is one data set; or else it is `$SEGEN_DATA`.
    """
    given = [Path(data).absolute(), Path(data).absolute().parent] if data else []
    roots = [*given, *([Path(usual)] if (usual := os.environ.get("SEGEN_DATA")) else [])]
    return next((root / name for root in roots if (root / name).is_file()), None)


def classes(root: Path, dataset: str) -> tuple[ClassInfo, ...]:
    """The classes of `root/classes.json`, else those known of `dataset`.

    Raises DataError where there are neither, and as `class_file.read` does.
    """
    if file := class_file.find(root):
        return class_file.read(file)
    if known := dataset_classes(dataset):
        return known
    raise DataError("classes_missing")


def pairs(root: Path, split: str) -> list[Pair]:
    """The labelled pictures of one split, in order of name.

    A mask has the stem of its picture, or else that and one of stems.SUFFIXES. Raises DataError where there
    is none, where a picture has no mask, where two pictures or two masks share a stem, and where a file that
    is no picture has a mask.
    """
    folder = root / split / "images"
    found = by_stem(_found(root, split, [folder]), root)
    masks = by_stem(pictures_in(root, root / split / "masks"), root, found)
    if missing := [named(path, root) for stem, path in found.items() if stem not in masks]:
        raise DataError("masks_missing", files=listed(missing))
    unread = [path for path in sorted(folder.glob("[!.]*")) if path.stem in masks.keys() - found.keys()]
    if unread := [path for path in unread if path.suffix.lower() not in OTHER_ENDINGS]:
        raise unreadable(unread, root, InputError("not_a_picture", formats=", ".join(images.FORMATS)))
    return [Pair(path, masks[stem], root) for stem, path in found.items()]


def _found(root: Path, split: str, folders: list[Path]) -> list[Path]:
    found = [path for folder in folders for path in pictures_in(root, folder)]
    if split != Path(split).name or not found:
        raise DataError("split_missing", split=split)
    return found


def pictures(root: Path, split: str) -> list[Path]:
    """The pictures of one split, in order of name: of its `images`, or of both halves of unpaired domains.

    The halves of `train` are the folders trainA and trainB. Files such as Thumbs.db are passed over. Raises
    DataError when there is none.
    """
    return _found(root, split, [root / split / "images", root / f"{split}A", root / f"{split}B"])


def half(root: Path, split: str, letter: str) -> list[Path]:
    """The pictures of one domain of two without pairs, "A" or "B", in order of name. Raises DataError."""
    found = pictures_in(root, root / f"{split}{letter}")
    if split != Path(split).name or not found:
        raise DataError("half_missing", folder=f"{split}{letter}")
    return found


def emoji(root: Path, split: str) -> list[Path]:
    """The drawings of a split, train or val, in order of name; files are named after their code points.

    Val is about 15 % by SHA-256 of the first code point; man, woman and person count as one, "people". So
    all skin tones and sequences of a sign are on one side. Raises DataError when there is none.
    """

    def held_back(path: Path) -> bool:
        first = path.stem.partition("-")[0]
        group = "people" if first in PEOPLE else first
        return hashlib.sha256(group.encode()).digest()[0] < 0.15 * 256

    if split not in ("train", "val"):
        raise DataError("split_unknown", split=split)
    found = [path for path in sorted(root.glob("*.webp")) if held_back(path) == (split == "val")]
    if not found:
        raise DataError("drawings_missing")
    return found


def read(pair: Pair, known: tuple[ClassInfo, ...], coded: Coding | None = None) -> tuple[Image, Labels]:
    """A picture and its labels, class ids, by the coding of its data set, or else of its mask alone.

    A mask that was drawn on the pixels as a camera stored them is turned with its picture. Raises DataError,
    which names the file, for one that cannot be read, an id or a color that `known` lacks, sizes that differ,
    and a picture of which nobody can tell whether its mask was drawn before or after it was turned.
    """
    image, turn = _picture(pair)
    return image, _labels(pair, known, coded, image.shape[:2], turn)


def _picture(pair: Pair) -> tuple[Image, images.Turn | None]:
    try:
        return images.read_turned(pair.image)
    except InputError as error:
        raise DataError("item_unusable", file=named(pair.image, pair.root), fault=error) from None


def _labels(
    pair: Pair,
    known: tuple[ClassInfo, ...],
    coded: Coding | None,
    shape: tuple[int, ...],
    turn: images.Turn | None,
) -> Labels:
    """The labels of a picture of this shape, which was turned; raises DataError as `read` does."""
    try:
        mask = label_files.read_mask(pair.mask, known)
        labels = label_files.labels_of(mask, known, coded or label_files.coding([mask], known))
    except InputError as error:
        raise DataError("item_unusable", file=named(pair.mask, pair.root), fault=error) from None
    return upright(labels, pair, shape, turn, mask.turned)


def upright(
    values: NDArray[Values],
    pair: Pair,
    shape: tuple[int, ...],
    turn: images.Turn | None,
    turned: bool = False,
) -> NDArray[Values]:
    """The values of a mask of a picture of this shape, turned as it was if they fit its pixels as stored.

    Those that are `turned` by the mask's own EXIF orientation are upright. Raises DataError where they fit
    neither, and where nobody can tell which of both they were drawn on.
    """
    if turned:
        turn = None
    if turn is not None and values.shape == shape == images.stored_size(shape, turn):
        raise DataError("mask_turned", file=named(pair.image, pair.root))
    if turn is not None and values.shape != shape:
        values = images.turned(values, turn)
    if values.shape != shape:
        raise DataError("mask_size", file=named(pair.mask, pair.root))
    return values


def _checked_labels(pair: Pair, known: tuple[ClassInfo, ...], coded: Coding, numbered: bool) -> Labels:
    """The labels as `read` gives them; the picture is checked in less time than it takes to read it."""
    try:
        shape, turn = images.checked_size(pair.image)
    except InputError as error:
        raise DataError("item_unusable", file=named(pair.image, pair.root), fault=error) from None
    if numbered:
        _numbers(pair, coded, shape, turn)
    return _labels(pair, known, coded, shape, turn)


@dataclass(frozen=True)
class Survey:
    """Of all files of a split: its pairs, the coding of their masks, and pixels by class, pairs x ids.

    `spare` names the masks of no picture.
    """

    pairs: list[Pair]
    coding: Coding
    pixels: NDArray[np.int64]
    spare: tuple[str, ...] = ()

    def remark(self, known: tuple[ClassInfo, ...], language: str = "en") -> str:
        """How values that are no ids were read as classes, which classes no pixel has, and what is spare."""
        told = [label_files.remark(self.coding, known, language)]
        counts = self.pixels.sum(axis=0)
        if unseen := [each.name[language] for each in known if not (each.ignored or counts[each.id])]:
            told.append(words(language, "data.classes_unseen", names=", ".join(unseen)))
        if self.spare:
            files = listed(list(self.spare))
            told.append(words(language, "data.masks_spare", count=len(self.spare), files=files))
        return " ".join(filter(None, told))


def survey(
    root: Path, known: tuple[ClassInfo, ...], splits: Sequence[str], numbered: bool = False
) -> list[Survey]:
    """Look at every picture and mask of the splits before any is used. `numbered` asks for `read_instances`.

    All masks have one coding, which those of train and val decide even where they are not asked for. Raises
    DataError as `pairs` does, or one that names all that cannot be used, and where no mask of a split labels
    a pixel, or numbers a thing.
    """
    pairs_of = cache(partial(pairs, root))
    usable: list[Pair] = []
    for split in dict.fromkeys((*splits, "train", "val")):
        try:
            usable += pairs_of(split)
        except DataError as error:
            if split in splits and error.key not in NAMING:
                raise
    fault: InputError | None = None
    coded: Coding = "ids"
    try:
        coded = label_files.coding(_readable_masks(usable, known), known)
    except InputError as error:
        fault = error
        if error.key == "labels_mixed":  # no mask alone is at fault
            coded = "soft"

    def look(split: str) -> Survey:
        return _survey(root, pairs_of(split), known, coded, numbered)

    found = together(*(partial(look, split) for split in splits))
    if fault:
        raise DataError("folder_unusable", faults=(fault,))
    learned = [not each.ignored for each in known]
    for split, each in zip(splits, found, strict=True):
        if not each.pixels[:, learned].any():
            raise DataError("split_unlabelled", split=split)
        if numbered and not each.pixels[:, 1].any():
            raise DataError("split_without_instances", split=split)
    return found


def _survey(
    root: Path, labelled: list[Pair], known: tuple[ClassInfo, ...], coded: Coding, numbered: bool
) -> Survey:
    """One split of these pairs. Raises DataError that names all files that cannot be used."""
    faults: list[SegenError] = []
    pixels = np.zeros((len(labelled), len(known)), dtype=np.int64)
    for row, pair in zip(pixels, labelled, strict=True):
        try:
            labels = _checked_labels(pair, known, coded, numbered)
            row += np.bincount(labels[labels < len(known)], minlength=len(known))
        except DataError as error:
            faults.append(error)
    if faults:
        raise DataError("folder_unusable", faults=tuple(faults))
    used, masks = {pair.mask for pair in labelled}, labelled[0].mask.parent
    spare = tuple(path.name for path in pictures_in(root, masks) if path not in used)
    return Survey(labelled, coded, pixels, spare)


def _readable_masks(labelled: list[Pair], known: tuple[ClassInfo, ...]) -> Iterator[label_files.Mask]:
    for pair in labelled:
        with suppress(InputError):
            yield label_files.read_mask(pair.mask, known)


def read_instances(pair: Pair, coded: Coding = "ids") -> tuple[Image, NDArray[np.int32]]:
    """A picture and the number of the instance at each of its pixels, H x W, 0 being none.

    The mask is turned with its picture as in `read`. Masks of 8 bits number instances if their data set is
    so `coded`. Raises DataError when the mask numbers none, and as `read` does.
    """
    image, turn = _picture(pair)
    return image, _numbers(pair, coded, image.shape[:2], turn)


def _numbers(
    pair: Pair, coded: Coding, shape: tuple[int, ...], turn: images.Turn | None
) -> NDArray[np.int32]:
    try:
        mask = label_files.read_mask(pair.mask)
        numbers = label_files.instances_of(mask, coded)
    except InputError as error:
        raise DataError("item_unusable", file=named(pair.mask, pair.root), fault=error) from None
    return upright(numbers, pair, shape, turn, mask.turned)
