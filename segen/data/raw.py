"""The raw files of Fashion-MNIST: IDX, which is a header and bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segen.errors import DataError


def read(root: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The pictures, N x 28 x 28 grey, and the classes, N, of the raw files of Fashion-MNIST under `root`.

    The split is train or test. Raises DataError where they are missing or damaged.
    """
    prefix = {"train": "train", "test": "t10k"}.get(split)
    if prefix is None:
        raise DataError("raw_split_missing", split=split)
    pictures = _idx(root / "raw" / f"{prefix}-images-idx3-ubyte", 3)
    labels = _idx(root / "raw" / f"{prefix}-labels-idx1-ubyte", 1)
    if len(pictures) != len(labels):
        raise DataError("raw_files")
    return pictures, labels.astype(np.int64)


def _idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The bytes of an IDX file: two zeros, 8 for bytes, the number of dimensions, their sizes, the values."""
    try:
        content = path.read_bytes()
        sizes = np.frombuffer(content, ">u4", dimensions, offset=4)
        if content[:4] != bytes((0, 0, 8, dimensions)):
            raise ValueError
        return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(sizes)
    except (OSError, ValueError):
        raise DataError("raw_files") from None
