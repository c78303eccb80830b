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


def profile(colors: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile of version 2 for these colors, b"RGB " or b"CMYK", with these tags."""
    between = b"Lab " if colors == b"CMYK" else b"XYZ "
    table, body, begin = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        table += struct.pack(">4sII", name, begin + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    kind = b"prtr" if colors == b"CMYK" else b"mntr"
    head = struct.pack(
        ">I4sI4s4s4s12s4s", begin + len(body), b"", 0x02100000, kind, colors, between, b"", b"acsp"
    )
    light = struct.pack(">3i", *(round(each * 65_536) for each in (0.9642, 1, 0.8249)))
    return head + bytes(68 - len(head)) + light + bytes(128 - 68 - len(light)) + table + body


def rgb_profile(primaries: NDArray[np.float64], gamma: float) -> bytes:
    """A profile of RGB whose primaries are the columns of a matrix of XYZ."""
    curve = struct.pack(">4sIIH", b"curv", 0, 1, round(gamma * 256))
    tags = {bytes([letter]) + b"TRC": curve for letter in b"rgb"}
    for letter, primary in zip(b"rgb", primaries.T, strict=True):
        numbers = (round(each * 65_536) for each in primary)
        tags[bytes([letter]) + b"XYZ"] = struct.pack(">4sI3i", b"XYZ ", 0, *numbers)
    return profile(b"RGB ", tags)


def black_ink_profile() -> bytes:
    """A profile of CMYK in which only black ink darkens: lightness falls evenly with it."""
    ramp = bytes(range(256))
    cells = b"".join(bytes([0 if black else 255, 128, 128]) for _ in range(8) for black in (0, 1))
    matrix = struct.pack(">9i", *(65_536 if place % 4 == 0 else 0 for place in range(9)))
    table = struct.pack(">4sI4B", b"mft1", 0, 4, 3, 2, 0) + matrix + ramp * 4 + cells + ramp * 3
    return profile(b"CMYK", {b"A2B0": table})
