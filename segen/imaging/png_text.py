"""Text in PNG files: put beside the pixels, which stay the same bytes, and read back."""

from __future__ import annotations

import struct
import zlib
from typing import Literal

from PIL.PngImagePlugin import PngInfo

from segen import __version__
from segen.imaging.images import decoded, encode
from segen.types import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER_BYTES = len(SIGNATURE) + 25
"""The signature and the chunk IHDR, which comes first (PNG specification, third edition, section 5.6)."""

Origin = Literal["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"]
"""IPTC's words, of its list of digital source types, for what a network drew, wholly or in part."""
MARK = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="Segen"'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType='
    '"http://cv.iptc.org/newscodes/digitalsourcetype/{origin}"/></rdf:RDF></x:xmpmeta>'
)
XMP = "XML:com.adobe.xmp"
"""The keyword under which PNG files hold it."""
SOFTWARE = "Software"
"""PNG's own keyword for the program that made a file (third edition, section 11.3.3.2)."""


def marked(image: Image, origin: Origin) -> bytes:
    """A PNG, RGB or grey, whose metadata say that a network drew it, as other programs understand it.

    They name Segen and its version, too.
    """
    return encode(image, pnginfo=_marks(origin))


def chunks(origin: Origin) -> bytes:
    """The chunks that `marked` writes, to be put after the header of a PNG that is encoded elsewhere."""
    return b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content, _ in _marks(origin).chunks
    )


def _marks(origin: Origin) -> PngInfo:
    told = PngInfo()
    told.add_text(SOFTWARE, f"Segen {__version__}")
    told.add_itxt(XMP, MARK.format(origin=origin))
    return told


def with_text(png: bytes, keyword: str, text: str) -> bytes:
    """The PNG file with an ASCII text under a keyword of 1 to 79 letters, in a chunk after its header."""
    content = b"tEXt" + keyword.encode("ascii") + b"\0" + text.encode("ascii")
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return png[:HEADER_BYTES] + chunk + png[HEADER_BYTES:]


def text_in(png: bytes, keyword: str) -> str | None:
    """The text under a keyword, None where there is none. Raises InputError for what is no picture."""
    with decoded(png) as found:
        text = found.picture.info.get(keyword)
    return text if isinstance(text, str) else None
