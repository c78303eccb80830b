"""`classes.json`: the classes of a data set, as its owner wrote them. No torch here."""

from __future__ import annotations

import json
from pathlib import Path

from segen.errors import DataError, InputError
from segen.imaging.labels import IGNORED
from segen.registry import ClassInfo

NAME = "classes.json"
IGNORED_NAMES = ("unlabelled", "unlabeled", "void", "ignore")
"""Names by which data sets mark pixels that no metric counts."""


def find(root: Path) -> Path | None:
    """The file in a folder, whatever the case of its name; None where there is none."""
    found = [path for path in sorted(root.glob("*")) if path.name.lower() == NAME]
    return min(found, key=lambda path: path.name != NAME, default=None)


def read(file: Path) -> tuple[ClassInfo, ...]:
    """The classes of a list of `{id, name, color}` in UTF-8, UTF-16 or UTF-32.

    A last class named as in IGNORED_NAMES is neither learned nor measured. Raises DataError for a file
    that cannot be read or is of another form, for ids that are not 0, 1, 2 …, for a class without a name
    or with that of another, for a colour that is not three levels, and a fourth of opacity, from 0 to 255,
    for an ignored class that is not the last, for fewer than two others, and for more classes than a label
    map has ids, IGNORED being none.
    """
    try:
        entries = json.loads(file.read_bytes())
    except OSError:
        raise DataError("item_unusable", file=file.name, fault=InputError("file_unreadable")) from None
    except UnicodeDecodeError:
        raise DataError("classes_encoding") from None
    except json.JSONDecodeError as error:
        raise DataError("classes_json", line=error.lineno, column=error.colno) from None
    except (ValueError, RecursionError):
        raise DataError("classes_file") from None
    if not isinstance(entries, list):
        raise DataError("classes_file")
    found = tuple(_class(place, entry) for place, entry in enumerate(entries))
    names = [known.name["en"] for known in found]
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        raise DataError("classes_same", name=twice[0])
    if any(known.ignored for known in found[:-1]):
        raise DataError("classes_file")
    if sum(not known.ignored for known in found) < 2:
        raise DataError("classes_few")
    if len(found) > IGNORED:
        raise DataError("classes_many", count=len(found), most=IGNORED)
    return found


def _class(place: int, entry: object) -> ClassInfo:
    if not isinstance(entry, dict) or not {"id", "name", "color"} <= entry.keys():
        raise DataError("classes_file")
    if _whole(entry["id"]) != place:
        raise DataError("classes_ids", id=str(entry["id"])[:20], place=place)
    name, color = entry["name"], entry["color"]
    if not isinstance(name, str) or not (name := name.strip()):
        raise DataError("classes_name", id=place)
    levels = [_whole(level) for level in color] if isinstance(color, list) else []
    if len(levels) not in (3, 4) or not all(0 <= level <= 255 for level in levels):
        raise DataError("classes_color", name=name)
    red, green, blue = levels[:3]
    return ClassInfo(place, {"en": name, "zh": name}, (red, green, blue), name.lower() in IGNORED_NAMES)


def _whole(value: object) -> int:
    """A whole number of JSON, or its digits in quotes; -1 for anything else."""
    if type(value) is int:
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 4 else -1
