"""Palettes of masks: padded, permuted by an editor, of black and white; and one bit, which is one."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.errors import InputError
from segen.imaging.labels import read_labels, read_strokes
from segen.registry import ClassInfo
from tests.imaging.picture_files import encoded
from tests.sentences import exactly

BLACK, WHITE, RED, BLUE, VOID = (0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 0, 255), (224, 224, 192)
Color = tuple[int, int, int]


def classes(*colors: Color, void: bool = False) -> tuple[ClassInfo, ...]:
    """Classes of these colors; the last may be ignored."""
    return tuple(
        ClassInfo(id, {"en": str(id), "zh": str(id)}, color, void and id == len(colors) - 1)
        for id, color in enumerate(colors)
    )


def mask(indices: list[int], palette: list[Color], format: str = "PNG", **options: object) -> bytes:
    picture = Pillow.fromarray(np.array([indices], np.uint8))
    picture.putpalette([level for color in palette for level in color])
    return encoded(picture, format, **options)


PADDED = [BLACK, RED] + [BLACK] * 254
FULL = [(level, 7, 7) for level in range(256)]
"""Colors of no class."""


@pytest.mark.parametrize(
    ("known", "indices", "palette", "expected"),
    [
        (classes(BLACK, RED), [0, 1, 255], PADDED, [0, 1, 255]),
        (classes(BLACK, RED), [1, 255], PADDED, [1, 255]),
        (classes(BLACK, RED, VOID, void=True), [0, 1, 255], PADDED, [0, 1, 2]),
        (classes(BLACK, RED, BLUE), [0, 1, 2], [BLACK] * 256, [0, 1, 2]),
        (classes(BLACK, RED), [1, 1], [BLACK] * 256, [1, 1]),
        (classes(BLACK, RED), [0, 1, 255], [RED, BLACK, *FULL[2:255], VOID], [1, 0, 255]),
        (classes(BLACK, RED, BLUE), [0, 1, 2, 255], [BLUE, BLACK, RED, *FULL[3:255], VOID], [2, 0, 1, 255]),
        (classes(BLACK, RED, BLUE), [0, 2, 255], [BLUE, BLACK, RED] + [BLACK] * 253, [2, 1, 255]),
        (classes(BLACK, RED, BLUE), [0, 128, 255], [BLACK, *FULL[1:128], RED, *FULL[129:255], BLUE],
         [0, 1, 2]),
        (classes(BLACK, RED), [0, 1], [WHITE, BLACK], [1, 0]),
        (classes(BLACK, RED), [0, 0], [WHITE, BLACK], [1, 1]),
        (classes(RED, BLUE), [0, 1], [WHITE, BLACK], [1, 0]),
        (classes(BLACK, RED), [0, 1], [BLACK, WHITE], [0, 1]),
        (classes(WHITE, RED), [0, 1], [BLACK, WHITE], [1, 0]),
        (classes(RED, BLUE), [0, 1], [BLACK, WHITE], [0, 1]),
        (classes(BLACK, RED), [0, 1], [WHITE, RED], [0, 1]),
        (classes(RED, BLACK, BLUE), [0, 1, 2], [RED, BLUE, BLACK], [0, 2, 1]),
        (classes(BLACK, RED, BLUE), [0, 1], [BLACK, (2, 2, 2)], [0, 2]),
        (classes(RED, BLUE, VOID), [0, 1, 2], [RED, BLUE, BLACK], [0, 1, 2]),
    ],
)  # fmt: skip
def test_colors_count_only_where_they_show_a_class_at_another_index(
    known: tuple[ClassInfo, ...], indices: list[int], palette: list[Color], expected: list[int]
) -> None:
    for format in ("PNG", "TIFF"):
        assert read_labels(mask(indices, palette, format), known).tolist() == [expected], format


def test_an_index_of_no_class_in_the_padding_is_refused() -> None:
    with pytest.raises(InputError, match=exactly("labels_unknown", ids="7")):
        read_labels(mask([0, 1, 7], PADDED), classes(BLACK, RED, BLUE))


@pytest.mark.parametrize(
    ("known", "indices", "palette"),
    [
        (classes(BLACK, RED, BLUE), [0, 1, 2], [(0, 0, 254), BLACK, (254, 0, 0)]),
        (classes(BLACK, RED), [0, 1], [(254, 0, 0), BLACK]),
        (classes(BLACK, RED), [0, 1, 2], [RED, BLACK, BLACK]),
        (classes(BLACK, RED), [0, 0], [WHITE]),
    ],
)
def test_colors_that_contradict_the_indices_in_part_are_refused(
    known: tuple[ClassInfo, ...], indices: list[int], palette: list[Color]
) -> None:
    with pytest.raises(InputError, match=exactly("labels_palette")):
        read_labels(mask(indices, palette), known)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (classes(BLACK, WHITE), [0, 1]),
        (classes(WHITE, BLACK), [1, 0]),
        (classes(RED, BLACK), [1, 0]),
        (classes(RED, BLUE), [0, 1]),
        (classes(BLACK, RED, WHITE), [0, 2]),
        (classes(BLACK, RED, BLUE), [0, 1]),
    ],
)
def test_one_bit_is_black_and_white(known: tuple[ClassInfo, ...], expected: list[int]) -> None:
    content = encoded(Pillow.fromarray(np.array([[0, 1]]) == 1), "PNG")
    assert read_labels(content, known).tolist() == [expected]


def test_strokes_follow_the_colors_of_a_permuted_palette() -> None:
    strokes = mask([0, 1, 2], [RED, BLACK, WHITE], transparency=2)
    assert read_strokes(strokes, classes(BLACK, RED)).values.tolist() == [[1, 0, 255]]
    assert read_strokes(strokes).values.tolist() == [[0, 1, 255]]
    assert read_strokes(mask([0, 1, 255], PADDED), classes(BLACK, RED)).values.tolist() == [[0, 1, 255]]
