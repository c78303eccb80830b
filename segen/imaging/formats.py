"""A segmentation in the formats that other tools read: GeoJSON, COCO, YOLO, CSV, masks and cut-outs.

Coordinates are pixels from the upper left corner of the picture, x to the right and y down. Each function
takes the card that `export.card_for` gives.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageFilter

from segen.imaging import export, images, objects
from segen.registry import ClassInfo, ModelCard
from segen.text.table import comma_separated
from segen.types import SURE, Clustering, Format, Image, Instance, Segmentation

ENDINGS: dict[Format, str] = {
    "geojson": ".geojson", "coco": ".coco.json", "yolo": ".yolo.txt", "csv": ".csv",
    "objects": ".objects.csv", "masks": ".mask-{id}.png", "cutouts": ".cutout-{id}.png",
}  # fmt: skip
"""What stands behind the stem of a picture's name; masks and cut-outs have one for each class id."""
Result = Segmentation | Clustering
Ring = NDArray[np.float64]
"""n x 2 corners, x and y, the last one equal to the first."""
COLUMNS = (
    "number", "class_id", "class", "score", "pixels", "share", "x", "y", "left", "top", "width", "height",
    "red", "green", "blue",
)  # fmt: skip
"""Of the table; x and y are the centroid, the colors means."""
EDGE_PIXELS = 1.0
"""The standard deviation of the Gaussian that softens the edge of a cut-out."""


def _regions(card: ModelCard, result: Result) -> Iterator[tuple[ClassInfo, NDArray[np.bool_]]]:
    """Each class that the picture shows, and where, H x W, in the order of ids."""
    for known in sorted(card.classes, key=lambda each: each.id):
        if (mask := result.labels == known.id).any():
            yield known, mask


def _things(
    card: ModelCard, result: Result
) -> Iterator[tuple[ClassInfo, NDArray[np.bool_], Instance | None]]:
    """What counts as one thing: each sure instance where the card finds instances, else each region."""
    instances = result.instances if isinstance(result, Segmentation) else None
    if instances is None:
        yield from ((known, mask, None) for known, mask in _regions(card, result))
    classes = {known.id: known for known in card.classes}
    for instance in instances or ():
        if instance.score >= SURE:
            mask = np.zeros(result.labels.shape, dtype=np.bool_)
            x, y, width, height = instance.box
            mask[y : y + height, x : x + width] = instance.mask
            yield classes[instance.class_id], mask, instance


def polygons(mask: NDArray[np.bool_]) -> Iterator[list[Ring]]:
    """Every connected part of an H x W mask: of each its outline, then its holes, which turn the other way.

    Outlines run through the middle between a pixel inside and its neighbour outside (marching squares, by
    skimage.measure.find_contours); pixels that touch at a corner alone are two parts.
    """
    from scipy import ndimage
    from skimage import measure

    parts = np.pad(measure.label(mask, connectivity=1), 1)  # type: ignore[no-untyped-call]
    for number, (rows, columns) in enumerate(ndimage.find_objects(parts), start=1):
        top, left = rows.start - 1, columns.start - 1
        part = parts[top : rows.stop + 1, left : columns.stop + 1] == number
        contours = measure.find_contours(part.astype(np.float64), 0.5)  # type: ignore[no-untyped-call]
        # The padding moves by 1, and a pixel's middle lies at 0.5.
        rings = [each[:, ::-1] + (left - 0.5, top - 0.5) for each in contours]
        yield sorted(rings, key=lambda ring: -np.ptp(ring, axis=0).prod())  # the outline is around the others


def geojson(card: ModelCard, result: Result) -> str:
    """A FeatureCollection (RFC 7946) with a MultiPolygon for each thing, in pixels instead of degrees."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "class_id": known.id,
                "name": known.name,
                "pixels": int(mask.sum()),
                **({"score": instance.score} if instance else {}),
            },
            "geometry": {
                "type": "MultiPolygon",
                "coordinates": [[ring.tolist() for ring in rings] for rings in polygons(mask)],
            },
        }
        for known, mask, instance in _things(card, result)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False) + "\n"


def coco(card: ModelCard, result: Result, file_name: str) -> str:
    """COCO's JSON of one picture: an annotation with compressed run lengths for each thing."""
    height, width = result.labels.shape
    annotations = []
    for id, (known, mask, instance) in enumerate(_things(card, result), start=1):
        rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
        x, y = int(columns[0]), int(rows[0])
        annotations.append(
            {
                "id": id,
                "image_id": 1,
                "category_id": known.id,
                "segmentation": export.run_lengths(mask),
                "area": int(mask.sum()),
                "bbox": [x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1],
                "iscrowd": 0,
                **({"score": instance.score} if instance else {}),
            }
        )
    content = {
        "images": [{"id": 1, "file_name": file_name, "width": width, "height": height}],
        "categories": [{"id": known.id, "name": known.name["en"]} for known in card.classes],
        "annotations": annotations,
    }
    return json.dumps(content, ensure_ascii=False) + "\n"


