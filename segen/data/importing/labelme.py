"""labelme's JSON: one file beside each picture, with polygons, rectangles, circles and masks."""

from __future__ import annotations

import binascii
import math
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw

from segen.data.importing.annotations import (
    Annotations,
    Part,
    Size,
    class_id,
    files_in,
    folder_split,
    lie_near,
    named,
    of_parts,
    picture_files,
    picture_named,
    read_json,
)
from segen.errors import DataError, InputError
from segen.imaging import images
from segen.imaging.labels import read_mask
from segen.types import Labels

SHAPES = ("polygon", "rectangle", "circle", "mask")


def read(root: Path) -> Annotations:
    """The annotations of every labelme file in `root` or below, classes in alphabetical order.

    Shapes are drawn in their order, as labelme draws them: a later one is on top. Raises DataError for a
    file of another form, a picture that is missing, and shapes that have no area.
    """
    contents = [
        (path, content) for path in files_in(root, "*.json") if _is_labelme(content := read_json(path))
    ]
    if not contents:
        raise DataError("import_nothing", format="labelme")
    try:
        names = {str(shape["label"]) for _, content in contents for shape in content["shapes"]}
        classes = named(sorted(names))
        pictures = picture_files(root)
        found = [_part(root, pictures, path, content, classes) for path, content in contents]
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError):
        raise DataError("import_form", format="labelme") from None
    return of_parts(root, found, classes, _draw, pictures)


def _is_labelme(content: Any) -> bool:
    return isinstance(content, dict) and {"shapes", "imagePath"} <= set(content)


def _part(
    root: Path, pictures: dict[str, list[Path]], file: Path, content: Any, classes: tuple[str, ...]
) -> Part:
    image = picture_named(pictures, str(content["imagePath"]))
    if image is None:
        raise DataError("import_pictures", files=str(content["imagePath"]))
    shapes = []
    for shape in content["shapes"]:
        kind = str(shape.get("shape_type", "polygon"))
        if kind not in SHAPES:
            raise DataError("import_kind", file=file.name, kind=kind, known=", ".join(SHAPES))
        points = [(float(x), float(y)) for x, y in shape["points"]]
        if not all(map(math.isfinite, (value for point in points for value in point))):
            raise DataError("import_shape", file=file.name)
        shapes.append((class_id(str(shape["label"]), classes), kind, points, shape.get("mask")))
    height, width = content.get("imageHeight"), content.get("imageWidth")
    size = None if height is None or width is None else (int(height), int(width))
    return Part(image, size, shapes, folder_split(root, file))


def _draw(part: Part, shape: Size, turn: images.Turn | None) -> Labels:
    """labelme shows pictures upright: so where a size fits both ways, shapes are upright."""
    part.check_size(shape, turn)
    if turn is not None and part.size is None:
        raise DataError("mask_turned", file=part.image.name)
    height, width = part.size or shape
    canvas = Pillow.new("L", (width, height))
    pen = ImageDraw.Draw(canvas)
    for id, kind, points, mask in part.shapes:
        try:
            if not lie_near((value for point in points for value in point), height, width):
                raise ValueError
            if kind == "polygon":
                pen.polygon(points, fill=id, outline=id)
            elif kind == "rectangle":
                (left, right), (top, bottom) = (sorted(values) for values in zip(*points, strict=True))
                pen.rectangle((left, top, right, bottom), fill=id, outline=id)
            elif kind == "circle":
                (x, y), rim = points
                radius = math.dist((x, y), rim)
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=id, outline=id)
            else:
                inside = read_mask(b64decode(mask, validate=True)).values > 0
                canvas.paste(id, (round(points[0][0]), round(points[0][1])), Pillow.fromarray(inside))
        except (TypeError, ValueError, binascii.Error, InputError):
            raise DataError("import_shape", file=part.image.name) from None
    labels = np.array(canvas)
    return labels if turn is None or labels.shape == shape else images.turned(labels, turn)
