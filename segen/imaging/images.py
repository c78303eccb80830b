"""Picture files to H x W x 3 uint8 RGB arrays and back. Label maps are in `labels`.

No other file of Segen decodes a picture.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, ImageFilter
from PIL import Image as Pillow

from segen.errors import InputError
from segen.imaging import bounded, heif
from segen.types import Image

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "JPEG2000", "PPM", "TGA")
NEW_SUBFILE_TYPE = 254
"""The TIFF tag whose lowest bit marks a reduced copy of another page."""
Turn = Pillow.Transpose
TURNS = {
    2: Turn.FLIP_LEFT_RIGHT, 3: Turn.ROTATE_180, 4: Turn.FLIP_TOP_BOTTOM, 5: Turn.TRANSPOSE,
    6: Turn.ROTATE_270, 7: Turn.TRANSVERSE, 8: Turn.ROTATE_90,
}  # fmt: skip
"""What makes a picture upright, by its EXIF orientation; as PIL.ImageOps.exif_transpose does."""
MAX_SIDE = 16_384
MAX_PIXELS = 64_000_000
_WHITE = (255, 255, 255, 255)

_QUIET = threading.RLock()


@contextmanager
def _quietly() -> Iterator[None]:
    """Without Pillow's warnings of odd metadata and large sizes, on which no reader of a log can act.

    The filters are those of the whole process, so one thread at a time changes them and puts them back.
    """
    with _QUIET, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


@contextmanager
def decoded(source: Path | str | bytes) -> Iterator[Pillow.Image]:
    """The decoded picture; what is too large is refused from its header, before a pixel is decoded.

    Whatever goes wrong with the picture, in the block too, comes out as an InputError.
    """
    with _opened(source) as picture:
        yield _loaded(picture)


def _loaded(picture: Pillow.Image) -> Pillow.Image:
    """The picture with its pixels: of WebP in the memory that its decoder gave, which Pillow would copy.

    A decoder of WebP holds two canvases as large as the picture; they are let go.
    """
    if picture.format != "WEBP":
        picture.load()
        return picture
    pixels, *_ = picture._get_next()  # type: ignore[attr-defined]
    mode = picture.rawmode  # type: ignore[attr-defined]
    picture._decoder = None  # type: ignore[attr-defined]
    frame = Pillow.frombuffer(mode, picture.size, pixels, "raw", mode, 0, 1)
    frame.info = picture.info
    return frame


@contextmanager
def _opened(source: Path | str | bytes) -> Iterator[Pillow.Image]:
    """The picture before it is decoded, as `decoded` gives it after."""
    with _file(source) as opened, _quietly():
        formats = heif.formats() if heif.is_heif(opened) else FORMATS
        file = bounded.BoundedFile(opened)
        try:
            picture = Pillow.open(file, formats=formats)  # type: ignore[arg-type]
        except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
            raise InputError("picture_too_large") from None
        except Exception:  # Pillow's decoders raise OSError, SyntaxError, struct.error and more
            if file.exhausted:
                raise InputError("picture_too_slow") from None
            raise InputError("not_a_picture", formats=", ".join(FORMATS)) from None
        with picture:
            width, height = picture.size
            if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
                raise InputError("picture_too_large")
            if picture.format == "TIFF" and _has_second_page(picture):
                raise InputError("several_pages")
            if picture.format == "JPEG":
                picture.decodermaxblock = bounded.BLOCK_BYTES
            file.limit(bounded.DECODING_SECONDS)
            try:
                yield picture
            except InputError:
                raise
            except Exception:
                if file.exhausted:
                    raise InputError("picture_too_slow") from None
                raise InputError("picture_damaged") from None


def count_pixels(source: Path) -> int:
    """How many pixels a picture file has, told from its header; 0 for what is none."""
    try:
        with _opened(source) as picture:
            return picture.width * picture.height
    except InputError:  # whoever reads it will be told what is wrong
        return 0


def _has_second_page(picture: Pillow.Image) -> bool:
    """Whether a TIFF has a second page that is no thumbnail of the first; it is at the first page again."""
    try:
        picture.seek(1)
        thumbnail = bool(picture.tag_v2.get(NEW_SUBFILE_TYPE, 0) & 1)  # type: ignore[attr-defined]
    except Exception:  # there is none, or none that can be read
        return False
    picture.seek(0)
    return not thumbnail


def _file(source: Path | str | bytes) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        source = Path(source)
        if source.exists() and not source.is_file():  # opening a pipe would wait until someone writes to it
            raise InputError("file_unreadable")
        return source.open("rb")
    except FileNotFoundError:
        raise InputError("no_such_file") from None
    except (OSError, ValueError):
        raise InputError("file_unreadable") from None


def read(source: Path | str | bytes) -> Image:
    """Decode a picture file, given as its path or its bytes, to H x W x 3 uint8 RGB.

    EXIF orientation is applied; transparency is composited on white; 16-bit grey is scaled from
    the fewest bits, 8, 10, 12, 14 or 16, that hold its brightest pixel, since cameras store 12 bits in 16;
    32-bit and floating-point grey is stretched from its minimum to its maximum; of an animation, the
    first frame is taken; a TIFF of several pages is refused. Raises InputError.
    """
    return read_turned(source)[0]


def checked_size(source: Path | str | bytes) -> tuple[tuple[int, int], Turn | None]:
    """Height and width of a picture as it is stored, and how `read` would turn it.

    The file is decoded to its end, a JPEG at an eighth of its size, which is quicker than `read`. Raises
    InputError as `read` does.
    """
    with _opened(source) as picture:
        width, height = picture.size
        turn = TURNS.get(_orientation(picture))
        picture.draft(None, (1, 1))
        picture.load()
    return (height, width), turn


def read_turned(source: Path | str | bytes) -> tuple[Image, Turn | None]:
    """A picture as `read` gives it, and how it was turned for that, None where it was not."""
    with decoded(source) as picture:
        turn = TURNS.get(_orientation(picture))
        pixels = _rgb(picture)
    return (pixels if turn is None else turned(pixels, turn)), turn


STRIP_ROWS = 512
"""A picture is converted in strips of so many rows, since each step on the whole would hold a copy of it."""


def _rgb(picture: Pillow.Image) -> Image:
    """The pixels of what `decoded` gives; a file that it still holds is let go."""
    picture.fp = None  # type: ignore[attr-defined]
    width, height = picture.size
    pixels = np.empty((height, width, 3), np.uint8)
    strips = [(0, top, width, min(top + STRIP_ROWS, height)) for top in range(0, height, STRIP_ROWS)]
    converted = _conversion(picture, strips)
    for strip in strips:
        pixels[strip[1] : strip[3]] = converted(picture.crop(strip))
    return pixels


def _conversion(
    picture: Pillow.Image, strips: list[tuple[int, int, int, int]]
) -> Callable[[Pillow.Image], NDArray[Any]]:
    """What makes H x W x 3 or H x W x 1 pixels, 0 to 255, of a strip of the picture."""
    if picture.mode.startswith("I;16"):
        bits = _bits(max(int(np.asarray(picture.crop(strip)).max()) for strip in strips))
        return lambda strip: _grey(np.asarray(strip).astype(np.float32) * np.float32(255 / (2**bits - 1)))
    if picture.mode in ("I", "F"):
        low, high = _range(picture, strips)
        return lambda strip: _grey(_stretched(np.asarray(strip, dtype=np.float64), low, high))
    return lambda strip: np.asarray(_opaque(strip).convert("RGB"))


def _opaque(picture: Pillow.Image) -> Pillow.Image:
    """On white, if any of it is transparent."""
    if not picture.has_transparency_data:
        return picture
    picture = picture.convert("RGBA")
    return Pillow.alpha_composite(Pillow.new("RGBA", picture.size, _WHITE), picture)


def _orientation(picture: Pillow.Image) -> int:
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged EXIF is no reason to refuse sound pixels
        return 1


def turned(pixels: NDArray[np.uint8], turn: Turn) -> NDArray[np.uint8]:
    """H x W or H x W x 3 pixels turned."""
    if turn in (Turn.TRANSPOSE, Turn.TRANSVERSE, Turn.ROTATE_90, Turn.ROTATE_270):
        pixels = pixels.swapaxes(0, 1)
    upside_down = turn in (Turn.FLIP_TOP_BOTTOM, Turn.ROTATE_180, Turn.TRANSVERSE, Turn.ROTATE_90)
    mirrored = turn in (Turn.FLIP_LEFT_RIGHT, Turn.ROTATE_180, Turn.TRANSVERSE, Turn.ROTATE_270)
    return np.ascontiguousarray(pixels[:: -1 if upside_down else 1, :: -1 if mirrored else 1])


def _bits(largest: int) -> int:
    """The fewest bits, of those that cameras have, that hold a value."""
    return next(bits for bits in (8, 10, 12, 14, 16) if largest < 2**bits)


def _range(picture: Pillow.Image, strips: list[tuple[int, int, int, int]]) -> tuple[float, float]:
    """The least and the largest finite value; 0 and 0 where there is none."""
    ends = []
    for strip in strips:
        values = np.asarray(picture.crop(strip), dtype=np.float64)
        finite = values[np.isfinite(values)]
        ends += [float(finite.min()), float(finite.max())] if finite.size else []
    return (min(ends), max(ends)) if ends else (0.0, 0.0)


def _stretched(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Bring finite values to 0 to 255, with infinities at the ends and what is no number at 0."""
    if low == high:
        return np.zeros_like(values)
    stretched: NDArray[np.float64] = np.nan_to_num(np.clip((values - low) / (high - low), 0, 1) * 255)
    return stretched


