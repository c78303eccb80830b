"""Write drawn pictures as a folder to train on: python -m segen.data.synthetic DIR --count 12."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tyro
from tqdm import tqdm

from segen.data import files
from segen.data.synthetic.scenes import DRAWN, DRAWN_INSTANCES
from segen.errors import UsageError, sentence
from segen.imaging import images
from segen.imaging.labels import encode_labels
from segen.registry import dataset_classes
from segen.text import words

MOST = 100_000
WIDTH, HEIGHT = 320, 240


def write(
    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DIR")],
    count: int = 12,
    like: Literal["camvid", "animals", "nuclei"] = "camvid",
) -> None:
    """Draw labelled pictures and write them in the layout of docs/data.md.

    The masks of nuclei number them, as 16-bit grey. Val holds a quarter as many as train, and at least one;
    no picture stands in both. Raises UsageError for a folder that is not empty and for a number out of range.

    Args:
        folder: The new folder.
        count: How many pictures to train on, 1 to 100,000.
        like: The data set that they stand in for.
    """
    if not 1 <= count <= MOST:
        raise UsageError("count_out_of_range", most=f"{MOST:,}")
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise UsageError("folder_not_empty", folder=folder.name)
    classes = dataset_classes(like)
    entries = [{"id": known.id, "name": known.name["en"], "color": known.color} for known in classes]
    files.write_text(folder / "classes.json", json.dumps(entries, indent=1) + "\n")
    for part in ("train/images", "train/masks", "val/images", "val/masks"):
        (folder / part).mkdir(parents=True)
    palette = tuple(known.color for known in classes)
    for seed in tqdm(range(count + max(1, count // 4)), unit="picture", disable=None):
        if like in DRAWN_INSTANCES:
            image, numbers = DRAWN_INSTANCES[like](seed, WIDTH, HEIGHT)
            mask = images.encode(numbers.astype(np.uint16))
        else:
            image, labels = DRAWN[like](seed, WIDTH, HEIGHT)
            mask = encode_labels(labels, palette)
        split = folder / ("train" if seed < count else "val")
        (split / "images" / f"{seed:04d}.png").write_bytes(images.encode(image))
        (split / "masks" / f"{seed:04d}.png").write_bytes(mask)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code: 0 done, 1 failed, 2 usage, 130 stopped."""
    try:
        tyro.cli(write, prog="python -m segen.data.synthetic", args=arguments)
    except KeyboardInterrupt:
        print(words("en", "cli.stopped"), file=sys.stderr)
        return 130
    except Exception as error:
        print(sentence(error), file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    return 0
