"""Pictures of more than 8 bits a channel of which Pillow drops some, or mistakes the meaning."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from segen.errors import InputError
from segen.imaging import images
from segen.imaging.labels import read_mask
from tests.imaging.picture_files import png16, tiff, tiff16_rgb
from tests.sentences import exactly

RAMP = np.arange(0, 252, 3, dtype=np.uint8).reshape(7, 12)
"""Grey, every pixel of its own value."""
PICTURE = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], axis=2)


def ppm16(values: NDArray[np.integer]) -> bytes:
    return b"P6 12 7 65535\n" + values.astype(">u2").tobytes()


@pytest.mark.parametrize(
    "content",
    [
        *(encode(PICTURE.astype(np.uint16) * 16) for encode in (png16, tiff16_rgb, ppm16)),
        png16(np.stack([RAMP.astype(np.uint16) * 16, np.full_like(RAMP, 65_535, dtype=np.uint16)], axis=2)),
    ],
    ids=["png", "tiff", "ppm", "grey with alpha"],
)
def test_colors_of_12_bits_in_16_are_refused_as_too_dark(content: bytes) -> None:
    for look in (images.read, images.checked_size, read_mask):
        with pytest.raises(InputError, match=exactly("too_dark")):
            look(content)


@pytest.mark.parametrize("encode", [png16, tiff16_rgb, ppm16])
def test_a_hot_pixel_does_not_make_12_bits_16(encode: Callable[[NDArray[np.integer]], bytes]) -> None:
    colors = PICTURE.astype(np.uint16) * 16
    colors[3, 4] = 65_535
    for look in (images.read, images.checked_size, read_mask):
        with pytest.raises(InputError, match=exactly("too_dark")):
            look(encode(colors))


def test_a_hot_pixel_of_12_bits_of_grey_is_white_and_the_rest_as_without_it() -> None:
    grey = np.kron(RAMP.astype(np.uint16) * 16, np.ones((2, 2), np.uint16))
    hot = grey.copy()
    hot[3, 4] = 65_535
    expected = images.read(png16(grey))
    expected[3, 4] = 255
    assert (images.read(png16(hot)) == expected).all()
    assert images.read(png16(np.array([[65_535]], np.uint16))).tolist() == [[[255] * 3]]


@pytest.mark.parametrize("encode", [png16, tiff16_rgb, ppm16])
def test_black_of_16_bits_is_black_and_8_bits_in_16_are_refused(
    encode: Callable[[NDArray[np.integer]], bytes],
) -> None:
    black = np.zeros((7, 12, 3), np.uint16)
    assert not images.read(encode(black)).any()
    assert not read_mask(encode(black)).values.any()
    black[3, 4, 1] = 1
    with pytest.raises(InputError, match=exactly("too_dark")):
        images.read(encode(black))


def test_16_bit_colors_above_14_bits_are_read() -> None:
    bright = np.full((7, 12, 3), 64 * 256, np.uint16)
    assert (images.read(png16(bright)) == 64).all()
    assert (images.read(ppm16(PICTURE.astype(np.uint16) * 257)) == PICTURE).all()


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_a_tiff_whose_0_is_white_is_no_negative(kind: type) -> None:
    values = (RAMP.astype(np.uint16) * 257).astype(kind)
    values[0, 0], values[-1, -1] = 0, 65_535
    expected = 255 - np.rint(values / 257.0).astype(np.uint8)
    assert (images.read(tiff(values, photometric=0)) == expected[..., None]).all()


@pytest.mark.parametrize(
    "content",
    [
        tiff(RAMP.astype(np.float64), photometric=1),
        tiff(RAMP.astype(np.float16), photometric=1),
        tiff(PICTURE.astype(np.float32)),
        tiff(np.ascontiguousarray(PICTURE.transpose(2, 0, 1)).astype("<u2") * np.uint16(257), planes=3),
    ],
    ids=["double", "half", "floats in colour", "16 bits in planes"],
)
def test_a_tiff_of_another_kind_is_not_told_to_become_a_tiff(content: bytes) -> None:
    with pytest.raises(InputError, match=exactly("tiff_kind")):
        images.read(content)