def _grey(values: NDArray[Any]) -> Image:
    grey: Image = np.rint(values).astype(np.uint8)[..., None]
    return grey


def resize(image: Image, height: int, width: int) -> Image:
    """Scale a picture with an antialiased bilinear filter."""
    if image.shape[:2] == (height, width):
        return image
    return np.array(Pillow.fromarray(image).resize((width, height), Pillow.Resampling.BILINEAR))


def fit(image: Image, side: int) -> Image:
    """Scale a picture down so that its longer side has at most `side` pixels; smaller ones stay."""
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    return resize(image, max(1, round(height * scale)), max(1, round(width * scale)))


def enlarge(image: Image, zoom: float, side: int) -> Image:
    """The picture times `zoom`, or times less where a side would exceed `side`; never made smaller."""
    height, width = image.shape[:2]
    zoom = max(1.0, min(zoom, side / max(height, width)))
    return resize(image, round(height * zoom), round(width * zoom))


def mix(first: Image, second: Image, share: float) -> Image:
    """Two pictures of one size as one, of which the second has a share of 0 to 1."""
    return np.array(Pillow.blend(Pillow.fromarray(first), Pillow.fromarray(second), share))


def blend(first: Image, second: Image, mask: NDArray[np.bool_], border: float) -> Image:
    """The second picture where the H x W mask is true, the first elsewhere, fading over a soft border.

    `border` is the standard deviation of the Gaussian that softens the mask, in pixels.
    """
    soft = Pillow.fromarray(mask.astype(np.uint8) * 255).filter(ImageFilter.GaussianBlur(border))
    return np.array(Pillow.composite(Pillow.fromarray(second), Pillow.fromarray(first), soft))


def grid(pictures: NDArray[np.uint8], columns: int = 8) -> Image:
    """N x H x W x 3 pictures side by side, row by row; what is left of the last row stays black."""
    count, height, width, channels = pictures.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    cells = np.zeros((rows * columns, height, width, channels), dtype=np.uint8)
    cells[:count] = pictures
    cells = cells.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return cells.reshape(rows * height, columns * width, channels)


def encode(image: NDArray[np.uint8] | NDArray[np.uint16], format: str = "PNG", **options: Any) -> bytes:
    """Encode RGB or grey pixels as a file of `format`, in memory."""
    buffer = io.BytesIO()
    Pillow.fromarray(image).save(buffer, format, **options)
    return buffer.getvalue()
