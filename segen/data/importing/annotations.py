"""What every format of annotations becomes: pictures, each with what draws its label map."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from segen.data.class_file import IGNORED_NAMES
from segen.data.listing import is_picture, listed
from segen.data.stems import folded
from segen.errors import DataError, InputError, SegenError
from segen.imaging import images
from segen.imaging.labels import IGNORED
from segen.types import Labels

MAX_CLASSES = 255
"""Ids are 0 to 254: 255 is ignored."""
BACKGROUND = "background"
TEST = "test"
SPLITS = {
    "train": "train", "training": "train", "minitrain": "train",
    "val": "val", "valid": "val", "validation": "val", "minival": "val", "eval": "val",
    "test": TEST, "testing": TEST,
}  # fmt: skip
"""What folders and files are called, in any case, of each split."""
Size = tuple[int, int]
"""Height and width."""
Draw = Callable[[Size, images.Turn | None], Labels]
"""Given the size of a picture upright and how it was turned, its class ids upright, IGNORED where nobody
knows. Raises DataError for annotations that do not fit a picture of that size."""


@dataclass(frozen=True)
class Annotated:
    """A picture, its split if one is named, and what draws its labels; `regions` counts shapes by class."""

    image: Path
    draw: Draw
    regions: dict[int, int]
    split: str | None = None


@dataclass(frozen=True)
class Annotations:
    """Everything that was found: the names of the classes by id, background first, and the pictures."""

    classes: tuple[str, ...]
    items: tuple[Annotated, ...]
    without: tuple[str, ...] = ()
    """Names of pictures that nothing labels; they are left out."""
    strays: tuple[str, ...] = ()
    """Of each annotation of no picture, which is left out, its file and the picture that it names; and masks
    of no picture."""
    mixed_pixels: int = 0
    """Pixels of masks in colors that have the color of no class, as at soft edges."""
    remark: str = ""
    """How masks were read whose values are no ids."""
    colors: tuple[tuple[int, int, int], ...] = ()
    """Of the classes by id, where the source has them."""
    unusable: tuple[str, ...] = ()
    """Of each shape that outlines nothing, which is left out, its file and its place there."""


@dataclass(frozen=True)
class Part:
    """What one file says of a picture: its size, None if it does not say, its shapes, and its split."""

    image: Path
    size: Size | None
    shapes: list[Any]
    split: str | None

    def check_size(self, shape: Size, turn: images.Turn | None) -> None:
        """Raise DataError unless `size` is that of the picture, upright or as a camera stored it.

        Where no size is stated, nobody can tell how a picture lay that a camera turned.
        """
        if self.size is None and turn is not None:
            raise DataError("mask_turned", file=self.image.name)
        if self.size not in (None, shape, images.stored_size(shape, turn)):
            raise DataError("import_size", file=self.image.name)

    def check_pixels(self, values: Iterable[Any]) -> None:
        """Raise DataError for coordinates, of all shapes, that are shares of the picture's sides."""
        found = list(values)
        if found and all(isinstance(value, (int, float)) and 0 <= value <= 1 for value in found):
            raise DataError("import_shares", file=self.image.name)


def together(root: Path, parts: Iterable[Part]) -> list[Part]:
    """What all files say of each picture, every shape once; a split that none names is that of its folders.

    Raises DataError that names all pictures of which files state different sizes or splits.
    """
    found: dict[Path, Part] = {}
    faults: dict[Path, SegenError] = {}
    for part in parts:
        former = found.setdefault(part.image, part)
        if former is part:
            continue
        if former.size and part.size and former.size != part.size:
            faults[part.image] = DataError("import_size", file=part.image.name)
        if former.split and part.split and former.split != part.split:
            faults[part.image] = DataError(
                "import_splits", file=part.image.name, first=former.split, second=part.split
            )
        shapes = former.shapes + [shape for shape in part.shapes if shape not in former.shapes]
        found[part.image] = Part(part.image, former.size or part.size, shapes, former.split or part.split)
    if faults:
        raise DataError("folder_unusable", faults=tuple(faults.values()))
    return [replace(part, split=part.split or folder_split(root, part.image)) for part in found.values()]


def of_parts(
    root: Path,
    parts: Iterable[Part],
    classes: tuple[str, ...],
    draw: Callable[[Part, Size, images.Turn | None], Labels],
    pictures: dict[str, list[Path]],
    unusable: list[str],
) -> Annotations:
    """What all files say of all pictures, whose shapes begin with their class id; `draw` draws a picture's.

    Pictures without shapes, and those of `picture_files` that no file mentions, are left out; shapes are,
    already, that are `unusable`. Raises DataError where no other is left, and as `together` does.
    """
    found = together(root, parts)
    items = tuple(
        Annotated(part.image, partial(draw, part), Counter(id for id, *_ in part.shapes), part.split)
        for part in found
        if part.shapes
    )
    if unusable and not items:
        raise DataError("import_unusable", files=listed(unusable))
    empty = tuple(part.image.name for part in found if not part.shapes)
    without = empty + left_over(pictures, [part.image for part in found])
    return Annotations(classes, items, without, unusable=tuple(unusable))


def folder_split(root: Path, path: Path) -> str | None:
    """The split that a folder names in which `path` lies below `root`, the outermost if there are several."""
    folders = [folder.lower() for folder in path.relative_to(root).parts[:-1]]
    return next((SPLITS[folder] for folder in folders if folder in SPLITS), None)


