"""Every odd file: what it becomes in RGB, and how what cannot be read is refused."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from segen.errors import InputError
from segen.imaging import images
from segen.imaging.labels import read_labels
from segen.models.tensors import to_tensor
from segen.registry import dataset_classes
from tests.imaging.picture_files import encoded, png, png16, tiff16_rgb

RAMP = np.arange(0, 252, 3, dtype=np.uint8).reshape(7, 12)
"""Grey, every pixel of its own value."""
PICTURE = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], axis=2)
STREET = dataset_classes("camvid")
pytestmark = pytest.mark.filterwarnings("error")
WIDE = np.array([[0, 257, 128 * 257, 254 * 257, 65535]], dtype=np.uint16)
TURNS: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    1: lambda seen: seen,
    2: lambda seen: seen[:, ::-1],
    3: lambda seen: seen[::-1, ::-1],
    4: lambda seen: seen[::-1],
    5: lambda seen: seen.transpose(1, 0, 2),
    6: lambda seen: np.rot90(seen, 1),
    7: lambda seen: seen[::-1, ::-1].transpose(1, 0, 2),
    8: lambda seen: np.rot90(seen, -1),
}
"""How a camera stores what was seen, by EXIF orientation."""
DAMAGED_EXIF = [b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0"]


def close(found: NDArray[np.uint8], expected: NDArray[np.uint8], most: int) -> bool:
    return found.shape == expected.shape and bool(
        (np.abs(found.astype(int) - expected.astype(int)) <= most).all()
    )


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "GIF", "JPEG", "WEBP"])
@pytest.mark.parametrize("from_path", [True, False])
def test_formats(format: str, from_path: bool, tmp_path: Path) -> None:
    # Colours that GIF's palette holds, in blocks that JPEG keeps
    picture = np.kron([[40, 120], [160, 220]], np.ones((16, 16))).astype(np.uint8)[..., None].repeat(3, 2)
    content = encoded(Pillow.fromarray(picture), format)
    path = tmp_path / "picture"
    path.write_bytes(content)
    found = images.read(path if from_path else content)
    assert found.dtype == np.uint8
    assert close(found, picture, 2 if format in ("JPEG", "WEBP") else 0)


def test_grey_and_one_bit() -> None:
    assert (images.read(encoded(Pillow.fromarray(RAMP), "PNG")) == RAMP[..., None]).all()
    bits = RAMP > 100
    assert (images.read(encoded(Pillow.fromarray(bits), "PNG")) == bits[..., None] * 255).all()
    two_bit_grey = png(4, 1, 2, 0, b"\0" + bytes([0b00_01_10_11]))
    assert images.read(two_bit_grey)[0, :, 0].tolist() == [0, 85, 170, 255]


@pytest.mark.parametrize("transparency", [0, b"\x00\x80"])
def test_palette_with_transparency_is_composited_on_white(transparency: int | bytes) -> None:
    picture = Pillow.fromarray(np.array([[0, 1]], dtype=np.uint8))
    picture.putpalette([255, 0, 0, 0, 0, 255])
    found = images.read(encoded(picture, "PNG", transparency=transparency))
    blue = [0, 0, 255] if transparency == 0 else [127, 127, 255]
    assert close(found, np.array([[[255, 255, 255], blue]], dtype=np.uint8), 1)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_alpha_is_composited_on_white(format: str) -> None:
    pixels = np.array([[[200, 0, 0, 0], [200, 0, 0, 255], [200, 0, 0, 128]]], dtype=np.uint8)
    options = {"lossless": True} if format == "WEBP" else {}
    found = images.read(encoded(Pillow.fromarray(pixels), format, **options))
    assert close(found, np.array([[[255] * 3, [200, 0, 0], [227, 127, 127]]], dtype=np.uint8), 1)


def test_grey_with_alpha_is_composited_on_white() -> None:
    grey = np.array([[[10, 0], [10, 255]]], dtype=np.uint8)
    assert images.read(encoded(Pillow.fromarray(grey, "LA"), "PNG"))[0, :, 0].tolist() == [255, 10]


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk(format: str) -> None:
    """Pillow writes CMYK JPEGs inverted and marked as Adobe's, as Photoshop does."""
    red = Pillow.new("CMYK", (8, 8), (0, 255, 255, 0))
    content = encoded(red, format)
    assert (b"Adobe" in content) == (format == "JPEG")
    assert close(images.read(content), np.full((8, 8, 3), (255, 0, 0), dtype=np.uint8), 3)


