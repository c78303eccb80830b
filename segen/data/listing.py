"""Which files of a folder are pictures, how a sentence names them, and reading them all. No torch here."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

from PIL import Image as Pillow

from segen.errors import DataError, InputError, SegenError
from segen.imaging import images
from segen.types import Image

HEIF = (".heic", ".heif", ".hif")
NO_PICTURES = ("MPEG", "HDF5", "BUFR", "GRIB")
"""What Pillow knows by name alone."""
RAWS = (".3fr", ".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".pef", ".raf", ".rw2", ".srw")
"""Cameras' own formats, which nothing here opens."""
MAX_NAMED = 10
"""So many files are named in a sentence."""
NAMING = ("folder_unusable", "masks_missing", "one_stem", "pictures_nested")
"""Errors that name files of a data set, so that those of several folders make one sentence."""

Part = TypeVar("Part")


@cache
def endings() -> frozenset[str]:
    """What the names of pictures end in, in lower case."""
    known = Pillow.registered_extensions().items()
    readable = (end for end, format in known if format in Pillow.OPEN and format not in NO_PICTURES)
    return frozenset((*readable, *HEIF, *RAWS))


def is_picture(path: Path) -> bool:
    """Whether a file is meant as a picture, by its ending, or by its content where it has none."""
    return path.suffix.lower() in endings() or (not path.suffix and images.count_pixels(path) > 0)


def pictures_in(root: Path, folder: Path) -> list[Path]:
    """The pictures of a folder of the data set at `root`, in order of name; none where it is not there.

    Hidden files are passed over, what is no picture, and a camera's raw file beside a picture of its stem;
    links that lead nowhere are not. Raises DataError for pictures in sub-folders, which nothing would read,
    and for other raw files.
    """
    shown = [path for path in sorted(folder.glob("*")) if not path.name.startswith(".")]
    below = [path for path in shown if path.is_dir() and any(map(is_picture, path.rglob("*")))]
    if below:
        raise DataError("pictures_nested", folders=listed([named(path, root) for path in below]))
    found = [path for path in shown if not path.is_dir() and is_picture(path)]
    readable = [path for path in found if path.suffix.lower() not in RAWS]
    stems = {path.stem for path in readable}
    if raws := [path for path in found if path.stem not in stems]:
        raise unreadable(raws, root, InputError("camera_raw"))
    return readable


def unreadable(paths: list[Path], root: Path, fault: InputError) -> DataError:
    """What is raised for files of the data set at `root` that nothing here opens, all for one fault."""
    told = DataError("item_unusable", file=listed([named(path, root) for path in paths]), fault=fault)
    return DataError("folder_unusable", faults=(told,))


def named(path: Path, root: Path | None) -> str:
    """A file as it stands in its data set, such as train/masks/01.png, or its name alone."""
    return path.relative_to(root).as_posix() if root else path.name


def listed(names: list[str]) -> str:
    """Up to MAX_NAMED names in a row, and how many more there are."""
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" (+{more})" if more > 0 else "")


def read_all(
    root: Path, paths: list[Path], change: Callable[[Image], Image] = lambda image: image
) -> list[Image]:
    """Pictures of the data set at `root`, each changed as soon as it is read.

    Raises DataError that names all that cannot be read.
    """
    found, faults = [], []
    for path in paths:
        try:
            found.append(change(images.read(path)))
        except InputError as error:
            faults.append(DataError("item_unusable", file=named(path, root), fault=error))
    if faults:
        raise DataError("folder_unusable", faults=tuple(faults))
    return found


def together(*parts: Callable[[], Part]) -> list[Part]:
    """What each of the parts of a data set gives. Raises one DataError for the bad files of all of them."""
    found: list[Part] = []
    faults: list[SegenError] = []
    for part in parts:
        try:
            found.append(part())
        except DataError as error:
            if error.key not in NAMING:
                raise
            faults += cast(tuple[SegenError, ...], error.values.get("faults", (error,)))
    if faults:
        raise DataError("folder_unusable", faults=tuple(faults))
    return found
