"""Label maps: written and read again, in every form that data sets use."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.errors import InputError
from segen.imaging import images
from segen.imaging.labels import Mask, coding, encode_labels, nearest_classes, read_labels
from segen.registry import ClassInfo, dataset_classes
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
    masks = [Mask(np.array([[0, 1]], np.uint8), 8, lossy) for lossy in (True, False)]
    assert coding(masks, ALL[:2]) == coding(masks[::-1], ALL[:2]) == "soft"
    assert coding(masks[1:], ALL[:2]) == "ids"


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