@pytest.mark.parametrize("content", [png16(WIDE), encoded(Pillow.fromarray(WIDE), "TIFF")])
def test_16_bit_grey_is_scaled(content: bytes) -> None:
    assert images.read(content)[0].tolist() == [[v] * 3 for v in (0, 1, 128, 254, 255)]


@pytest.mark.parametrize("encode", [png16, tiff16_rgb])
def test_16_bit_rgb_is_scaled(encode: Callable[[NDArray[np.integer]], bytes]) -> None:
    assert (images.read(encode(PICTURE.astype(np.uint16) * 257)) == PICTURE).all()


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_float_and_32_bit_grey_is_stretched(kind: type) -> None:
    values = np.array([[-1000, 0, 1000]]).astype(kind)
    assert images.read(encoded(Pillow.fromarray(values), "TIFF"))[0, :, 0].tolist() == [0, 128, 255]


def test_floats_without_an_order() -> None:
    odd = np.array([[np.nan, -np.inf, 0.0, 1.0, np.inf]], dtype=np.float32)
    assert images.read(encoded(Pillow.fromarray(odd), "TIFF"))[0, :, 0].tolist() == [0, 0, 0, 255, 255]
    for flat in (np.full((2, 2), np.nan), np.full((2, 2), 7.0)):
        assert not images.read(encoded(Pillow.fromarray(flat.astype(np.float32)), "TIFF")).any()


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_is_applied(orientation: int, format: str) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    stored = Pillow.fromarray(np.ascontiguousarray(TURNS[orientation](PICTURE)))
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(format, {})
    assert close(images.read(encoded(stored, format, exif=exif, **options)), PICTURE, 6)


@pytest.mark.parametrize("exif", DAMAGED_EXIF)
def test_damaged_exif_leaves_the_picture(exif: bytes) -> None:
    content = encoded(Pillow.fromarray(PICTURE), "JPEG", exif=exif)
    assert images.read(content).shape == PICTURE.shape


def test_several_pictures_in_one_jpeg() -> None:
    first, second = Pillow.fromarray(PICTURE), Pillow.fromarray(255 - PICTURE)
    content = encoded(first, "MPO", save_all=True, append_images=[second])
    assert close(images.read(content), images.read(encoded(first, "JPEG")), 0)


def test_progressive_jpeg() -> None:
    content = encoded(Pillow.fromarray(PICTURE), "JPEG", progressive=True, quality=100, subsampling=0)
    assert close(images.read(content), PICTURE, 6)


