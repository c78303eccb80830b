"""Files with loss: told from those without, and never read as ids."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.errors import InputError
from segen.imaging.images import decoded
from segen.imaging.labels import read_labels, read_mask
from segen.registry import ClassInfo
from tests.imaging.picture_files import encoded
from tests.sentences import exactly

THREE = tuple(
    ClassInfo(id, {"en": str(id), "zh": str(id)}, color)
    for id, color in enumerate([(0, 0, 0), (255, 0, 0), (0, 0, 255)])
)
TRUTH = np.zeros((48, 48), np.uint8)
TRUTH[8:40, 16:32] = 1
LOSSY = {
    "jpeg": ("JPEG", {"quality": 90}),
    "webp": ("WEBP", {"quality": 80}),
    "webp with alpha and profile": (
        "WEBP",
        {"quality": 80, "icc_profile": b"x" * 301, "exif": b"Exif\0\0MM"},
    ),
    "avif": ("AVIF", {}),
    "jpeg in tiff": ("TIFF", {"compression": "jpeg"}),
    "jpeg 2000": ("JPEG2000", {"irreversible": True}),
}
LOSSLESS = {
    "webp": ("WEBP", {"lossless": True}),
    "webp with profile": ("WEBP", {"lossless": True, "icc_profile": b"x" * 301}),
    "tiff": ("TIFF", {"compression": "tiff_lzw"}),
    "jpeg 2000": ("JPEG2000", {}),
    "png": ("PNG", {}),
    "gif": ("GIF", {}),
}


def stored(values: np.ndarray, format: str, options: dict[str, object]) -> bytes:
    return encoded(Pillow.fromarray(values), format, **options)


@pytest.mark.parametrize("kind", LOSSY)
def test_files_with_loss_are_cut_or_refused_as_jpegs_are(kind: str) -> None:
    white = stored(TRUTH * np.uint8(255), *LOSSY[kind])
    with decoded(white) as found:
        assert found.lossy
    assert (read_labels(white, THREE[:2]) == TRUTH).mean() > 0.99
    with pytest.raises(InputError, match=exactly("labels_lossy")):
        read_labels(white, THREE)


@pytest.mark.parametrize("kind", ["jpeg", "avif", "jpeg in tiff", "jpeg 2000"])
def test_ids_with_loss_are_refused(kind: str) -> None:
    with pytest.raises(InputError, match=exactly("labels_lossy")):
        read_labels(stored(TRUTH * np.uint8(2), *LOSSY[kind]), THREE[:2])


@pytest.mark.parametrize("kind", LOSSLESS)
def test_files_without_loss_are_read_as_ids(kind: str) -> None:
    content = stored(TRUTH * np.uint8(2), *LOSSLESS[kind])
    with decoded(content) as found:
        assert not found.lossy
    assert (read_labels(content, THREE) == TRUTH * 2).all()


def test_colors_with_loss_are_refused_as_such() -> None:
    colors = np.array([known.color for known in THREE], np.uint8)[TRUTH * 2]
    for format in ("JPEG", "WEBP", "AVIF"):
        with pytest.raises(InputError, match=exactly("labels_lossy")):
            read_labels(encoded(Pillow.fromarray(colors), format), THREE)


def test_a_picture_of_several_that_a_camera_wrote_is_lossy() -> None:
    file = io.BytesIO()
    picture = Pillow.fromarray(TRUTH * np.uint8(255))
    picture.save(file, "MPO", save_all=True, append_images=[picture])
    assert read_mask(file.getvalue()).lossy
