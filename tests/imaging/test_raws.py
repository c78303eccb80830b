"""Cameras' raw files: Pillow would give the small preview that many of them begin with."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import TiffImagePlugin

from segen.errors import InputError
from segen.imaging import images
from tests.imaging.picture_files import encoded, tiff, tiff_with_further
from tests.sentences import exactly

SMALL = Pillow.new("RGB", (9, 5), (200, 40, 40))
MAKE, REDUCED = {271: "NIKON"}, {254: 1}


def tagged(tag: int, value: object, kind: int) -> bytes:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info.tagtype[tag] = kind
    info[tag] = value
    return encoded(SMALL, "TIFF", tiffinfo=info)


def canon() -> bytes:
    """A TIFF with the mark of a CR2 behind its header; its directory is at the end, its offsets hold."""
    picture = tiff(np.full((5, 9, 3), 90, np.uint8))
    directory = struct.unpack("<I", picture[4:8])[0]
    head = struct.pack("<2sHI2sHI", b"II", 42, len(picture), b"CR", 2, 0)
    return head + picture[16:] + picture[directory:]


RAWS = {
    "DNG": tagged(50_706, b"\1\4\0\0", 1),
    "mosaic": tiff(np.full((5, 9), 90, np.uint16), photometric=32_803),
    "linear": tiff(np.full((5, 9, 3), 90, np.uint16), photometric=34_892),
    "NEF": tiff_with_further(32_803, MAKE | REDUCED),
    "mosaic of a tool": tiff_with_further(32_803, {}),
    "preview alone": tiff_with_further(1, MAKE | REDUCED),
    "CR2": canon(),
    "CR3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
    "ORF": b"IIRO\x08\0\0\0" + bytes(64),
    "RW2": b"IIU\0\x08\0\0\0" + bytes(64),
    "RAF": b"FUJIFILMCCD-RAW 0201" + bytes(64),
}


@pytest.mark.parametrize("kind", RAWS)
def test_a_raw_file_is_refused_whatever_its_name(kind: str) -> None:
    for read in (images.read, images.checked_size):
        with pytest.raises(InputError, match=exactly("camera_raw")):
            read(RAWS[kind])


@pytest.mark.parametrize("tags", [{}, MAKE, REDUCED])
def test_a_tiff_with_further_pictures_as_microscopes_write_them_is_read(tags: dict[int, object]) -> None:
    assert (images.read(tiff_with_further(1, tags)) == 40).all()


def test_a_tiff_that_a_camera_or_an_editor_wrote_is_read() -> None:
    assert (images.read(tagged(271, "Canon", 2)) == (200, 40, 40)).all()


def test_a_tiff_whose_further_pictures_lie_nowhere_is_read() -> None:
    assert (images.read(tagged(330, 4_000_000_000, 4)) == (200, 40, 40)).all()
