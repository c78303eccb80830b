"""Picture files to H x W x 3 uint8 RGB arrays and back. Label maps are in `labels`.

No other file of Segen decodes a picture.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, ImageFilter, TiffImagePlugin
from PIL import Image as Pillow

from segen.errors import InputError
from segen.imaging import bounded, conversion, heif, raws, sixteen
from segen.imaging.lossy import is_lossy
from segen.types import Image

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "JPEG2000", "PPM", "TGA")
MAIN = ("MPO", "HEIF")
"""Formats of several pictures that say which of them is the main one."""
Turn = Pillow.Transpose
TURNS = {
    2: Turn.FLIP_LEFT_RIGHT, 3: Turn.ROTATE_180, 4: Turn.FLIP_TOP_BOTTOM, 5: Turn.TRANSPOSE,
    6: Turn.ROTATE_270, 7: Turn.TRANSVERSE, 8: Turn.ROTATE_90,
}  # fmt: skip
"""What makes a picture upright, by its EXIF orientation; as PIL.ImageOps.exif_transpose does."""
SIDEWAYS = (Turn.TRANSPOSE, Turn.TRANSVERSE, Turn.ROTATE_90, Turn.ROTATE_270)
"""The turns that exchange height and width."""
MAX_SIDE = 16_384
MAX_PIXELS = 64_000_000
DAMAGED = (
    (b"RIFF", b"WEBP"),
    (b"\0\0", b"ftypavi"),
    (b"\xff\xd8\xff", b""),
    (b"\x89PNG\r\n", b""),
    (b"GIF8", b""),
)
"""What stands at the beginning, and near it, of files of FORMATS, though they cannot be opened."""

Values = TypeVar("Values", bound=np.generic)

_QUIET = threading.RLock()


@contextmanager
def _quietly() -> Iterator[None]:
    """Without Pillow's warnings of odd metadata and large sizes, on which no reader of a log can act.

    The filters are those of the whole process, so one thread at a time changes them and puts them back.
    """
    with _QUIET, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


class Decoded(NamedTuple):
    """A decoded picture, how it is to be turned, and whether its file was compressed with loss."""

    picture: Pillow.Image
    turn: Turn | None
    lossy: bool


@contextmanager
def decoded(source: Path | str | bytes) -> Iterator[Decoded]:
    """The decoded picture; what is too large is refused from its header, before a pixel is decoded.

    So are an animation and a TIFF of several pages, of which nobody can tell what counts, and a camera's raw
    file. Whatever goes wrong with the picture, in the block too, comes out as an InputError.
    """
    with _opened(source) as picture:
        lossy = is_lossy(picture)
        yield Decoded(*_loaded(picture), lossy)


def _loaded(picture: Pillow.Image) -> tuple[Pillow.Image, Turn | None]:
    """The picture with its pixels, and how it is to be turned; Pillow turns TIFF itself, and forgets it.

    WebP stays in the memory that its decoder gave, which Pillow would copy; the two canvases that the
    decoder holds are let go. Raises InputError for colors in the low bits of 16, which Pillow drops.
    """
    file = picture.fp  # type: ignore[attr-defined]
    halved, turn = sixteen.is_halved(picture), _turn(picture)
    if picture.format != "WEBP":
        picture.load()
        if halved and sixteen.lost(picture, file):
            raise InputError("too_dark")
        if halved:
            picture.info.pop("icc_profile", None)  # such colors keep their numbers
        return picture, turn
    pixels, *_ = picture._get_next()  # type: ignore[attr-defined]
    mode = picture.rawmode  # type: ignore[attr-defined]
    picture._decoder = None  # type: ignore[attr-defined]
    frame = Pillow.frombuffer(mode, picture.size, pixels, "raw", mode, 0, 1)
    frame.info = picture.info
    return frame, turn


def _turn(picture: Pillow.Image) -> Turn | None:
    try:
        return TURNS.get(int(picture.getexif().get(ExifTags.Base.Orientation, 1)))
    except Exception:  # damaged EXIF is no reason to refuse sound pixels
        return None


@contextmanager
def _opened(source: Path | str | bytes) -> Iterator[Pillow.Image]:
    """The picture before it is decoded, as `decoded` gives it after."""
    with _file(source) as opened, _quietly():
        formats = heif.formats() if heif.is_heif(opened) else FORMATS
        file = bounded.BoundedFile(opened)
        if raws.is_raw(file):
            raise InputError("camera_raw")
        try:
            picture = Pillow.open(file, formats=formats)  # type: ignore[arg-type]
        except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
            raise InputError("picture_too_large") from None
        except Exception:  # Pillow's decoders raise OSError, SyntaxError, struct.error and more
            if file.exhausted:
                raise InputError("picture_too_slow") from None
            opened.seek(0)
            if opened.read(4) in TiffImagePlugin.PREFIXES:
                raise InputError("tiff_kind") from None
            opened.seek(0)
            head = opened.read(16)
            if not head or any(head.startswith(begin) and mark in head for begin, mark in DAMAGED):
                raise InputError("picture_damaged") from None
            raise InputError("not_a_picture", formats=", ".join(FORMATS)) from None
        with picture:
            width, height = picture.size
            if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
                raise InputError("picture_too_large")
            if picture.format == "JPEG":
                picture.decodermaxblock = bounded.BLOCK_BYTES
            file.limit(bounded.DECODING_SECONDS)
            try:
                if _is_one_of_several(picture):
                    raise InputError("several_pages")
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


class Indexed(NamedTuple):
    """A picture with a palette: H x W indices, 256 x 3 colors, black beyond its end, and what shows.

    It is upright; `turned` says that its EXIF orientation made it so.
    """

    indices: NDArray[np.uint8]
    palette: NDArray[np.uint8]
    opaque: NDArray[np.bool_]
    turned: bool


def indexed(source: Path) -> Indexed | None:
    """A picture with a palette, or of one bit, black and white; None for others. Raises InputError."""
    with _opened(source) as opened:
        picture, turn = _loaded(opened)
        if picture.mode not in ("P", "1"):
            return None
        listed = [0, 0, 0, 255, 255, 255] if picture.mode == "1" else picture.getpalette("RGB") or []
        palette = np.zeros(256 * 3, np.uint8)
        palette[: len(listed)] = listed
        indices = np.asarray(picture).astype(np.uint8)
        opaque = np.asarray(picture.convert("RGBA"))[..., 3] > 0
        if turn is not None and picture.format != "TIFF":
            indices, opaque = turned(indices, turn), turned(opaque, turn)
        return Indexed(indices, palette.reshape(256, 3), opaque, turn is not None)


def _is_one_of_several(picture: Pillow.Image) -> bool:
    """Whether the file has more frames, or, if it is a TIFF, a second page that is no thumbnail of the first.

    The picture is at the first of them again.
    """
    if picture.format in MAIN:
        return False
    if picture.format != "TIFF":
        return bool(getattr(picture, "is_animated", False))
    try:
        picture.seek(1)
        thumbnail = bool(picture.tag_v2.get(raws.NEW_SUBFILE_TYPE, 0) & 1)  # type: ignore[attr-defined]
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
    the fewest bits, 8, 10, 12, 14 or 16, that hold its brightest two neighbours, since cameras store 12 bits
    in 16, and have hot pixels, while such colors are refused, unless they use more than 14 or are all black;
    32-bit and floating-point grey is stretched from its minimum to its maximum; colors of 8 bits with a
    profile become sRGB; animations, TIFFs of several pages and cameras' raw files are refused. Raises
    InputError.
    """
    return read_turned(source)[0]


