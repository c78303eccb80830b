"""Files of pictures, some of them by hand."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import TiffImagePlugin


def encoded(picture: Pillow.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def png(width: int, height: int, depth: int, color_type: int, rows: bytes) -> bytes:
    """A PNG by hand, for the kinds that Pillow cannot write."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def png16(values: NDArray[np.integer]) -> bytes:
    """A 16-bit PNG of H x W (grey), H x W x 2 (with alpha), H x W x 3 (RGB) or H x W x 4 values."""
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    kinds = {1: 0, 2: 4, 3: 2, 4: 6}
    return png(width, height, 16, kinds[values[0, 0].size], rows)


def tiff16_rgb(values: NDArray[np.integer]) -> bytes:
    """A 16-bit RGB TIFF, little-endian, in one strip."""
    return tiff(values.astype("<u2"))


def tiff(values: NDArray[np.number], photometric: int = 2, planes: int = 0) -> bytes:
    """A TIFF by hand, little-endian, of H x W x C values, or of `planes` x H x W, one strip each."""
    height, width = values.shape[1:] if planes else values.shape[:2]
    channels = planes or values[0, 0].size
    strip = values.nbytes // (planes or 1)
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    bits, offsets, sizes = 8, 8 + 2 * channels, 8 + 2 * channels + 4 * channels
    begin = sizes + 4 * channels
    several = [(273, 4, planes, offsets), (279, 4, planes, sizes)] if planes else []
    entries = sorted([
        (256, 4, 1, width), (257, 4, 1, height), (259, 3, 1, 1), (262, 3, 1, photometric),
        (277, 3, 1, channels),
        (258, 3, channels, bits) if channels > 2 else (258, 3, 1, 8 * values.itemsize), (278, 4, 1, height),
        (284, 3, 1, 2 if planes else 1), (339, 3, 1, kind),
        *(several or [(273, 4, 1, begin), (279, 4, 1, strip)]),
    ])  # fmt: skip
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", *entry) for entry in entries) + struct.pack("<I", 0)
    header = struct.pack("<2sHI", b"II", 42, begin + values.nbytes)
    header += struct.pack(f"<{channels}H", *[8 * values.itemsize] * channels)
    header += struct.pack(f"<{channels}I", *(begin + strip * plane for plane in range(channels)))
    header += struct.pack(f"<{channels}I", *[strip] * channels)
    return header + values.tobytes() + directory


def tiff_with_further(photometric: int, tags: dict[int, object]) -> bytes:
    """A small grey TIFF with these tags, whose SubIFD is a directory of that one photometric tag."""

    def saved(offset: int) -> bytes:
        info = TiffImagePlugin.ImageFileDirectory_v2()
        info.tagtype[330] = 4
        info.update({330: offset, **tags})
        return encoded(Pillow.new("L", (9, 5), 40), "TIFF", tiffinfo=info)

    return saved(len(saved(0))) + struct.pack("<HHHLLL", 1, 262, 3, 1, photometric, 0)
