"""HEIC, as telephones write it, by pillow-heif, which is optional."""

from __future__ import annotations

from typing import BinaryIO

from segen.errors import InputError

BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
"""What stands at the 8th byte of such a file, behind "ftyp"."""


def is_heif(file: BinaryIO) -> bool:
    """Whether an open file begins like one; it stands at its beginning again."""
    head = file.read(12)
    file.seek(0)
    return head[4:8] == b"ftyp" and head[8:] in BRANDS


def formats() -> tuple[str, ...]:
    """Pillow's name of the format, which it can read from now on. Raises InputError without pillow-heif."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise InputError("heif_missing") from None
    register_heif_opener(thumbnails=False)
    return ("HEIF",)
