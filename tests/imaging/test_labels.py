"""Label maps: written and read again, in every form that data sets use."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.errors import InputError
from segen.imaging import images
from segen.imaging.labels import (
    Mask,
    coding,
    encode_labels,
    instances_of,
    labels_of,
    read_labels,
    read_mask,
    read_strokes,
)
from segen.imaging.palettes import nearest_classes
from segen.registry import ClassInfo, dataset_classes
from segen.types import UNDRAWN
from tests.imaging.picture_files import encoded, png16
from tests.sentences import exactly

pytestmark = [
    pytest.mark.filterwarnings("error"),
]
ALL = tuple(ClassInfo(id, {"en": f"class {id}", "zh": f"类别 {id}"}, (id, 255 - id, 7)) for id in range(256))
IDS = np.arange(256, dtype=np.uint8).reshape(16, 16)
STREET = dataset_classes("camvid")


def test_labels_round_trip_for_every_id() -> None:
    content = encode_labels(IDS, tuple(known.color for known in ALL))
    assert (read_labels(content, ALL) == IDS).all()
    with Pillow.open(io.BytesIO(content)) as picture:
        assert picture.mode == "P"
        assert (np.array(picture) == IDS).all()
        assert (np.array(picture.convert("RGB"))[0, 5] == ALL[5].color).all()


@pytest.mark.parametrize("classes", [1, 2, 3, 11, 17, 256])
def test_label_pngs_have_8_bits_however_few_the_colors(classes: int) -> None:
    ids = np.minimum(IDS, classes - 1).astype(np.uint8)
    content = encode_labels(ids, tuple(known.color for known in ALL[:classes]))
    assert content[16:26] == struct.pack(">IIBB", 16, 16, 8, 3)
    assert (read_labels(content, ALL) == ids).all()


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palette_labels_of_any_depth_hold_raw_ids(bits: int) -> None:
    ids = np.minimum(IDS[0], (1 << bits) - 1).astype(np.uint8)
    picture = Pillow.fromarray(ids[None])
    picture.putpalette([9, 9, 9] * 256)
    content = encoded(picture, "PNG", bits=bits)
    assert content[24] == bits
    assert read_labels(content, ALL).tolist() == [ids.tolist()]


def test_labels_in_rgb_in_grey_and_in_one_bit() -> None:
    colors = np.array([known.color for known in ALL], dtype=np.uint8)[IDS]
    assert (read_labels(images.encode(colors), ALL) == IDS).all()
    assert (read_labels(images.encode(IDS), ALL) == IDS).all()
    bits = encoded(Pillow.fromarray(IDS % 2 == 1), "PNG")
    assert (read_labels(bits, ALL) == IDS % 2).all()


def test_16_bit_labels_number_instances() -> None:
    assert read_labels(png16(np.array([[0, 1, 300]])), ALL[:2]).tolist() == [[0, 1, 1]]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (images.encode(IDS), "12, 13, 14, 15, 16"),
        (images.encode(np.full((2, 2, 3), (255, 0, 255), dtype=np.uint8)), "#ff00ff"),
    ],
)
def test_labels_of_no_class_are_refused(content: bytes, told: str) -> None:
    with pytest.raises(InputError, match=exactly("labels_unknown", ids=told)):
        read_labels(content, STREET)


def test_soft_masks_of_two_classes_are_cut_at_128() -> None:
    assert (read_labels(images.encode(IDS), ALL[:2]) == (IDS >= 128)).all()


def numbered(most: int, side: int = 3) -> np.ndarray:
    """Squares with a gap between them, numbered from 1 to `most`."""
    across = np.arange(256).reshape(16, 16)
    grid = np.where((across > 0) & (across <= most), across, 0)
    return np.kron(grid, np.pad(np.ones((side, side), int), (0, 1)))


@pytest.mark.parametrize("most", [8, 20, 49, 127, 200, 254])
@pytest.mark.parametrize("side", [2, 6])
def test_8_bit_numbers_that_fill_areas_are_instances(most: int, side: int) -> None:
    values = numbered(most, side)
    content = images.encode(values.astype(np.uint8))
    assert (read_labels(content, ALL[:2]) == (values > 0)).all()
    assert (instances_of(read_mask(content), "instances") == values).all()


def test_255_beside_8_bit_instances_is_ignored() -> None:
    values = numbered(20)
    values[-1] = 255
    labels = read_labels(images.encode(values.astype(np.uint8)), ALL[:2])
    assert (labels[-1] == 255).all()
    assert (labels[:-1] == (values[:-1] > 0)).all()
    assert not instances_of(read_mask(images.encode(values.astype(np.uint8))), "instances")[-1].any()


def disc(size: int = 64) -> np.ndarray:
    """How far a pixel lies within a disc, in pixels."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return size / 3 - np.hypot(y, x)


