"""Which mask belongs to which picture, told from the names of the files."""

from __future__ import annotations

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


def bare(stem: str) -> str:
    """The stem of a mask without one of SUFFIXES."""
    suffix = next((each for each in SUFFIXES if stem.lower().endswith(each)), "")
    return stem[: len(stem) - len(suffix)]


def by_stem(paths: list[Path], root: Path, pictures: Collection[str] | None = None) -> dict[str, Path]:
    """Files of the data set at `root` by their stem; or, given those of pictures, masks by their picture's.

    That is the mask's own, or else the one without a suffix. Raises DataError where two files have one.
    """
    found: dict[str, Path] = {}
    for path in paths:
        stem = path.stem if pictures is None or path.stem in pictures else bare(path.stem)
        if stem in found:
            raise DataError("one_stem", first=named(found[stem], root), second=named(path, root))
        found[stem] = path
    return found
