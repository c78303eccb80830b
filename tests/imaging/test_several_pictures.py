"""Files of several pictures, of which nobody can tell what counts: animations, and pages of a TIFF."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.errors import InputError
from segen.imaging import images, raws
from tests.imaging.picture_files import encoded
from tests.sentences import exactly


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animation_is_refused(format: str) -> None:
    red, blue = Pillow.new("RGB", (9, 5), (255, 0, 0)), Pillow.new("RGB", (9, 5), (0, 0, 255))
    content = encoded(red, format, save_all=True, append_images=[blue])
    for read in (images.read, images.checked_size):
        with pytest.raises(InputError, match=exactly("several_pages")):
            read(content)
    alone = encoded(red, format, save_all=True)
    assert np.abs(images.read(alone).astype(int) - (255, 0, 0)).max() <= 3


def test_a_second_page_of_a_tiff_is_refused_but_a_thumbnail_is_none() -> None:
    page, other = Pillow.new("L", (9, 5), 40), Pillow.new("L", (9, 5), 200)
    with pytest.raises(InputError, match=exactly("several_pages")):
        images.read(encoded(page, "TIFF", save_all=True, append_images=[other]))
    thumbnail = Pillow.new("L", (3, 2), 200)
    thumbnail.encoderinfo = {"tiffinfo": {raws.NEW_SUBFILE_TYPE: 1}}
    content = encoded(page, "TIFF", save_all=True, append_images=[thumbnail])
    assert (images.read(content) == 40).all()
