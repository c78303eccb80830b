"""Values of masks that mean more than one thing: grey as color, 65,535, a few numbers of instances."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.errors import InputError
from segen.imaging import images
from segen.imaging.labels import coding, instances_of, labels_of, read_labels, read_mask, remark
from segen.registry import ClassInfo
from segen.text import words
from tests.imaging.picture_files import encoded, png16, tiff
from tests.sentences import exactly

BLACK, WHITE, RED = (0, 0, 0), (255, 255, 255), (255, 0, 0)


def classes(*colors: tuple[int, int, int]) -> tuple[ClassInfo, ...]:
    return tuple(ClassInfo(id, {"en": str(id), "zh": str(id)}, color) for id, color in enumerate(colors))


def grey(*values: int) -> bytes:
    return images.encode(np.array([values], np.uint8))


@pytest.mark.parametrize(
    ("known", "values", "expected"),
    [
        (classes(WHITE, BLACK), [0, 255], [1, 0]),
        (classes(BLACK, WHITE), [0, 255], [0, 1]),
        (classes(WHITE, RED), [0, 255], [1, 0]),
        (classes(RED, BLACK), [0, 255], [1, 0]),
        (classes(BLACK, RED), [0, 255], [0, 1]),
        (classes(BLACK, (128, 128, 128), WHITE), [0, 128, 255], [0, 1, 2]),
        (classes(WHITE, (128, 128, 128), BLACK), [0, 128, 255], [2, 1, 0]),
        (classes(BLACK, (128, 128, 128)), [0, 128], [0, 1]),
        (classes(WHITE, BLACK), [0, 1], [0, 1]),
        (classes(WHITE, BLACK), [0, 1, 255], [0, 1, 255]),
        (classes(WHITE, RED, BLACK), [0, 1, 2, 255], [0, 1, 2, 255]),
    ],
)
def test_grey_is_a_color_in_one_channel_as_in_three(
    known: tuple[ClassInfo, ...], values: list[int], expected: list[int]
) -> None:
    assert read_labels(grey(*values), known).tolist() == [expected]
    if RED not in {each.color for each in known} and 1 not in values:
        colors = np.repeat(np.array([values], np.uint8)[..., None], 3, axis=2)
        assert read_labels(images.encode(colors), known).tolist() == [expected]


def test_a_soft_mask_of_a_white_background_is_cut_the_other_way() -> None:
    known = classes(WHITE, BLACK)
    shades = np.arange(0, 256, 5, dtype=np.uint8)[None]
    mask = read_mask(images.encode(shades))
    assert (labels_of(mask, known, coding([mask], known)) == (shades < 128)).all()
    assert remark("soft", known) == words("en", "data.masks_cut", threshold=128, name="0")


def test_65_535_is_ignored_beside_ids_and_numbers_but_white_alone() -> None:
    two, three = classes(BLACK, RED), classes(BLACK, RED, WHITE)
    assert read_labels(png16(np.array([[0, 1, 65_535]])), two).tolist() == [[0, 1, 255]]
    assert read_labels(png16(np.array([[0, 2, 65_535]])), three).tolist() == [[0, 2, 255]]
    assert read_labels(png16(np.array([[0, 300, 65_535]])), two).tolist() == [[0, 1, 255]]
    assert instances_of(read_mask(png16(np.array([[0, 300, 65_535]])))).tolist() == [[0, 300, 0]]
    assert read_labels(png16(np.array([[0, 65_535]])), two).tolist() == [[0, 1]]
    assert instances_of(read_mask(png16(np.array([[0, 65_535]]))), "white").tolist() == [[0, 65_535]]


def test_a_few_numbers_of_8_bits_are_refused_with_the_way_to_number_instances() -> None:
    two = classes(BLACK, RED)
    for most, told in ((2, "2"), (3, "2, 3"), (7, "2, 3, 4, 5, 6")):
        with pytest.raises(InputError, match=exactly("labels_numbers", ids=told)):
            read_labels(grey(*range(most + 1)), two)
    with pytest.raises(InputError, match=exactly("labels_from_one", ids="2")):
        read_labels(grey(1, 2), two)
    with pytest.raises(InputError, match=exactly("labels_from_one", ids="3")):
        read_labels(grey(0, 1, 2, 3), classes(BLACK, RED, WHITE))


def test_a_soft_set_with_a_mask_of_0_and_1_fits_two_codings() -> None:
    two = classes(BLACK, RED)
    soft, ones = read_mask(grey(*range(0, 256, 5))), read_mask(grey(0, 1))
    jpeg = read_mask(encoded(Pillow.fromarray(np.full((8, 8), 255, np.uint8)), "JPEG"))
    for other in (soft, jpeg):
        with pytest.raises(InputError, match=exactly("labels_mixed", first="", second="")):
            coding([other, ones], two)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", [2, 3, 6])
def test_a_mask_is_turned_by_its_own_exif(format: str, orientation: int) -> None:
    values = np.arange(12, dtype=np.uint8).reshape(3, 4) % 3
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if format == "WEBP" else {}
    mask = read_mask(encoded(Pillow.fromarray(values), format, exif=exif, **options))
    assert mask.turned
    assert (mask.values == images.turned(values, images.TURNS[orientation])).all()
    assert not read_mask(images.encode(values)).turned


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_tiff_whose_0_is_white_holds_its_numbers_in_all_depths(kind: type) -> None:
    values = np.arange(12).reshape(3, 4) % 3
    assert (read_mask(tiff(values.astype(kind), photometric=0)).values == values).all()
    assert (read_mask(tiff(values.astype(kind), photometric=1)).values == values).all()


def test_one_bit_of_a_tiff_is_what_it_stores_but_in_a_facsimile() -> None:
    bits = Pillow.fromarray(np.array([[False, True, True]]))
    for compression, expected in (("raw", [[1, 0, 0]]), ("group4", [[0, 1, 1]])):
        content = encoded(bits, "TIFF", compression=compression, tiffinfo={262: 0})
        with Pillow.open(io.BytesIO(content)) as picture:
            assert picture.tag_v2[262] == 0
            assert np.array(picture).tolist() == [[False, True, True]]
        assert read_mask(content).values.tolist() == expected


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_no_mask(format: str) -> None:
    first, second = (Pillow.fromarray(np.full((5, 9), value, np.uint8)) for value in (0, 1))
    content = encoded(first, format, save_all=True, append_images=[second], lossless=True)
    with pytest.raises(InputError, match=exactly("several_pages")):
        read_mask(content)
