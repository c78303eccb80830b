"""What a canvas of the page holds."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from PIL import Image as Pillow

from segen.types import Image


def drawn(page: Any, widget: str, part: str) -> Image:
    """The pixels of a canvas of a widget."""
    canvas = f"{widget} [data-part={part}]"
    address = page.evaluate(f"document.querySelector('{canvas}').toDataURL()")
    with Pillow.open(io.BytesIO(base64.b64decode(address.split(",")[1]))) as picture:
        return np.array(picture.convert("RGB"))
