"""The classes of masks, from a list of their names that lies in the folder."""

from __future__ import annotations

from pathlib import Path

from segen.data import class_file, datasets
from segen.data.importing.annotations import BACKGROUND, MAX_CLASSES, is_ignored
from segen.data.importing.colors import voc_color
from segen.errors import DataError
from segen.imaging.palettes import code
from segen.registry import ClassInfo
from segen.text import LANGUAGES


def listed_classes(root: Path) -> tuple[tuple[ClassInfo, ...], bool]:
    """The classes of classes.json, labelmap.txt or class_names.txt, none without one of these.

    And whether the list has their colors, or else theirs are VOC's.

    Raises DataError for a file of another form.
    """
    if class_file.find(root):
        return datasets.classes(root, ""), True
    if (file := root / "labelmap.txt").is_file():
        return _labelmap(file), True
    return (_class_names(file) if (file := root / "class_names.txt").is_file() else ()), False


def _labelmap(file: Path) -> tuple[ClassInfo, ...]:
    """The classes of CVAT's labelmap.txt, whose lines are `name:red,green,blue:parts:actions`."""
    found: list[ClassInfo] = []
    try:
        for line in file.read_text("utf-8-sig").splitlines():
            if line.strip() and not line.startswith("#"):
                name, color, *_ = line.split(":")
                red, green, blue = (int(level) for level in color.split(","))
                if not all(0 <= level <= 255 for level in (red, green, blue)):
                    raise ValueError
                found.append(class_of(len(found), name.strip(), code((red, green, blue))))
    except (OSError, ValueError):
        raise DataError("import_labelmap", file=file.name) from None
    names, seen = {each.name["en"] for each in found}, {each.color for each in found}
    if "" in names or not len(names) == len(seen) == len(found):
        raise DataError("import_labelmap", file=file.name)
    if len(found) > MAX_CLASSES:
        raise DataError("import_classes", count=len(found), most=MAX_CLASSES)
    return tuple(found)


def _class_names(file: Path) -> tuple[ClassInfo, ...]:
    """The classes of labelme2voc's class_names.txt, whose lines are names in the order of ids.

    A first line such as `__ignore__` stands for the id -1, which masks store as 255.
    """
    try:
        names = [line.strip() for line in file.read_text("utf-8-sig").splitlines()]
    except (OSError, ValueError):
        raise DataError("import_names", file=file.name) from None
    names = [BACKGROUND if name.strip("_").lower() == BACKGROUND else name for name in names]
    if names and is_ignored(names[0]):
        del names[0]
    if not names or "" in names or len(set(names)) < len(names):
        raise DataError("import_names", file=file.name)
    if len(names) > MAX_CLASSES:
        raise DataError("import_classes", count=len(names), most=MAX_CLASSES)
    return tuple(class_of(id, name, code(voc_color(id))) for id, name in enumerate(names))


def class_of(id: int, name: str, code: int) -> ClassInfo:
    """A class of that name in any language, and of that color."""
    color = code >> 16, code >> 8 & 255, code & 255
    return ClassInfo(id, dict.fromkeys(LANGUAGES, name), color, is_ignored(name))
