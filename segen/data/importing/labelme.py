"""labelme's JSON: one file beside each picture, with polygons, rectangles, circles and masks."""

from __future__ import annotations

import binascii
import math
from base64 import b64decode
from itertools import chain
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
    class_name,
    files_in,
    folder_split,
    form,
    lie_near,
    named,
    of_parts,
    outline,
    picture_files,
    picture_named,
    read_json,
)
from segen.data.listing import is_picture, listed
from segen.errors import DataError, InputError
from segen.imaging import images
from segen.imaging.labels import read_mask
from segen.types import Labels

SHAPES = ("polygon", "rectangle", "rotation", "circle", "mask")
"""The kinds that are read; a rotation, and a rectangle in some tools, has four corners."""


def read(root: Path) -> Annotations:
    """The annotations of every labelme file in `root` or below, classes in alphabetical order.

    Shapes are drawn in their order, as labelme draws them: a later one is on top. Raises DataError for a
    file of another form, for pictures that are missing, for a file that names another picture than the one
    of its own name, which lies beside it, and for shapes of a kind that is not in SHAPES. Polygons of fewer
    than three points are left out, as `unusable`.
    """
    contents = [
        (path, content) for path in files_in(root, "*.json") if _is_labelme(content := read_json(path))
    ]
    if not contents:
        raise DataError("import_nothing", format="labelme")
    names: set[str] = set()
    for path, content in contents:
        with form("labelme", path, "shapes"):
            entries = list(content["shapes"])
        for index, shape in enumerate(entries):
            with form("labelme", path, f"shapes[{index}]"):
                names.add(class_name(shape["label"]))
    classes = named(sorted(names))
    pictures = picture_files(root)
    beside = {path.with_suffix(""): path for path in chain(*pictures.values()) if is_picture(path)}
    found, missing = [], []
    unusable: list[str] = []
    for path, content in contents:
        if image := picture_named(pictures, name := str(content["imagePath"]), path):
            if image.stem != path.stem and (own := beside.get(path.with_suffix(""))):
                raise DataError("import_other", file=path.name, named=image.name, own=own.name)
            found.append(_part(root, image, path, content, classes, unusable))
        else:
            missing.append(name)
    if missing:
        raise DataError("import_pictures", files=listed(missing))
    return of_parts(root, found, classes, _draw, pictures, unusable)


def _is_labelme(content: Any) -> bool:
    return isinstance(content, dict) and {"shapes", "imagePath"} <= set(content)


def _part(
    root: Path, image: Path, file: Path, content: Any, classes: tuple[str, ...], unusable: list[str]
) -> Part:
    """What a file says of its picture; shapes that outline nothing are added to `unusable`."""
    shapes = []
    for index, shape in enumerate(content["shapes"]):
        with form("labelme", file, f"shapes[{index}]"):
            kind = str(shape.get("shape_type") or "polygon")
            points = [(float(x), float(y)) for x, y in shape["points"]]
        if kind not in SHAPES:
            raise DataError("import_kind", file=file.name, kind=kind, known=", ".join(SHAPES))
        if not all(map(math.isfinite, (value for point in points for value in point))):
            raise DataError("import_shape", file=file.name)
        if _is_polygon(kind, points) and not outline(points):
            unusable.append(f"{file.name}: shapes[{index}]")
            continue
        shapes.append((class_id(class_name(shape["label"]), classes), kind, points, shape.get("mask")))
    height, width = content.get("imageHeight"), content.get("imageWidth")
    with form("labelme", file, "imageHeight"):
        size = None if height is None or width is None else (int(height), int(width))
    return Part(image, size, shapes, folder_split(root, file))


def _is_polygon(kind: str, points: list[tuple[float, float]]) -> bool:
    return kind in ("polygon", "rotation") or (kind == "rectangle" and len(points) > 2)


def _draw(part: Part, shape: Size, turn: images.Turn | None) -> Labels:
    """labelme shows pictures upright: so where a size fits both ways, shapes are upright."""
    part.check_size(shape, turn)
    part.check_pixels(
        value for _, kind, points, _ in part.shapes if kind != "mask" for point in points for value in point
    )
    height, width = part.size or shape
    canvas = Pillow.new("L", (width, height))
    pen = ImageDraw.Draw(canvas)
    for id, kind, points, mask in part.shapes:
        try:
            if not lie_near((value for point in points for value in point), height, width):
                raise ValueError
            if _is_polygon(kind, points):
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