def checked_size(source: Path | str | bytes) -> tuple[tuple[int, int], Turn | None]:
    """Height and width of a picture as `read` would give it, and how it would be turned for that.

    The file is decoded to its end, a JPEG at an eighth of its size, which is quicker than `read`. Raises
    InputError as `read` does.
    """
    with _opened(source) as picture:
        width, height = picture.size
        picture.draft(None, (1, 1))
        turn = _loaded(picture)[1]
    sideways = turn in SIDEWAYS and picture.format != "TIFF"
    return ((width, height) if sideways else (height, width)), turn


def read_turned(source: Path | str | bytes) -> tuple[Image, Turn | None]:
    """A picture as `read` gives it, and how it was turned for that, None where it was not."""
    with _opened(source) as picture:
        loaded, turn = _loaded(picture)
        pixels = conversion.rgb(loaded)
    return (pixels if turn is None or picture.format == "TIFF" else turned(pixels, turn)), turn


def stored_size(shape: tuple[int, ...], turn: Turn | None) -> tuple[int, ...]:
    """The height and width, as they were stored, of a picture that was turned to this height and width."""
    return shape[::-1] if turn in SIDEWAYS else shape


def turned(pixels: NDArray[Values], turn: Turn) -> NDArray[Values]:
    """H x W or H x W x 3 pixels turned."""
    if turn in SIDEWAYS:
        pixels = pixels.swapaxes(0, 1)
    upside_down = turn in (Turn.FLIP_TOP_BOTTOM, Turn.ROTATE_180, Turn.TRANSVERSE, Turn.ROTATE_90)
    mirrored = turn in (Turn.FLIP_LEFT_RIGHT, Turn.ROTATE_180, Turn.TRANSVERSE, Turn.ROTATE_270)
    return np.ascontiguousarray(pixels[:: -1 if upside_down else 1, :: -1 if mirrored else 1])


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
