"""Picture files that can be read for so long only: a small file may ask a decoder for hours of work.

Such are a GIF whose comment is cut into millions of blocks, a JPEG of hundreds of scans, a TIFF whose every
tag is as long as the file. Decoders come back for more of the file all the time; here they are refused it.
"""

from __future__ import annotations

import io
from time import thread_time
from typing import BinaryIO

from PIL import Image as Pillow

OPENING_SECONDS, DECODING_SECONDS = 1.0, 8.0
"""Of a processor, for what stands before the pixels and for those; 64 megapixels take 1 to 4."""
MAX_REREAD = 8
"""So many times as much as there is may be read of a file: decoders read parts of it two or three times."""
BLOCK_BYTES = 2_048
"""A decoder of JPEG is given so much at once: as it may hold a dozen scans, a second of work."""


class ExhaustedError(ValueError):
    """A file has been read for too long, or too much of it."""


class BoundedFile:
    """A binary file, at its beginning, that is read within bounds; `exhausted` tells that they were reached.

    It has no descriptor, so that a decoder in C cannot read past it.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.limit(OPENING_SECONDS)
        self._left = MAX_REREAD * (file.seek(0, io.SEEK_END) + 1_000)
        file.seek(0)
        self.exhausted = False
        self.seek, self.tell = file.seek, file.tell

    def limit(self, seconds: float) -> None:
        """Let the calling thread read on for so many seconds of a processor from now."""
        self._until = thread_time() + seconds

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, all that is left where it is negative. Raises ExhaustedError."""
        content = self._file.read(size)
        self._left -= len(content)
        if self._left < 0 or thread_time() > self._until:
            self.exhausted = True
            raise ExhaustedError
        return content


def _load_within_bounds(self: Pillow.Exif, data: bytes) -> None:
    """As Pillow.Exif.load, which gives each of 65,535 tags a copy of the same bytes if it is told to."""
    while data.startswith(b"Exif\0\0"):
        data = data[6:]
    if data:
        self.load_from_fp(BoundedFile(io.BytesIO(data)))  # type: ignore[arg-type]


Pillow.Exif.load = _load_within_bounds  # type: ignore[method-assign]