@pytest.mark.parametrize(
    ("brightest", "full"), [(255, 255), (256, 1023), (2160, 4095), (9_000, 16_383), (65_535, 65_535)]
)
def test_16_bits_are_scaled_from_the_bits_that_are_used(brightest: int, full: int) -> None:
    values = np.repeat(np.array([[0, brightest // 2, brightest]], dtype=np.uint16), 2, axis=1)
    expected = np.rint(values.astype(np.float64) * 255 / full)
    assert (images.read(images.encode(values))[..., 0] == expected).all()


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_size_and_the_turn_are_those_of_the_picture_read(orientation: int, format: str) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    content = encoded(Pillow.fromarray(PICTURE), format, exif=exif)
    image, turn = images.read_turned(content)
    assert images.checked_size(content) == (image.shape[:2], turn)
    assert turn == images.TURNS.get(orientation)


@pytest.mark.parametrize("format", ["AVIF", "JPEG2000", "PPM", "TGA"])
def test_less_common_formats_are_read(format: str) -> None:
    picture = np.full((12, 16, 3), (180, 90, 30), dtype=np.uint8)
    assert close(images.read(encoded(Pillow.fromarray(picture), format)), picture, 6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 16_384), (16_384, 1)])
def test_extreme_sides(shape: tuple[int, int]) -> None:
    picture = np.full((*shape, 3), 77, dtype=np.uint8)
    assert (images.read(images.encode(picture)) == picture).all()


def refusal(source: Path | bytes) -> str:
    with pytest.raises(InputError) as error:
        images.read(source)
    with pytest.raises(InputError):
        read_labels(source, STREET)
    assert error.value.__cause__ is None
    for language in ("en", "zh"):
        sentence = error.value.sentence(language)
        assert "\n" not in sentence
        assert "/" not in sentence
    return error.value.key


def test_no_picture_at_all(tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("This is not a picture.")
    empty = tmp_path / "empty.png"
    empty.touch()
    assert refusal(empty) == refusal(b"") == "picture_damaged"
    assert refusal(text) == refusal(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n") == "not_a_picture"
    assert refusal(b"\x89PNG\r\n\x1a\n") == refusal(b"\xff\xd8\xff\xe0") == "picture_damaged"
    for format in ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TGA", "WEBP"):
        content = encoded(Pillow.effect_noise((80, 60), 99), format)
        assert refusal(content[: len(content) // 2]) == "picture_damaged", format


def test_no_file_at_all(tmp_path: Path) -> None:
    assert refusal(tmp_path / "missing.png") == "no_such_file"
    assert refusal(tmp_path) == "file_unreadable"
    assert refusal(Path("a\0b.png")) == refusal(tmp_path / ("x" * 300)) == "file_unreadable"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_and_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening one waits for a writer, for ever."""
    os.mkfifo(tmp_path / "pipe.png")
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("the pipe was opened"))
    assert refusal(tmp_path / "pipe.png") == "file_unreadable"


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    path = tmp_path / "secret.png"
    path.write_bytes(images.encode(PICTURE))
    monkeypatch.setattr(Path, "open", refuse)
    assert refusal(path) == "file_unreadable"


@pytest.mark.parametrize("format", ["JPEG", "PROGRESSIVE", "PNG", "WEBP", "BMP", "TIFF", "GIF"])
def test_cut_off_anywhere(format: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A part of a file is refused, unless all pixels are there and only the trailer is missing."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    options = {"progressive": True} if format == "PROGRESSIVE" else {}
    content = encoded(Pillow.fromarray(noise), "JPEG" if options else format, **options)
    whole = images.read(content)
    for length in range(0, len(content), 97):
        with suppress(InputError):
            assert (images.read(content[:length]) == whole).all(), length
    with pytest.raises(InputError):
        images.read(content[: len(content) // 2])
    assert capfd.readouterr() == ("", "")


def header_only(format: str, width: int, height: int) -> bytes:
    """A file whose header claims a size and whose pixels are missing."""
    if format == "PNG":
        return png(width, height, 8, 2, b"")
    content = bytearray(encoded(Pillow.new("RGB", (8, 8)), format))
    if format == "JPEG":
        start = content.index(b"\xff\xc0") + 5
        content[start : start + 4] = struct.pack(">HH", height, width)
    elif format == "BMP":
        content[18:26] = struct.pack("<ii", width, height)
    elif format == "GIF":
        content[6:10] = struct.pack("<HH", width, height)
    return bytes(content)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "GIF"])
@pytest.mark.parametrize(
    "size", [(50_000, 50_000), (12_000, 8_000), (16_385, 1), (1, 16_385), (8_001, 8_000)]
)
def test_too_large_is_refused_from_the_header(format: str, size: tuple[int, int]) -> None:
    began = perf_counter()
    assert refusal(header_only(format, *size)) == "picture_too_large"
    assert perf_counter() - began < 0.5


def test_pillow_stays_quiet(tmp_path: Path) -> None:
    """In a process of its own, where pytest's filters do not hide anything."""
    (tmp_path / "large").write_bytes(header_only("PNG", 12_000, 8_000))
    (tmp_path / "exif").write_bytes(encoded(Pillow.fromarray(PICTURE), "JPEG", exif=DAMAGED_EXIF[1]))
    code = f"""
import warnings
from pathlib import Path
import numpy, PIL.Image  # which have filters of their own
before = list(warnings.filters)
from segen import InputError
from segen.imaging import images
print(images.read(Path({str(tmp_path)!r}) / "exif").shape)
try:
    images.read(Path({str(tmp_path)!r}) / "large")
except InputError as error:
    print(error.key)
assert warnings.filters == before, "filters are the program's, not a library's"
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("(7, 12, 3)\npicture_too_large\n", "")


def test_tensor_is_in_minus_one_to_one() -> None:
    tensor = to_tensor(np.array([[[0, 255, 51]]], dtype=np.uint8))
    assert tensor.numpy() == pytest.approx(np.array([-1, 1, -0.6]).reshape(1, 3, 1, 1))


def test_encode_keeps_16_bits() -> None:
    assert (np.array(Pillow.open(io.BytesIO(images.encode(WIDE)))) == WIDE).all()


@pytest.mark.parametrize("turn", images.TURNS.values())
def test_pixels_are_turned_as_pillow_turns_them(turn: images.Turn) -> None:
    pixels = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    for each in (pixels, pixels[..., 0].copy()):
        assert np.array_equal(images.turned(each, turn), np.array(Pillow.fromarray(each).transpose(turn)))
