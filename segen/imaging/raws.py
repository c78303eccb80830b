"""Cameras' raw files, told by what they hold: of most, Pillow would read the small preview as the picture."""

from __future__ import annotations

from PIL import ExifTags, TiffImagePlugin

from segen.imaging.bounded import BoundedFile
from segen.imaging.conversion import PHOTOMETRIC

HEADS = (b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD-RAW")
"""How ORF, RW2 and RAF begin, which are no TIFF."""
CR3, CR2 = b"ftypcrx ", b"CR"
"""What stands at the 4th byte of a CR3, and at the 8th of a CR2, which is a TIFF."""
BIG = 43
"""What stands at the 2nd byte of a TIFF with offsets of 64 bits, whose header has 16 bytes in place of 8."""
NEW_SUBFILE_TYPE = 254
"""The TIFF tag whose lowest bit marks a reduced copy of another page."""
MOSAIC = (32_803, 34_892)
"""Values of PHOTOMETRIC for what a sensor saw: one colour at each pixel, or three in no colour space."""
DNG_VERSION = 50_706
"""The TIFF tag that each DNG has, and nothing else."""


def is_raw(file: BoundedFile) -> bool:
    """Whether an open file is one; it stands at its beginning again.

    A TIFF is one if it has what a sensor saw, in its first page or in that page's further pictures (SubIFDs),
    or if a camera made that page as a preview of these. Those of microscopes have further pictures, too.
    """
    head = file.read(16)
    found = head.startswith(HEADS) or head[4:12] == CR3
    if head[:4] in TiffImagePlugin.PREFIXES:
        try:
            page = TiffImagePlugin.ImageFileDirectory_v2(head if head[2] == BIG else head[:8])
            found = head[8:10] == CR2 or _holds_raw(file, page)
        except Exception:  # it is damaged, as its decoder will tell
            found = False
    file.seek(0)
    return found


def _holds_raw(file: BoundedFile, page: TiffImagePlugin.ImageFileDirectory_v2) -> bool:
    """Whether a TIFF is a raw file; `page` knows where its first page is."""
    file.seek(page.next)
    page.load(file)  # type: ignore[arg-type]
    if DNG_VERSION in page or page.get(PHOTOMETRIC) in MOSAIC:
        return True
    further = page.get(ExifTags.Base.SubIFDs, ())
    if further and ExifTags.Base.Make in page and page.get(NEW_SUBFILE_TYPE, 0) & 1:
        return True
    for offset in further:
        file.seek(offset)
        page.load(file)  # type: ignore[arg-type]
        if page.get(PHOTOMETRIC) in MOSAIC:
            return True
    return False
