"""Work on many picture files: faults are reported one by one; nothing starts if two results share a name."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from segen.errors import CardError, InputError, UsageError, WeightsError, sentence
from segen.registry import ModelCard
from segen.types import ClusterRequest, Format, Image, Request

progress = partial(tqdm, unit="picture", disable=None)


def label_each(
    pictures: Sequence[Path],
    card: ModelCard,
    out: Path,
    ask: Callable[[Image], Request[Any]],
    also: tuple[Format, ...],
    model: str = "",
) -> int:
    """Write the files of a segmentation for each picture, and remarks on it to stderr.

    The card answers, or the one named `model` in its place.
    """
    from segen.cli import results
    from segen.imaging import export, formats

    endings = *export.SEGMENTATION_ENDINGS, export.INSTANCES_ENDING, *formats.endings(also)
    prepare(pictures, out, endings)
    from segen.engine import Engine
    from segen.imaging.images import read

    engine = Engine()

    def work(path: Path) -> None:
        image = read(path)
        request = ask(image)
        value = engine.run(model or card.name, request).value
        found = export.card_for(card, image, value)
        results.write_segmentation(out, path.stem, found, image, value)
        results.write_contents(out, path.stem, formats.contents(found, image, value, also, name(path)))
        if isinstance(request, ClusterRequest):
            for remark in export.remarks(card, request, value):
                tell(path, remark)

    return work_on_each(pictures, work)


def prepare(
    pictures: Sequence[Path], out: Path, endings: Sequence[str], also_read: Sequence[Path] = ()
) -> None:
    """Create the folder of results. Raises UsageError if results would overwrite each other or an input."""
    if not pictures:
        raise UsageError("no_pictures")
    # Some file systems ignore case, so names that differ only there count as one.
    made: dict[str, Path] = {}
    given = {os.path.realpath(path).casefold() for path in (*pictures, *also_read)}
    for path in pictures:
        for ending in endings:
            result = out / f"{path.stem}{ending}"
            if os.path.realpath(result).casefold() in given:
                raise UsageError("replaces_input", file=name(result))
            twin = made.setdefault(result.name.casefold(), path)
            if twin is not path:
                raise UsageError("same_stem", first=name(twin), second=name(path))
    make_folder(out)


def make_folder(path: Path) -> None:
    """Create a folder of results. Raises UsageError where it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError("out_unusable", out=name(path), reason=error.strerror) from None


def work_on_each(pictures: Sequence[Path], work: Callable[[Path], None]) -> int:
    """Work on each picture, report those that fail, and return the exit code."""
    code = 0
    for path in progress(pictures):
        try:
            work(path)
        except (CardError, WeightsError):  # no other picture would fare better
            raise
        except Exception as error:
            tell(path, sentence(error))
            code = 1
    return code


def tell(path: Path, said: str) -> None:
    """One line on stderr, without breaking into the progress bar."""
    tqdm.write(f"{name(path)}: {said}", file=sys.stderr)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Say of which file a fault is that is told within, as an InputError."""
    try:
        yield
    except InputError as fault:
        raise InputError("item_unusable", file=name(path), fault=fault) from None


def name(path: Path) -> str:
    """The last part of a path on one line, whatever characters it holds."""
    return "".join(letter if letter.isprintable() else "?" for letter in path.name or str(path))
