"""Peak memory of a picture of 64 megapixels, read and segmented, in a process of its own for each format."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

SIDE = 8_000
FILES = {
    "a.jpg": "RGB", "a.png": "RGB", "transparent.png": "RGBA", "deep.png": "I;16", "deep.tif": "I;16",
    "a.webp": "RGB", "transparent.webp": "RGBA",
}  # fmt: skip
"""Name and Pillow mode of each."""


def main() -> Iterator[str]:
    """One line for each file, after one for a picture of a thousandth of the size."""
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, "small.png")
        Pillow.new("RGB", (SIDE // 32, SIDE // 32)).save(small)
        yield f"small, read: {_peak(str(small))} MB   segmented: {_peak(str(small), 'unet-camvid')} MB"
        for name, mode in FILES.items():
            file = str(Path(folder, name))
            _apart("draw", file, mode)
            yield f"{name}, read: {_peak(file)} MB   segmented: {_peak(file, 'unet-camvid')} MB"


def _peak(*arguments: str) -> int:
    return int(_apart("work", *arguments))


def _apart(*arguments: str) -> str:
    """What a process of its own prints."""
    command = [sys.executable, "-m", "benchmarks.large_picture", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _draw(file: str, mode: str) -> None:
    stripes = np.zeros((SIDE, SIDE), np.uint16 if mode == "I;16" else np.uint8)
    stripes[::64] = 200
    picture = Pillow.fromarray(stripes)
    (picture if mode == "I;16" else picture.convert(mode)).save(file)


def _work(file: str, model: str = "") -> None:
    from segen import registry
    from segen.engine import Engine
    from segen.imaging import export, images
    from segen.types import SegmentRequest

    pixels = images.read(Path(file))
    if model:
        found = Engine().run(model, SegmentRequest(pixels)).value
        export.contents(registry.card(model), pixels, found)
    # `ru_maxrss` would be that of the process that started this one, if it was larger.
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(int(peak) // 1024)


if __name__ == "__main__":
    {"draw": _draw, "work": _work}[sys.argv[1]](*sys.argv[2:])
