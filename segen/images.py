"""Every conversion of a picture: file to RGB, RGB to tensor, tensor to RGB, labels to palette PNG.

No other file of Segen decodes a picture. Inside `segen.models`, images are N x C x H x W float32 in
[-1, 1]; everywhere else they are H x W x 3 uint8 RGB arrays.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from segen.errors import InputError
from segen.registry import ClassInfo
from segen.types import Image, Labels

if TYPE_CHECKING:
    import torch

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
MAX_SIDE = 16_384
MAX_PIXELS = 64_000_000
_WHITE = (255, 255, 255, 255)


def _open(source: Path | bytes) -> Pillow.Image:
    """Open a picture far enough to know its size, and refuse what is too large before decoding it."""
    try:
        picture = Pillow.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS)
    except FileNotFoundError:
        raise InputError("no_such_file") from None
    except Pillow.DecompressionBombError:
        raise InputError("picture_too_large") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise InputError("not_a_picture", formats=", ".join(FORMATS)) from None
    width, height = picture.size
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        picture.close()
        raise InputError("picture_too_large")
    return picture


def _decode(picture: Pillow.Image) -> Pillow.Image:
    try:
        picture.load()
    except Exception:  # Pillow's decoders raise OSError, SyntaxError, struct.error and more
        raise InputError("picture_damaged") from None
    return picture


def read(source: Path | bytes) -> Image:
    """Decode a picture file, given as its path or its bytes, to H x W x 3 uint8 RGB.

    EXIF orientation is applied; transparency is composited on white; 16-bit grey is scaled by 1/257;
    32-bit and floating-point grey is stretched from its minimum to its maximum; of an animation, the
    first frame is taken. Raises InputError.
    """
    with _open(source) as opened:
        picture = ImageOps.exif_transpose(_decode(opened))
        if picture.mode.startswith("I;16"):
            return _grey(np.asarray(picture).astype(np.float32) / 257)
        if picture.mode in ("I", "F"):
            values = np.nan_to_num(np.asarray(picture, dtype=np.float64))
            span = np.ptp(values) or 1.0
            return _grey((values - values.min()) / span * 255)
        if picture.has_transparency_data:
            picture = picture.convert("RGBA")
            picture = Pillow.alpha_composite(Pillow.new("RGBA", picture.size, _WHITE), picture)
        return np.array(picture.convert("RGB"))


def _grey(values: NDArray[Any]) -> Image:
    return np.repeat(np.rint(values).astype(np.uint8)[..., None], 3, axis=2)


def read_labels(source: Path | bytes, classes: tuple[ClassInfo, ...]) -> Labels:
    """Read a label map as class ids, H x W uint8: a palette or 8-bit grey PNG holds them as they are.

    An RGB picture must use the colours of `classes`. Raises InputError for an id or colour of no class.
    """
    with _open(source) as opened:
        picture = _decode(opened)
        if picture.mode in ("P", "L", "1"):
            labels = np.array(picture).astype(np.uint8)
        else:
            labels = _ids_of_colors(np.asarray(picture.convert("RGB")), classes)
    known = np.array([info.id for info in classes])
    strangers = np.setdiff1d(np.unique(labels), known)
    if strangers.size:
        raise InputError("labels_unknown", ids=", ".join(map(str, strangers[:5])))
    return labels


def _ids_of_colors(colors: Image, classes: tuple[ClassInfo, ...]) -> Labels:
    code = (colors.astype(np.uint32) << np.array([16, 8, 0], dtype=np.uint32)).sum(axis=2)
    labels = np.full(code.shape, 255, dtype=np.uint8)
    for info in classes:
        red, green, blue = info.color
        labels[code == (red << 16 | green << 8 | blue)] = info.id
    return labels


def to_tensor(image: Image) -> torch.Tensor:
    """H x W x 3 uint8 RGB to 1 x 3 x H x W float32 in [-1, 1]."""
    import torch

    pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None]
    return pixels.float().div_(127.5).sub_(1.0)


def resize(image: Image, height: int, width: int) -> Image:
    """Scale a picture with an antialiased bilinear filter."""
    if image.shape[:2] == (height, width):
        return image
    return np.asarray(Pillow.fromarray(image).resize((width, height), Pillow.Resampling.BILINEAR))


def fit(image: Image, side: int) -> Image:
    """Scale a picture down so that its longer side has at most `side` pixels; smaller ones stay."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    return resize(image, max(1, round(height * scale)), max(1, round(width * scale)))


def encode(image: NDArray[np.uint8] | NDArray[np.uint16], format: str = "PNG", **options: Any) -> bytes:
    """Encode RGB or grey pixels as a file of `format`, in memory."""
    buffer = io.BytesIO()
    Pillow.fromarray(image).save(buffer, format, **options)
    return buffer.getvalue()


def encode_labels(labels: Labels, palette: tuple[tuple[int, int, int], ...]) -> bytes:
    """An 8-bit palette PNG whose raw values are the labels."""
    picture = Pillow.fromarray(labels).convert("L")
    picture.putpalette([channel for color in palette for channel in color])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=False)
    return buffer.getvalue()