def yolo(card: ModelCard, result: Result) -> str:
    """YOLO's segmentation text: a line for each part of what is countable, its class id and its outline.

    Coordinates are shares of the sides. The format knows no holes: bridges of no width join them to the
    outline.
    """
    height, width = result.labels.shape
    counted = objects.countable(card)
    lines = []
    for known, mask, _ in _things(card, result):
        for rings in polygons(mask) if known in counted else ():
            shares = (_bridged(rings) / (width, height)).ravel()
            lines.append(f"{known.id} {' '.join(f'{share:.6f}' for share in shares)}\n")
    return "".join(lines)


def _bridged(rings: list[Ring]) -> Ring:
    """One line of n x 2 corners around a part, in and out of each of its holes by the same way.

    Contours cross each row of pixels at corners, so a hole's leftmost corner sees one straight to its left,
    of the outline or of another hole, and nothing but the part is in between.
    """
    corners = np.concatenate([ring[:-1] for ring in rings])
    ends = np.cumsum([len(ring) - 1 for ring in rings])
    starts = [0, *ends[:-1].tolist()]
    after = np.arange(1, len(corners) + 1)
    after[ends - 1] = starts
    order = np.lexsort((corners[:, 0], corners[:, 1]))
    place = np.argsort(order)
    follows, at = after.tolist(), list(range(len(corners)))
    for start, end in zip(starts[1:], ends[1:].tolist(), strict=True):
        hole = start + int(corners[start:end, 0].argmin())
        left = int(order[place[hole] - 1])
        again = len(at)  # the hole's corner once more, then that to its left
        at += [hole, left]
        follows += [follows[hole], follows[left]]
        follows[left], follows[hole] = again, again + 1
    line, node = [], 0
    for _ in at:
        line.append(at[node])
        node = follows[node]
    return corners[line]


def table(card: ModelCard, image: Image, result: Result) -> str:
    """CSV with a row for each thing: its class, pixels, share, centroid, box and mean color."""
    from skimage.measure import regionprops

    rows: list[Sequence[object]] = [COLUMNS]
    for number, (known, mask, instance) in enumerate(_things(card, result), start=1):
        (found,) = regionprops(mask.astype(np.uint8), image)  # type: ignore[no-untyped-call]
        (row, column), (top, left, bottom, right) = found.centroid, found.bbox
        score = f"{instance.score:.3f}" if instance else ""
        share = f"{found.area / mask.size:.6f}"
        numbers = (f"{value:.1f}" for value in (column + 0.5, row + 0.5))
        box = (left, top, right - left, bottom - top)
        color = (f"{value:.1f}" for value in found.intensity_mean)
        thing = (number, known.id, known.name["en"], score, int(found.area), share)
        rows.append((*thing, *numbers, *box, *color))
    return comma_separated(rows)


def cutout(image: Image, mask: NDArray[np.bool_]) -> bytes:
    """The picture where the H x W mask is, transparent elsewhere, with a soft edge, as a PNG."""
    alpha = Pillow.fromarray(mask.astype(np.uint8) * 255).filter(ImageFilter.GaussianBlur(EDGE_PIXELS))
    buffer = io.BytesIO()
    Pillow.fromarray(np.dstack([image, np.asarray(alpha)])).save(buffer, "PNG")
    return buffer.getvalue()


def endings(formats: tuple[Format, ...]) -> list[str]:
    """Every ending that files of these formats may have, whatever the classes."""
    return [
        ENDINGS[each].format(id=id) for each in formats for id in range(256 if "{" in ENDINGS[each] else 1)
    ]


def contents(
    card: ModelCard, image: Image, result: Result, formats: tuple[Format, ...], file_name: str
) -> dict[str, bytes]:
    """The content of each file of these formats by its ending, such as ".geojson" or ".mask-3.png"."""
    found: dict[str, bytes] = {}
    texts = {
        "geojson": lambda: geojson(card, result),
        "coco": lambda: coco(card, result, file_name),
        "yolo": lambda: yolo(card, result),
        "csv": lambda: table(card, image, result),
        "objects": lambda: objects.table(card, image, result),
    }
    for each in formats:
        if each in texts:
            found[ENDINGS[each]] = texts[each]().encode()
            continue
        for known, mask in _regions(card, result):
            content = cutout(image, mask) if each == "cutouts" else images.encode(mask.astype(np.uint8) * 255)
            found[ENDINGS[each].format(id=known.id)] = content
    return found


def archive(files: dict[str, bytes]) -> bytes:
    """A ZIP of the files by name, the same bytes whenever it is made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in files.items():
            kind = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            packed.writestr(zipfile.ZipInfo(name), content, kind)
    return buffer.getvalue()
