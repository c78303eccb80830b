"""`segen import`: annotations of other tools become a folder to train on."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import tyro
from tqdm import tqdm

from segen.errors import DataError


def import_annotations(
    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DIR")],
    *,
    format: Literal["coco", "labelme", "cityscapes", "masks"],
    out: Annotated[Path, tyro.conf.arg(metavar="DATA")],
    val_share: float = 0.2,
    mapping: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None,
) -> int:
    """Convert annotations to a folder of pictures and masks, as docs/own-data.md describes it.

    What is in a split called test is left out.

    Args:
        folder: The folder of pictures and annotations.
        format: What made the annotations.
        out: The new data set.
        val_share: The share of pictures for val, where the annotations name no split.
        mapping: For cityscapes, a JSON file of ids and class names; all other ids are ignored.
    """
    from segen.data.importing.folder import convert

    if not folder.is_dir():
        raise DataError("import_nothing", format=format)
    progress = partial(tqdm, unit="picture", disable=None)
    print(convert(folder, format, out, val_share, mapping, progress).text())
    return 0
