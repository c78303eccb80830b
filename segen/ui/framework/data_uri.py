"""Files as addresses that need no server, and back."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as BadBase64

from segen.errors import InputError
from segen.imaging import images
from segen.types import Image

MAX_CHARACTERS = 1_000_000
"""Of a picture as the page sends it."""


def data_uri(content: bytes, kind: str) -> str:
    """The file's bytes as an address that needs no server."""
    return f"data:{kind};base64,{b64encode(content).decode()}"


def sent(address: object) -> Image:
    """The picture of a PNG file that the page sent as `data_uri` writes it. Raises InputError."""
    head = "data:image/png;base64,"
    if not isinstance(address, str) or not address.startswith(head) or len(address) > MAX_CHARACTERS:
        raise InputError("not_drawn_here")
    try:
        return images.read(b64decode(address[len(head) :], validate=True))
    except BadBase64:
        raise InputError("not_drawn_here") from None
