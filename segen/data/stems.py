"""Which mask belongs to which picture, told from the names of the files."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

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


def by_stem(paths: list[Path], pictures: Collection[str] | None = None) -> dict[str, Path]:
    """Files by their stem; or, given the stems of all pictures, masks by that of their picture.

    That is the mask's own, or else the one without a suffix. Raises DataError where two files have one.
    """
    found: dict[str, Path] = {}
    for path in paths:
        stem = path.stem if pictures is None or path.stem in pictures else bare(path.stem)
        if stem in found:
            raise DataError("one_stem", first=found[stem].name, second=path.name)
        found[stem] = path
    return found
