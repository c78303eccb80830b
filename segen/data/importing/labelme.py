"""labelme's JSON: one file beside each picture, with polygons, rectangles, circles and masks."""

from __future__ import annotations

import binascii
import math
from base64 import b64decode
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw

from segen.data.importing.annotations import (
    Annotated,
    Annotations,
    lie_near,
    named,
    picture_files,
    picture_named,
    read_json,
)
from segen.errors import DataError, InputError
from segen.imaging.labels import IGNORED, read_mask
from segen.types import Labels

SHAPES = ("polygon", "rectangle", "circle", "mask")
IGNORE = "__ignore__"
"""labelme's own name for what is to be ignored."""


def read(root: Path) -> Annotations:
    """The annotations of every labelme file in `root` or below, classes in alphabetical order.

    Shapes are drawn in their order, as labelme draws them: a later one is on top. Raises DataError for a
    file of another form, a picture that is missing, and shapes that have no area.
    """
    contents = [
        (path, content) for path in sorted(root.rglob("*.json")) if _is_labelme(content := read_json(path))
    ]
    if not contents:
        raise DataError("import_nothing", format="labelme")
    try:
        names = {str(shape["label"]) for _, content in contents for shape in content["shapes"]}
        classes = named(sorted(names - {IGNORE}))
        pictures = picture_files(root)
        items = tuple(_item(pictures, path, content, classes) for path, content in contents)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError):
        raise DataError("import_form", format="labelme") from None
    return Annotations(classes, items)


def _is_labelme(content: Any) -> bool:
    return isinstance(content, dict) and {"shapes", "imagePath"} <= set(content)


def _item(pictures: dict[str, list[Path]], file: Path, content: Any, classes: tuple[str, ...]) -> Annotated:
    image = picture_named(pictures, str(content["imagePath"]))
    if image is None:
        raise DataError("import_pictures", files=str(content["imagePath"]))
    shapes = []
    for shape in content["shapes"]:
        kind, label = str(shape.get("shape_type", "polygon")), str(shape["label"])
        if kind not in SHAPES:
            raise DataError("import_kind", file=file.name, kind=kind, known=", ".join(SHAPES))
        id = IGNORED if label == IGNORE else classes.index(label) if label in classes else 0
        points = [(float(x), float(y)) for x, y in shape["points"]]
        if not all(map(math.isfinite, (value for point in points for value in point))):
            raise DataError("import_shape", file=file.name)
        shapes.append((id, kind, points, shape.get("mask")))
    regions = Counter(id for id, *_ in shapes if id != IGNORED)
    return Annotated(image, partial(_draw, file.name, shapes), dict(regions))


def _draw(
    name: str, shapes: list[tuple[int, str, list[tuple[float, float]], Any]], height: int, width: int
) -> Labels:
    canvas = Pillow.new("L", (width, height))
    pen = ImageDraw.Draw(canvas)
    for id, kind, points, mask in shapes:
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
                part = read_mask(b64decode(mask, validate=True)).values > 0
                canvas.paste(id, (round(points[0][0]), round(points[0][1])), Pillow.fromarray(part))
        except (TypeError, ValueError, binascii.Error, InputError):
            raise DataError("import_shape", file=name) from None
    return np.array(canvas)
