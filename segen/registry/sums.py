"""Checksums of a weights folder, in the format of the `sha256sum` command.

`sha256sum -c SHA256SUMS` checks a folder, too.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from segen.errors import WeightsError

SUMS = "SHA256SUMS"
LOADED = ("*.safetensors", "*.onnx", "config.json")
"""What needs a checksum."""


def verify(folder: Path) -> None:
    """Compare a folder with its checksums.

    Raises WeightsError when the folder or a file is missing, or a file is not what was sealed; weights and
    configurations without a checksum are not.
    """
    digests = read(folder)
    loaded = [path for name in LOADED for path in folder.rglob(name)]
    if not digests.keys() >= {path.relative_to(folder).as_posix() for path in loaded}:
        raise WeightsError("weights_altered", model=folder.name)
    for name, digest in digests.items():
        try:
            content = (folder / name).read_bytes()
        except OSError:
            raise WeightsError("weights_missing", model=folder.name) from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise WeightsError("weights_altered", model=folder.name)


def read(folder: Path) -> dict[str, str]:
    """The digest of each file. Raises WeightsError when there are none."""
    try:
        lines = (folder / SUMS).read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        raise WeightsError("weights_missing", model=folder.name) from None
    parts = (line.partition("  ") for line in lines)
    return {name: digest for digest, _, name in parts}
