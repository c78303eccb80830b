"""Colour profiles: what the numbers of a photograph mean, where they are not those of sRGB."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageCms

from segen.imaging import images
from segen.imaging.labels import read_mask
from tests.imaging.picture_files import black_ink_profile, encoded, rgb_profile

SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
ADOBE = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
"""XYZ of the primaries, in columns, adapted to D50 (IEC 61966-2-1; Adobe RGB 1998)."""
GAMMA = 563 / 256
COLORS = np.array([[(200, 100, 50), (60, 120, 90), (128, 128, 128), (0, 0, 0), (255, 255, 255)]], np.uint8)
BIG = COLORS.repeat(16, axis=0).repeat(16, axis=1)


def in_srgb(adobe: NDArray[np.uint8]) -> NDArray[np.float64]:
    light = np.linalg.inv(SRGB) @ ADOBE @ ((adobe / 255.0) ** GAMMA)[..., None]
    light = np.clip(light[..., 0], 0, 1)
    return 255 * np.where(light < 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def profile_of_srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_photograph_in_adobe_rgb_becomes_srgb(format: str) -> None:
    options = {
        "JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True},
        "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    }.get(format, {})  # fmt: skip
    picture = Pillow.fromarray(BIG)
    content = encoded(picture, format, icc_profile=rgb_profile(ADOBE, GAMMA), **options)
    assert np.abs(in_srgb(BIG) - BIG).max() > 15
    assert np.abs(images.read(content) - in_srgb(BIG)).max() < 4


def test_transparent_pixels_stay_white_and_a_turned_photograph_is_turned() -> None:
    pixels = np.dstack([COLORS, np.array([[255, 255, 255, 255, 0]], np.uint8)])
    pixels[0, 4, :3] = 7
    exif = Pillow.Exif()
    exif[0x0112] = 3
    options = {"icc_profile": rgb_profile(ADOBE, GAMMA), "exif": exif}
    found = images.read(encoded(Pillow.fromarray(pixels), "PNG", **options))
    assert np.abs(found[0, ::-1] - in_srgb(COLORS[0])).max() < 2


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_inks_are_those_of_their_profile(format: str) -> None:
    inks = np.zeros((16, 48, 4), np.uint8)
    inks[:, 16:32, 0], inks[:, 32:, 3] = 255, 255
    picture = Pillow.fromarray(inks, "CMYK")
    content = encoded(
        picture, format, icc_profile=black_ink_profile(), **{"JPEG": {"quality": 100}}.get(format, {})
    )
    assert images.read(content)[8, [8, 24, 40]].tolist() == [[255] * 3, [255] * 3, [0] * 3]
    plain = images.read(encoded(picture, format))
    assert plain[8, 24, 0] < 20, "the naive way, without a profile"


@pytest.mark.parametrize(
    "profile",
    [
        profile_of_srgb(),
        b"damaged",
        black_ink_profile(),
        rgb_profile(ADOBE, 2.2) + b"mpet",
    ],
    ids=["sRGB", "damaged", "of inks", "endless"],
)
def test_a_profile_of_srgb_or_one_that_cannot_be_used_changes_nothing(profile: bytes) -> None:
    content = encoded(Pillow.fromarray(BIG), "PNG", icc_profile=profile)
    assert (images.read(content) == BIG).all()


def test_grey_palettes_colors_of_16_bits_and_masks_keep_their_numbers() -> None:
    adobe = {"icc_profile": rgb_profile(ADOBE, GAMMA)}
    grey, palette = Pillow.fromarray(BIG[..., 0]), Pillow.fromarray(BIG).convert("P", palette=1)
    for picture in (grey, palette, Pillow.fromarray(BIG[..., 0].astype(np.uint16) * 257)):
        plain, told = encoded(picture, "PNG"), encoded(picture, "PNG", **adobe)
        assert plain != told
        assert (images.read(plain) == images.read(told)).all()
    mask = encoded(Pillow.fromarray(BIG), "PNG", **adobe)
    assert (read_mask(mask).values == BIG).all()
