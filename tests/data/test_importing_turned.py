"""Pictures that a camera turned: annotations are turned with them, or refused where nobody can tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from segen.data.importing.folder import convert
from segen.errors import DataError
from segen.imaging import images
from tests.data.test_importing import imported
from tests.sentences import sentence

FORMATS = ("coco", "labelme", "cityscapes", "masks")
STORED = np.zeros((40, 56), np.uint8)
STORED[3:13, 5:25] = 1
"""Where the object lies in the pixels of the file: at the top left."""


def store(root: Path, format: str, orientation: int, drawn: NDArray[np.uint8], **size: Any) -> None:
    """A JPEG with that orientation, and annotations of it that have the size of `drawn` and its object."""
    height, width = drawn.shape
    rows, columns = (np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0))
    top, bottom, left, right = (int(end) for side in (rows, columns) for end in (side[0], side[-1]))
    exif = Pillow.Exif()
    exif[274] = orientation
    name = "a_leftImg8bit.jpg" if format == "cityscapes" else "a.jpg"
    root.mkdir()
    side = (40, 40) if height == width else STORED.shape
    Pillow.fromarray(np.full((*side, 3), 90, np.uint8)).save(root / name, exif=exif)
    if format in ("masks", "cityscapes"):
        mask = "a_gtFine_labelIds.png" if format == "cityscapes" else "a_mask.png"
        (root / mask).write_bytes(images.encode(drawn * (8 if format == "cityscapes" else 1)))
    elif format == "coco":
        corners = [left, top, right + 1, top, right + 1, bottom + 1, left, bottom + 1]
        content = {
            "images": [{"id": 1, "file_name": name, "height": height, "width": width}],
            "categories": [{"id": 1, "name": "cat"}],
            "annotations": [{"image_id": 1, "category_id": 1, "segmentation": [corners]}],
        }
        (root / "a.json").write_text(json.dumps(content))
    else:
        shape = {"label": "cat", "points": [[left, top], [right, bottom]], "shape_type": "rectangle"}
        stated = {"imageHeight": height, "imageWidth": width, **size}
        (root / "a.json").write_text(json.dumps({"imagePath": name, "shapes": [shape], **stated}))


def labels(root: Path, format: Any) -> NDArray[np.uint8]:
    mapping = root / "mapping.json"
    mapping.write_text('{"0": "background", "8": "cat"}')
    convert(root, format, root.parent / "out", 0.0, mapping if format == "cityscapes" else None)
    (found,) = imported(root.parent / "out").values()
    return found


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
@pytest.mark.parametrize("upright", [True, False])
def test_the_size_tells_how_annotations_were_drawn(
    tmp_path: Path, format: str, orientation: int, upright: bool
) -> None:
    right = images.turned(STORED, images.TURNS[orientation])
    store(tmp_path / "in", format, orientation, right if upright else STORED)
    assert (labels(tmp_path / "in", format) == right).all()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("orientation", [2, 3, 4, 6])
def test_where_both_sizes_are_equal_only_labelme_is_upright(
    tmp_path: Path, format: str, orientation: int
) -> None:
    drawn = STORED[:, :40] if orientation == 6 else STORED
    store(tmp_path / "in", format, orientation, drawn)
    if format == "labelme":
        assert (labels(tmp_path / "in", format) == drawn).all()
        return
    with pytest.raises(DataError) as error:
        labels(tmp_path / "in", format)
    name = "a_leftImg8bit.jpg" if format == "cityscapes" else "a.jpg"
    assert str(error.value) == sentence("folder_unusable", faults=sentence("mask_turned", file=name))


def test_labelme_without_a_size_is_refused_for_a_turned_picture(tmp_path: Path) -> None:
    store(tmp_path / "in", "labelme", 6, STORED, imageHeight=None)
    with pytest.raises(DataError) as error:
        labels(tmp_path / "in", "labelme")
    assert str(error.value) == sentence("folder_unusable", faults=sentence("mask_turned", file="a.jpg"))


@pytest.mark.parametrize("format", FORMATS)
def test_what_fits_neither_way_is_refused(tmp_path: Path, format: str) -> None:
    store(tmp_path / "in", format, 6, np.pad(STORED, ((0, 1), (0, 0))))
    with pytest.raises(DataError) as error:
        labels(tmp_path / "in", format)
    expected = {
        "cityscapes": sentence("mask_size", file="a_gtFine_labelIds.png"),
        "masks": sentence("mask_size", file="a_mask.png"),
    }.get(format, sentence("import_size", file="a.jpg"))
    assert str(error.value) == sentence("folder_unusable", faults=expected)
