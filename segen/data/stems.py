"""Which mask belongs to which picture, told from the names of the files."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from pathlib import Path

from segen.data.listing import named
from segen.errors import DataError

SUFFIXES = tuple(
    f"{mark}{word}"
    for mark in "_-"
    for word in ("mask", "masks", "label", "labels", "seg", "segmentation", "gt")
)
"""What masks may carry behind the stem of their picture."""


def folded(name: str) -> str:
    """A name without what file systems tell apart differently: case, and the two forms of accents."""
    return unicodedata.normalize("NFC", name).casefold()


def bare(stem: str) -> str:
    """The stem of a mask without one of SUFFIXES."""
    suffix = next((each for each in SUFFIXES if stem.lower().endswith(each)), "")
    return stem[: len(stem) - len(suffix)]


def by_stem(paths: list[Path], root: Path, pictures: Collection[str] | None = None) -> dict[str, Path]:
    """Files of the data set at `root` by their stem; or, given those of pictures, masks by their picture's.

    That is the mask's own, or else the one without a suffix; or one of these as `folded` if there is no such
    picture. Raises DataError where two files have one.
    """
    found: dict[str, Path] = {}
    alike = {folded(stem): stem for stem in pictures or ()}
    for path in paths:
        stem = path.stem if pictures is None or path.stem in pictures else bare(path.stem)
        if pictures is not None and stem not in pictures:
            stem = alike.get(folded(path.stem), alike.get(folded(stem), stem))
        if stem in found:
            raise DataError("one_stem", first=named(found[stem], root), second=named(path, root))
        found[stem] = path
    return found
