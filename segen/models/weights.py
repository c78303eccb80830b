"""Weights folders: `config.json`, `model.safetensors` in half precision, `SHA256SUMS`, never a pickle."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from segen.data import files
from segen.errors import WeightsError
from segen.registry import ModelCard, weights_root
from segen.registry.sums import SUMS as SUMS
from segen.registry.sums import verify as verify

if TYPE_CHECKING:
    import torch

N = TypeVar("N", bound="torch.nn.Module")

WEIGHTS_FILES = ("*.json", "*.safetensors", "*.onnx", "*.webp")


def checked(card: ModelCard) -> Path:
    """The card's weights folder, every file of it as its checksum says.

    Raises WeightsError when the folder or a file is missing, or a file is not what was sealed.
    """
    try:
        verify(card.weights)
    except WeightsError:
        if card.folder is None:
            raise
        raise WeightsError("card_unsealed", folder=card.name) from None
    return card.weights


def sealed(name: str) -> Path:
    """The weights folder of that name under the root, checked as `checked` does."""
    folder = weights_root() / name
    verify(folder)
    return folder


def seal(folder: Path) -> None:
    """Write the folder's checksums; metrics.json stays out, since `segen evaluate` rewrites it."""
    names = sorted(
        path.relative_to(folder).as_posix()
        for pattern in WEIGHTS_FILES
        for path in folder.rglob(pattern)
        if path.name != "metrics.json"
    )
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    files.write_text(folder / SUMS, "".join(lines))


def network(kind: type[N], folder: Path) -> N:
    """The network of a folder that `PyTorchModelHubMixin.save_pretrained` wrote, as float32.

    Stands in for `kind.from_pretrained`, which prints to standard output.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    built = kind(**config)
    built.load_state_dict(read_tensors(folder / "model.safetensors"))
    return built


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a .safetensors file, or of a .pth file read with weights_only=True.

    Raises WeightsError when the file is missing or is neither.
    """
    import safetensors.torch
    import torch

    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        found: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)
        return found
    except Exception:  # a damaged file fails in many ways, all of them the same to the reader
        raise WeightsError("tensors_unreadable", file=path.name) from None