def listed_splits(root: Path) -> dict[str, str]:
    """The split of each stem in the lists of VOC, such as ImageSets/Segmentation/train.txt.

    Raises DataError for a stem in the lists of two splits.
    """
    found: dict[str, str] = {}
    for file in sorted(root.glob("ImageSets/Segmentation/*.txt")):
        split = SPLITS.get(file.stem.lower(), "")
        lines = file.read_text("utf-8-sig", errors="replace").splitlines()
        for stem in (line.strip().rpartition("/")[2] for line in lines if line.strip() and split):
            if (former := found.setdefault(stem, split)) != split:
                raise DataError("import_splits", file=stem, first=former, second=split)
    return found


def file_split(root: Path, path: Path) -> str | None:
    """The split that words of a file's name tell, as of instances_val2017.json, or else its folders."""
    found = {SPLITS.get(word.lower()) for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", path.stem)} - {None}
    return found.pop() if len(found) == 1 else folder_split(root, path)


def is_ignored(name: str) -> bool:
    """Whether a class of that name marks pixels to ignore, such as "void" or labelme's "__ignore__"."""
    return name.strip("_").lower() in IGNORED_NAMES


def named(names: list[str]) -> tuple[str, ...]:
    """Class names, background in front whether or not it is among them, and none that marks ignored pixels.

    Raises DataError for too many.
    """
    learned = [name for name in names if not is_ignored(name) and name.strip("_").lower() != BACKGROUND]
    found = (BACKGROUND, *dict.fromkeys(learned))
    if len(found) > MAX_CLASSES:
        raise DataError("import_classes", count=len(found), most=MAX_CLASSES)
    return found


def class_name(value: object) -> str:
    """The name of a class as annotations have it, on one line and bare. Raises ValueError for none."""
    name = " ".join(str(value).split()) if type(value) in (str, int) else ""
    if not name:
        raise ValueError
    return name


def class_id(name: str, classes: tuple[str, ...]) -> int:
    """The id of a name that was given to `named`, which made `classes` of it."""
    if is_ignored(name):
        return IGNORED
    return classes.index(name) if name in classes else 0


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises DataError, which names it, where it cannot be read."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DataError("item_unusable", file=path.name, fault=InputError("no_such_file")) from None
    except OSError:
        raise DataError("item_unusable", file=path.name, fault=InputError("file_unreadable")) from None
    except (ValueError, RecursionError):
        raise DataError("import_json", file=path.name) from None


@contextmanager
def form(format: str, file: Path, entry: str) -> Iterator[None]:
    """What reads an entry of a file: of another form, it raises DataError, which names both."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError):
        raise DataError("import_form", file=file.name, entry=entry, format=format) from None


def outline(points: Iterable[Any]) -> bool:
    """Whether these points, x and y each, are three or more: fewer make a line or a dot."""
    return len({tuple(point) for point in points}) > 2


def lie_near(points: Iterable[Any], height: int, width: int) -> bool:
    """Whether all are numbers, none farther from a picture than it is long; C code draws them."""
    longest = max(height, width)
    return all(type(value) in (int, float) and -longest <= value <= 2 * longest for value in points)


def files_in(root: Path, pattern: str = "*") -> list[Path]:
    """The files in `root` or below whose names fit, in order, none hidden or of a Mac's archive."""
    found = []
    for path in sorted(root.rglob(pattern)):
        parts = path.relative_to(root).parts
        if not any(part.startswith(".") or part == "__MACOSX" for part in parts) and path.is_file():
            found.append(path)
    return found


def picture_files(root: Path) -> dict[str, list[Path]]:
    """Every file in `root` or below, whatever its ending, by its `folded` name."""
    found: dict[str, list[Path]] = {}
    for path in files_in(root):
        found.setdefault(folded(path.name), []).append(path)
    return found


def picture_named(files: dict[str, list[Path]], name: str, file: Path) -> Path | None:
    """The picture that the annotations in `file` call `name`, by its last part; None if it is not there.

    Of several, those count whose folders agree with the name the farthest, then those below the folder of
    `file`. Case, and the escapes of addresses, count only where names differ in nothing else. Annotations are
    other people's: no path of theirs leads out of the folder. Raises DataError where two pictures are left.
    """
    parts = name.replace("\\", "/").split("/")
    alike = files.get(folded(parts[-1])) or files.get(folded(unquote(parts[-1])), [])
    found = [path for path in alike if path.name == parts[-1]] or alike
    agreeing = [_agreement(path, parts) for path in found]
    found = [path for path, parts in zip(found, agreeing, strict=True) if parts == max(agreeing)]
    if len(found) > 1:
        found = [path for path in found if path.is_relative_to(file.parent)] or found
    if len(found) > 1:
        raise DataError("import_twice", file=parts[-1])
    return found[0] if found else None


def _agreement(path: Path, parts: list[str]) -> int:
    """How many folders right above a picture are those of a name in parts."""
    pairs = zip(reversed(path.parts[:-1]), reversed(parts[:-1]), strict=False)
    return len(list(takewhile(lambda pair: folded(pair[0]) == folded(pair[1]), pairs)))


def left_over(files: dict[str, list[Path]], used: Iterable[Path]) -> tuple[str, ...]:
    """Names of the pictures among `files` that are not `used`."""
    rest = {path for found in files.values() for path in found} - set(used)
    return tuple(path.name for path in sorted(rest) if is_picture(path))
