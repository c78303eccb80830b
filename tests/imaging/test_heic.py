"""HEIC, which telephones write: read upright where pillow-heif is installed, else told in a sentence."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags
from PIL import Image as Pillow

from segen.errors import InputError
from segen.imaging import images
from tests.sentences import exactly


def heic(pixels: NDArray[np.uint8], orientation: int = 1) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif", reason="the extra heic is not installed")
    exif = Pillow.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Pillow.fromarray(pixels)).save(buffer, quality=100, exif=exif.tobytes())
    return buffer.getvalue()


def close(found: NDArray[np.uint8], expected: NDArray[np.uint8]) -> bool:
    return found.shape == expected.shape and bool(
        (np.abs(found.astype(int) - expected.astype(int)) < 12).all()
    )


def test_it_is_read_upright() -> None:
    picture = np.zeros((32, 64, 3), dtype=np.uint8)
    picture[:, :32] = 200
    assert close(images.read(heic(picture)), picture)
    assert close(images.read(heic(picture, orientation=6)), np.rot90(picture, -1))


def test_without_its_package_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InputError, match=exactly("heif_missing")):
        images.read(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")


@pytest.mark.parametrize("length", [20, 200, -20])
def test_a_damaged_one_is_told(length: int) -> None:
    content = heic(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    with pytest.raises(InputError) as error:
        images.read(content[:length])
    assert error.value.key in ("not_a_picture", "picture_damaged")
