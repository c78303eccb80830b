"""Small files that ask for long work or much memory end within bounds, each attack as it was tried."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.errors import InputError
from segen.imaging import bounded, images
from tests.imaging.picture_files import encoded, png

GREY = Pillow.new("L", (800, 800), 128)


def gif_of_comments(blocks: int) -> bytes:
    content = encoded(Pillow.new("P", (4, 4)), "GIF")
    head = 13 + 3 * 2 ** ((content[10] & 7) + 1)
    return content[:head] + b"!\xfe" + b"\1x" * blocks + b"\0" + content[head:]


def jpeg_of_scans(count: int) -> bytes:
    content = encoded(GREY, "JPEG", progressive=True)
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last * count + b"\xff\xd9"


def png_of_parts(count: int) -> bytes:
    content = png(4, 4, 8, 0, bytes(20))
    at = content.index(b"IDAT") - 4
    return content[:at] + (bytes(4) + b"IDAT" + zlib.crc32(b"IDAT").to_bytes(4, "big")) * count + content[at:]


def tags(count: int, length: int) -> bytes:
    """A TIFF directory, from the 8th byte, whose tags all claim the same `length` bytes."""
    entries = (struct.pack("<HHII", 1_000 + tag, 1, length, 0) for tag in range(count))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", count) + b"".join(entries) + bytes(4)


@pytest.mark.parametrize("content", [gif_of_comments(200_000), jpeg_of_scans(400), png_of_parts(200_000)])
def test_long_work_ends(content: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bounded, "OPENING_SECONDS", 0.02)
    monkeypatch.setattr(bounded, "DECODING_SECONDS", 0.02)
    with pytest.raises(InputError) as refused:
        images.read(content)
    assert refused.value.key == "picture_too_slow"
    (tmp_path / "picture").write_bytes(content)
    assert images.count_pixels(tmp_path / "picture") in (0, 16, 640_000)


def test_a_few_comments_and_scans_are_read() -> None:
    assert images.read(gif_of_comments(100)).shape == (4, 4, 3)
    assert (images.read(jpeg_of_scans(2)) == 128).all()


def test_a_file_is_not_read_over_and_over() -> None:
    with pytest.raises(InputError) as refused:
        images.read(tags(1_000, 900_000) + bytes(1_000_000))
    assert refused.value.key == "picture_too_slow"


def test_exif_of_many_long_tags_is_passed_over() -> None:
    exif = tags(20_000, 900_000) + bytes(1_000_000)
    content = encoded(Pillow.fromarray(np.full((4, 5, 3), 7, np.uint8)), "PNG", exif=exif)
    tracemalloc.start()
    assert (images.read(content) == 7).all()
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()
