"""Whether a picture file was compressed with loss, so that its values are not those that were saved."""

from __future__ import annotations

import io
from typing import BinaryIO

from PIL import Image as Pillow

COMPRESSION = 259
"""The TIFF tag of the compression."""
TIFF = (6, 7, 33003, 33005, 34712, 34892, 50001, 50002)
"""The compressions of TIFF that are JPEG, JPEG 2000, WebP or JPEG XL."""
HEAD_BYTES = 65_536


def is_lossy(picture: Pillow.Image) -> bool:
    """Whether a picture that is opened, but not decoded, was compressed with loss, as far as its file tells.

    AVIF and HEIC always count as such. JPEG 2000 is told by its wavelet, which may be cut short all the same.
    """
    if picture.format == "TIFF":
        return picture.tag_v2.get(COMPRESSION, 1) in TIFF  # type: ignore[attr-defined]
    if picture.format not in ("WEBP", "JPEG2000"):
        return picture.format in ("JPEG", "MPO", "AVIF", "HEIF")
    file: BinaryIO = picture.fp  # type: ignore[attr-defined]
    place = file.tell()
    lossy = (_lossy_webp if picture.format == "WEBP" else _lossy_jpeg_2000)(file)
    file.seek(place)
    return lossy


def _lossy_webp(file: BinaryIO) -> bool:
    """Whether its picture is of VP8, not of VP8L."""
    file.seek(12)
    while len(header := file.read(8)) == 8:
        name, size = header[:4], int.from_bytes(header[4:], "little")
        if name in (b"VP8 ", b"VP8L"):
            return name == b"VP8 "
        file.seek(size + size % 2, io.SEEK_CUR)
    return True


def _lossy_jpeg_2000(file: BinaryIO) -> bool:
    """Whether its COD segment names another wavelet than the reversible one, 5-3."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    segment = head.find(b"\xff\x52\x00", head.find(b"\xff\x4f\xff\x51"))
    return segment < 0 or head[segment + 13 : segment + 14] != b"\x01"
