"""Picture files to H x W x 3 uint8 RGB arrays and back, and label maps likewise.

No other file of Segen decodes a picture.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageFilter, ImageOps

from segen.errors import InputError
from segen.registry import ClassInfo
from segen.types import Image, Labels

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
MAX_SIDE = 16_384
MAX_PIXELS = 64_000_000
BLOCK_ROWS = 256
IGNORED = 255
"""The label of pixels that neither loss nor metric counts, where no class is named so (VOC's borders)."""
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
def _decoded(source: Path | str | bytes) -> Iterator[Pillow.Image]:
    """The decoded picture; what is too large is refused from its header, before a pixel is decoded.

    Whatever goes wrong with the picture, in the block too, comes out as an InputError.
    """
    with _file(source) as file, _quietly():
        try:
            picture = Pillow.open(file, formats=FORMATS)
        except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
            raise InputError("picture_too_large") from None
        except Exception:  # Pillow's decoders raise OSError, SyntaxError, struct.error and more
            raise InputError("not_a_picture", formats=", ".join(FORMATS)) from None
        with picture:
            width, height = picture.size
            if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
                raise InputError("picture_too_large")
            try:
                picture.load()
                yield picture
            except InputError:
                raise
            except Exception:
                raise InputError("picture_damaged") from None


def _file(source: Path | str | bytes) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        source = Path(source)
        if source.exists() and not source.is_file():  # opening a pipe would wait for ever
            raise InputError("file_unreadable")
        return source.open("rb")
    except FileNotFoundError:
        raise InputError("no_such_file") from None
    except (OSError, ValueError):
        raise InputError("file_unreadable") from None


def read(source: Path | str | bytes) -> Image:
    """Decode a picture file, given as its path or its bytes, to H x W x 3 uint8 RGB.

    EXIF orientation is applied; transparency is composited on white; 16-bit grey is scaled by 1/257;
    32-bit and floating-point grey is stretched from its minimum to its maximum; of an animation, the
    first frame is taken. Raises InputError.
    """
    with _decoded(source) as decoded:
        picture = _upright(decoded)
        if picture.mode.startswith("I;16"):
            return _grey(np.asarray(picture).astype(np.float32) / 257)
        if picture.mode in ("I", "F"):
            return _grey(_stretched(np.asarray(picture, dtype=np.float64)))
        if picture.has_transparency_data:
            picture = picture.convert("RGBA")
            picture = Pillow.alpha_composite(Pillow.new("RGBA", picture.size, _WHITE), picture)
        return np.array(picture.convert("RGB"))


def _upright(picture: Pillow.Image) -> Pillow.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # damaged EXIF is no reason to refuse sound pixels
        return picture


def _stretched(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring finite values to 0 to 255, with infinities at the ends and what is no number at 0."""
    finite = values[np.isfinite(values)]
    if not finite.size or finite.min() == finite.max():
        return np.zeros_like(values)
    low, high = finite.min(), finite.max()
    stretched: NDArray[np.float64] = np.nan_to_num(np.clip((values - low) / (high - low), 0, 1) * 255)
    return stretched


def _grey(values: NDArray[Any]) -> Image:
    return np.repeat(np.rint(values).astype(np.uint8)[..., None], 3, axis=2)


def read_labels(source: Path | str | bytes, classes: tuple[ClassInfo, ...]) -> Labels:
    """Read a label map as class ids, H x W uint8: palette and 8-bit grey PNG hold them as they are.

    An RGB picture must use the colours of `classes`. 16-bit grey numbers instances, 0 being none: all of
    them are class 1. With more than two classes, 255 stays as IGNORED. Raises InputError for an id or colour
    of no class.
    """
    with _decoded(source) as picture:
        if picture.mode.startswith("I;16"):
            labels = (np.asarray(picture) > 0).astype(np.uint8)
        elif picture.mode in ("P", "L", "1"):
            labels = np.array(picture).astype(np.uint8)
        else:
            labels = _ids_of_colors(np.asarray(picture.convert("RGB")), classes)
    allowed = [known.id for known in classes] + ([IGNORED] if len(classes) > 2 else [])
    unknown_pixels = np.setdiff1d(labels, allowed)
    if unknown_pixels.size:
        raise InputError("labels_unknown", ids=", ".join(map(str, unknown_pixels[:5])))
    return labels


def read_instances(source: Path | str | bytes) -> NDArray[np.int32]:
    """Read a 16-bit grey map that numbers instances, H x W, 0 being none. Raises InputError for others."""
    with _decoded(source) as picture:
        if not picture.mode.startswith("I;16"):
            raise InputError("not_instances")
        return np.asarray(picture).astype(np.int32)


def _ids_of_colors(colors: Image, classes: tuple[ClassInfo, ...]) -> Labels:
    codes = (colors.astype(np.uint32) << np.array([16, 8, 0], dtype=np.uint32)).sum(axis=2)
    ids = {red << 16 | green << 8 | blue: known.id for known in classes for red, green, blue in [known.color]}
    found, places = np.unique(codes, return_inverse=True)
    unknown_pixels = [f"#{code:06x}" for code in found.tolist() if code not in ids]
    if unknown_pixels:
        raise InputError("labels_unknown", ids=", ".join(unknown_pixels[:5]))
    return np.array([ids[code] for code in found.tolist()], dtype=np.uint8)[places].reshape(codes.shape)


def nearest_classes(image: Image, classes: tuple[ClassInfo, ...]) -> tuple[Labels, int]:
    """H x W ids of the classes with the nearest colours, and how many pixels have the colour of none."""
    labels = np.empty(image.shape[:2], dtype=np.uint8)
    unknown_pixels = 0
    for begin in range(0, len(image), BLOCK_ROWS):
        rows = image[begin : begin + BLOCK_ROWS].astype(np.int32)
        best = np.full(rows.shape[:2], np.iinfo(np.int32).max, dtype=np.int32)
        for known in classes:
            apart = ((rows - np.array(known.color, dtype=np.int32)) ** 2).sum(axis=2)
            nearer = apart < best
            labels[begin : begin + BLOCK_ROWS][nearer] = known.id
            best[nearer] = apart[nearer]
        unknown_pixels += int((best > 0).sum())
    return labels, unknown_pixels


def resize_labels(labels: Labels, height: int, width: int) -> Labels:
    """Scale a label map; each pixel takes the label that lies under its middle."""
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(int)
        for new, old in zip((height, width), labels.shape, strict=True)
    )
    found: Labels = labels[np.ix_(rows, columns)]
    return found


def resize(image: Image, height: int, width: int) -> Image:
    """Scale a picture with an antialiased bilinear filter."""
    if image.shape[:2] == (height, width):
        return image
    return np.array(Pillow.fromarray(image).resize((width, height), Pillow.Resampling.BILINEAR))


def fit(image: Image, side: int) -> Image:
    """Scale a picture down so that its longer side has at most `side` pixels; smaller ones stay."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
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


def encode_animation(frames: NDArray[np.uint8], milliseconds: int = 90, scale: int = 4) -> bytes:
    """N x H x W x 3 frames as a lossless animated WebP that goes forth and back for ever.

    Each frame stays for `milliseconds`; every pixel becomes `scale` x `scale`, so that small pictures stay
    crisp.
    """
    enlarged = frames.repeat(scale, axis=1).repeat(scale, axis=2)
    first, *others = (Pillow.fromarray(frame) for frame in (*enlarged, *enlarged[-2:0:-1]))
    buffer = io.BytesIO()
    first.save(
        buffer, "WEBP", save_all=True, append_images=others, duration=milliseconds, loop=0, lossless=True
    )
    return buffer.getvalue()


FILM_MILLISECONDS = 250
"""Of each frame of a film."""


def encode_film(frames: NDArray[np.uint8], quality: int) -> bytes:
    """N x H x W x 3 frames as a lossy animated WebP of `quality` 0 to 100 that runs for ever."""
    first, *others = (Pillow.fromarray(frame) for frame in frames)
    buffer = io.BytesIO()
    first.save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=FILM_MILLISECONDS,
        loop=0,
        quality=quality,
    )
    return buffer.getvalue()


def read_film(path: Path) -> list[Image]:
    """The frames that `encode_film` was given, H x W x 3; equal ones, which it stores once, as well."""
    frames: list[Image] = []
    with Pillow.open(path, formats=["WEBP"]) as film:
        for number in range(getattr(film, "n_frames", 1)):
            film.seek(number)
            frame = np.array(film.convert("RGB"))
            stays = film.info.get("duration", FILM_MILLISECONDS)
            frames += [frame] * max(1, round(stays / FILM_MILLISECONDS))
    return frames


def encode_labels(labels: Labels, palette: tuple[tuple[int, int, int], ...]) -> bytes:
    """An 8-bit palette PNG whose raw values are the labels."""
    picture = Pillow.fromarray(labels)
    picture.putpalette([channel for color in palette for channel in color])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", bits=8)  # Pillow packs small palettes into fewer bits by itself
    return buffer.getvalue()
