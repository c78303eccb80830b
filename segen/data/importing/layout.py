"""Which files of a folder are pictures, and which their masks."""

from __future__ import annotations

import re
from pathlib import Path

from segen.data import stems
from segen.data.importing.annotations import (
    files_in,
    folder_split,
    listed_splits,
)
from segen.data.listing import is_picture
from segen.errors import DataError

FOLDERS = ("mask", "masks", "label", "labels", "annotation", "annotations", "segmentation", "segmentations",
           "segmentationclass", "gt", "groundtruth", "ground_truth")  # fmt: skip
"""Names of folders, in any case, whose pictures are masks; "png" may follow."""
NO_MASKS = re.compile("segmentationobject.*|segmentation.*visualization", re.IGNORECASE)
"""Folders in which VOC, CVAT and labelme keep masks of the same pictures that number objects, or overlays."""
Key = tuple[str, str]
"""A split, "" for none, and a stem, `folded`."""


def pictures_and_masks(root: Path) -> tuple[dict[Key, Path], dict[Key, Path]]:
    """The pictures and the masks."""
    listed = listed_splits(root)
    pictures: dict[Key, Path] = {}
    masks: dict[Key, Path] = {}
    beside: list[tuple[str, Path]] = []
    inside: list[tuple[str, Path]] = []
    for path in filter(is_picture, files_in(root)):
        folders = path.relative_to(root).parts[:-1]
        if not any(map(NO_MASKS.fullmatch, folders)):
            split = folder_split(root, path) or listed.get(path.stem, "")
            (inside if any(map(_holds_masks, folders)) else beside).append((split, path))
    names = {stems.folded(path.stem) for _, path in beside}
    labelled = {stem for _, path in inside for stem in _stems(path)}
    for split, path in beside:
        own, bare = _stems(path)
        is_mask = bare != own and bare in names and own not in labelled
        _add(masks if is_mask else pictures, (split, bare if is_mask else own), path)
    for split, path in inside:
        own, bare = _stems(path)
        _add(masks, (split, own if (split, own) in pictures else bare), path)
    return pictures, masks


def _stems(path: Path) -> tuple[str, str]:
    """The stem, and what it is without a mask's suffix, both `folded`."""
    own = stems.folded(path.stem)
    return own, stems.bare(own)


def _holds_masks(folder: str) -> bool:
    return folder.lower().removesuffix("png").rstrip("_- ") in FOLDERS


def _add(group: dict[Key, Path], key: Key, path: Path) -> None:
    if group.setdefault(key, path) != path:
        raise DataError("one_stem", first=group[key].name, second=path.name)
