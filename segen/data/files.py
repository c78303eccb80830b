"""Whole files or none: write under a temporary name, sync, rename.

A writer that is killed leaves its temporary file behind. Such leftovers are removed by the next process
that writes into the folder: a writer holds a lock on its temporary file, which the kernel lets go with the
process, so that no file of a writer at work is taken for one (not on Windows, where leftovers stay).
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segen.errors import InputError

if sys.platform != "win32":
    import fcntl

FORMER = ".old"
"""How the name ends under which a folder is kept while another takes its place."""
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[a-z0-9_]{8}(?P<ending>\.\w+)")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends well, and vanishes if not.

    An existing `path` is replaced in one step; a reader sees the old file or the new one, never a part.
    Raises InputError for a device, a pipe or a socket, which a file must not take the place of.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InputError("special_file", file=path.name)
    _remove_files_once(path.parent.resolve())
    handle, temporary = _new_file(path)
    try:
        temporary.chmod(0o644)
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        if sys.platform == "win32":
            os.close(handle)  # Windows renames no file that is open
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
        if sys.platform != "win32":
            os.close(handle)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """An empty temporary folder beside `path` that takes its place when the block ends well.

    Between two renames there is no `path` for a moment; a process killed just then leaves the former folder
    aside, and `remove_leftovers` puts it back.
    """
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp"))
    former = temporary.with_suffix(FORMER)
    try:
        temporary.chmod(0o755)
        yield temporary
        if path.exists():
            path.rename(former)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Replace `path` with `text` in UTF-8, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def remove_leftovers(folder: Path) -> None:
    """Remove what killed writers left in a folder: files that nobody holds, and folders.

    Folders carry no lock: call this for a folder in which nobody else replaces one.
    """
    _remove_files(folder)
    for path in sorted(folder.glob(".*")):
        found = _TEMPORARY.fullmatch(path.name)
        if not found or found["ending"] not in (".tmp", FORMER) or not path.is_dir():
            continue
        if found["ending"] == FORMER and not (folder / found["name"]).exists():
            path.rename(folder / found["name"])
        else:
            shutil.rmtree(path, ignore_errors=True)


@functools.cache
def _remove_files_once(folder: Path) -> None:
    """As `_remove_files`, once for each folder, since listing a large one at each writing takes long."""
    _remove_files(folder)


def _remove_files(folder: Path) -> None:
    for path in folder.glob(".*"):
        found = _TEMPORARY.fullmatch(path.name)
        if found and found["ending"] in (Path(found["name"]).suffix, ".tmp") and path.is_file():
            _remove_abandoned(path)


def _new_file(path: Path) -> tuple[int, Path]:
    """An open temporary file beside `path`, locked for as long as it is open."""
    while True:
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix or ".tmp"
        )
        if sys.platform == "win32":
            return handle, Path(name)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:  # else another process has just taken it for a leftover
            return handle, Path(name)
        os.close(handle)


def _remove_abandoned(path: Path) -> None:
    """Remove a temporary file unless a living process holds it."""
    if sys.platform == "win32":
        return
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except OSError:
        pass  # it is being written, or may not be removed
    finally:
        os.close(handle)