@pytest.mark.parametrize(
    "values",
    [
        np.clip(disc() + 0.5, 0, 1) * 255,  # an edge that is smooth
        np.clip(disc() / 12 + 0.5, 0, 1) * 255,  # a blurred one
        np.clip(disc() / 4 + 0.5, 0.01, 0.98) * 255,  # a network's probabilities: even at both ends
        np.where(disc() > 12, 128, np.clip(disc() + 0.5, 0, 1) * 255),  # with a half-transparent middle
    ],
    ids=["smooth", "blurred", "probabilities", "half"],
)
def test_shades_at_both_ends_are_a_soft_mask(values: np.ndarray) -> None:
    values = np.rint(values).astype(np.uint8)
    assert (read_labels(images.encode(values), ALL[:2]) == (values >= 128)).all()


def test_dark_shades_that_are_neither_soft_nor_numbers_are_refused() -> None:
    with pytest.raises(InputError, match=exactly("labels_numbers", ids="2, 3, 4, 5, 6")):
        read_labels(images.encode(IDS[:4]), ALL[:2])


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_whole_32_bit_numbers_are_read_as_they_are(kind: type) -> None:
    values = numbered(255) * 5
    content = encoded(Pillow.fromarray(values.astype(kind)), "TIFF")
    assert (read_labels(content, ALL[:2]) == (values > 0)).all()
    assert (instances_of(read_mask(content)) == values).all()
    ids = encoded(Pillow.fromarray((IDS % 3).astype(kind)), "TIFF")
    assert (read_labels(ids, ALL[:3]) == IDS % 3).all()
    white = encoded(Pillow.fromarray((IDS % 2 * 255).astype(kind)), "TIFF")
    assert (read_labels(white, ALL[:2]) == IDS % 2).all()


def test_fractions_are_cut_at_a_half_beside_whole_numbers_too() -> None:
    shares = np.array([[0, 0.25, 0.499, 0.5, 0.97, 1]], np.float32)
    fractions = read_mask(encoded(Pillow.fromarray(shares), "TIFF"))
    whole = read_mask(encoded(Pillow.fromarray(np.rint(shares)), "TIFF"))
    assert coding([whole], ALL[:2]) == "ids"
    assert coding([whole, fractions], ALL[:2]) == "soft"
    assert labels_of(fractions, ALL[:2], "soft").tolist() == [[0, 0, 0, 1, 1, 1]]
    assert labels_of(whole, ALL[:2], "soft").tolist() == np.rint(shares).tolist()
    with pytest.raises(InputError, match=exactly("labels_lossy")):
        read_labels(encoded(Pillow.fromarray(shares), "TIFF"), ALL[:3])


@pytest.mark.parametrize("stray", [-1, 65_536, 1.5, np.nan, np.inf])
def test_numbers_of_no_meaning_are_refused(stray: float) -> None:
    values = np.array([[0, 1, stray]], np.float32)
    with pytest.raises(InputError, match=exactly("labels_range")):
        read_labels(encoded(Pillow.fromarray(values), "TIFF"), ALL[:2])


WHITE_OBJECT = np.zeros((4, 6), np.bool_)
WHITE_OBJECT[1:3, 2:5] = True
TWO = tuple(
    ClassInfo(id, {"en": str(id), "zh": str(id)}, color) for id, color in enumerate([(9, 9, 9), (250, 0, 0)])
)


def clear(grey: object, alpha: int = 255) -> Pillow.Image:
    """Of one color or grey everywhere, and opaque on the object alone."""
    picture = Pillow.new("RGB" if isinstance(grey, tuple) else "L", (6, 4), grey)
    picture.putalpha(Pillow.fromarray(WHITE_OBJECT.astype(np.uint8) * alpha))
    return picture


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize("alpha", [255, 90])
@pytest.mark.parametrize("grey", [255, 1, (255, 255, 255), (250, 0, 0)])
def test_transparent_is_background(grey: object, alpha: int, format: str) -> None:
    labels = read_labels(encoded(clear(grey, alpha), format), TWO)
    assert (labels == WHITE_OBJECT).all()


