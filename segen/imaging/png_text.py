"""Text in PNG files: put beside the pixels, which stay the same bytes, and read back."""

from __future__ import annotations

import struct
import zlib

from segen.imaging.images import decoded

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER_BYTES = len(SIGNATURE) + 25
"""The signature and the chunk IHDR, which comes first (PNG specification, third edition, section 5.6)."""


def with_text(png: bytes, keyword: str, text: str) -> bytes:
    """The PNG file with an ASCII text under a keyword of 1 to 79 letters, in a chunk after its header."""
    content = b"tEXt" + keyword.encode("ascii") + b"\0" + text.encode("ascii")
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return png[:HEADER_BYTES] + chunk + png[HEADER_BYTES:]


def text_in(png: bytes, keyword: str) -> str | None:
    """The text under a keyword, None where there is none. Raises InputError for what is no picture."""
    with decoded(png) as picture:
        text = picture.info.get(keyword)
    return text if isinstance(text, str) else None
