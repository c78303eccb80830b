"""What is done to hold few copies of a large picture changes no pixel."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.imaging import conversion, images
from tests.imaging.picture_files import encoded


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "RGBA", "LA", "CMYK", "I;16", "I", "F"])
def test_a_picture_read_in_strips_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    kind = {"I;16": np.uint16, "I": np.int32, "F": np.float32}.get(mode, np.uint8)
    values = np.random.default_rng(3).integers(0, 4_000 if kind != np.uint8 else 256, (40, 9)).astype(kind)
    picture = Pillow.fromarray(values)
    path = tmp_path / "a.tiff"
    (picture if mode in ("I;16", "I", "F") else picture.convert(mode)).save(path)
    whole = images.read(path)
    monkeypatch.setattr(conversion, "STRIP_ROWS", 7)
    assert np.array_equal(images.read(path), whole)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_webp_read_without_pillows_copy_is_the_same(mode: str) -> None:
    values = np.random.default_rng(4).integers(0, 256, (40, 9, len(mode)), np.uint8)
    for options in ({"lossless": True}, {"quality": 60}):
        content = encoded(Pillow.fromarray(values), "WEBP", **options)
        with Pillow.open(io.BytesIO(content)) as picture:
            shown = Pillow.alpha_composite(Pillow.new("RGBA", (9, 40), "white"), picture.convert("RGBA"))
        assert np.array_equal(images.read(content), np.array(shown.convert("RGB")))