def test_transparent_indices_and_colors_are_background_but_255_stays() -> None:
    values = np.array([[0, 1, 2, 255]], np.uint8)
    palette = Pillow.fromarray(values)
    palette.putpalette([7, 7, 7] * 256)
    content = encoded(palette, "PNG", transparency=bytes([255, 255, 0]) + bytes([0]) * 253)
    assert read_labels(content, ALL[:2]).tolist() == [[0, 1, 0, 255]]
    grey = encoded(Pillow.fromarray(values[:, :3]), "PNG", transparency=2)
    assert read_labels(grey, ALL[:2]).tolist() == [[0, 1, 0]]


def test_transparency_by_degrees_and_hidden_labels_are_refused() -> None:
    alpha = np.array([[0, 90, 255]], np.uint8)
    soft = Pillow.fromarray(np.dstack([np.full_like(alpha, 255), alpha]), "LA")
    hidden = Pillow.fromarray(np.array([[[1, 0], [0, 0]]], np.uint8), "LA")
    for picture in (soft, hidden):
        with pytest.raises(InputError, match=exactly("labels_transparent")):
            read_labels(encoded(picture, "PNG"), ALL[:2])
    nothing = encoded(Pillow.new("RGBA", (3, 1)), "PNG")
    assert read_labels(nothing, STREET).tolist() == [[0, 0, 0]]


def test_transparent_strokes_are_undrawn() -> None:
    for value in (0, 1):
        strokes = read_strokes(encoded(clear(value), "PNG"))
        assert (strokes.values == np.where(WHITE_OBJECT, value, UNDRAWN)).all()
    palette = Pillow.fromarray(np.array([[0, 1, 2]], np.uint8))
    palette.putpalette([7, 7, 7] * 256)
    assert read_strokes(encoded(palette, "PNG", transparency=2)).values.tolist() == [[0, 1, UNDRAWN]]
    assert (read_strokes(encoded(Pillow.new("RGBA", (3, 1)), "PNG")).values == UNDRAWN).all()


def test_eight_values_of_two_classes_are_no_soft_edge() -> None:
    values = 28 * np.arange(9, dtype=np.uint8)[None]
    assert read_labels(images.encode(values), ALL[:2]).tolist() == [[0] * 5 + [1] * 4]
    with pytest.raises(InputError, match=exactly("labels_unknown", ids="28, 56, 84, 112, 140")):
        read_labels(images.encode(values[:, :8]), ALL[:2])


def test_a_palette_that_shows_two_classes_alike_is_read_by_its_ids() -> None:
    alike = tuple(ClassInfo(id, {"en": str(id), "zh": str(id)}, (9, 9, 9)) for id in range(2))
    content = encode_labels(IDS % 2, tuple(known.color for known in alike))
    assert (read_labels(content, alike) == IDS % 2).all()


def test_one_jpeg_makes_all_masks_of_a_set_soft() -> None:
    masks = [Mask(np.array([[0, 255]], np.uint8), 8, lossy) for lossy in (True, False)]
    assert coding(masks, ALL[:2]) == coding(masks[::-1], ALL[:2]) == "soft"
    assert coding(masks[1:], ALL[:2]) == "white"


def test_numbers_of_instances_beside_ids_of_no_class_are_refused() -> None:
    numbered = Mask(np.array([[0, 300]], np.uint16), 16, False)
    assert coding([numbered, Mask(np.array([[0, 1]], np.uint8), 8, False)], ALL[:2]) == "instances"
    with pytest.raises(InputError, match=exactly("labels_unknown", ids="300")):
        coding([numbered, Mask(np.array([[0, 7]], np.uint8), 8, False)], ALL[:2])


def test_of_two_classes_as_near_the_first_has_the_pixel() -> None:
    known = tuple(ClassInfo(id, {"en": str(id), "zh": str(id)}, (2 * id, 0, 0)) for id in range(2))
    labels, unknown = nearest_classes(np.array([[[0, 0, 0], [1, 0, 0], [2, 0, 0]]], np.uint8), known)
    assert (labels.tolist(), unknown) == ([[0, 0, 1]], 1)


def test_pixels_of_no_class_are_counted_over_the_whole_of_a_tall_picture() -> None:
    known = (ClassInfo(0, {"en": "0", "zh": "0"}, (0, 0, 0)),)
    image = np.zeros((600, 1, 3), np.uint8)
    image[[0, 300, 599]] = 9
    labels, unknown = nearest_classes(image, known)
    assert (labels.shape, unknown) == ((600, 1), 3)
