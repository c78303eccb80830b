"""Inception v3 as the Frechet Inception distance wants it, for users who have its weights.

Sources: Szegedy et al. 2016; Heusel et al. 2017 (FID). The weights are TensorFlow's of 2015-12-05, as
pytorch-fid brought them to PyTorch; torch-fidelity fetches the same file under another name. Segen neither
ships nor downloads it. That network is torchvision's but for 1,008 classes, how three kinds of blocks pool,
and TensorFlow 1's way to scale pictures. Both libraries unpickle the file; here it is checked by its SHA-256
and read with weights_only=True.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from torchvision.models import inception

from segen.data import datasets
from segen.errors import WeightsError
from segen.models import weights
from segen.types import Pictures, Progress

NAMES = ("pt_inception-2015-12-05-6726825d.pth", "weights-inception-2015-12-05-6726825d.pth")
"""Of one file, as pytorch-fid and torch-fidelity call it."""
FILE = f"weights/{NAMES[0]}"
"""Under the data root."""
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
CLASSES = 1008
SIDE = 299
BATCH = 32


class _Averaging(nn.Module):
    """A block that averages over what lies inside the map, and not over the zeros around it as well."""

    branch_pool: nn.Module

    def _forward(self, maps: torch.Tensor) -> list[torch.Tensor]:
        pooled = functional.avg_pool2d(maps, 3, stride=1, padding=1, count_include_pad=False)
        return [*super()._forward(maps)[:-1], self.branch_pool(pooled)]  # type: ignore[misc]


class _A(_Averaging, inception.InceptionA): ...  # type: ignore[misc]


class _C(_Averaging, inception.InceptionC): ...  # type: ignore[misc]


class _E(_Averaging, inception.InceptionE): ...  # type: ignore[misc]


class _Last(inception.InceptionE):  # type: ignore[misc]
    """The last block takes the greatest number in place of the average."""

    def _forward(self, maps: torch.Tensor) -> list[torch.Tensor]:
        pooled = functional.max_pool2d(maps, 3, stride=1, padding=1)
        return [*super()._forward(maps)[:-1], self.branch_pool(pooled)]


def network() -> inception.Inception3:
    """The network, its weights random: N x 3 x 299 x 299 in [-1, 1] to N x 1,008 logits."""
    blocks = [
        inception.BasicConv2d, _A, inception.InceptionB, _C, inception.InceptionD, _E, inception.InceptionAux
    ]  # fmt: skip
    built = inception.Inception3(CLASSES, aux_logits=False, init_weights=False, inception_blocks=blocks)
    built.Mixed_7c = _Last(2048)
    return built.eval()


def weights_file(data: str | Path | None = None) -> Path | None:
    """FILE where `datasets.weights_file` finds it, else as either library has downloaded it, or None.

    Raises WeightsError for a file of that name with other bytes.
    """
    cached = [Path(torch.hub.get_dir()) / "checkpoints" / name for name in NAMES]
    path = datasets.weights_file(data, FILE) or next((each for each in cached if each.is_file()), None)
    if path is not None and hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise WeightsError("inception_altered", file=path.name, digest=SHA256)
    return path


@torch.no_grad()
def pooled(pictures: Pictures, file: Path, progress: Progress = iter) -> NDArray[np.float32]:
    """N x 2,048 features of N x H x W x 3 pictures, by the weights that `weights_file` found.

    `progress` wraps the list of batches.
    """
    trained, found = _trained(file), []
    for begin in progress(range(0, len(pictures), BATCH)):
        pixels = torch.from_numpy(pictures[begin : begin + BATCH]).permute(0, 3, 1, 2).float()
        found.append(trained((scaled(pixels) - 128) / 128).numpy())
    return np.concatenate(found)


@lru_cache(maxsize=1)
def _trained(file: Path) -> inception.Inception3:
    """The network to its features, read once for all the pictures of a measurement."""
    with torch.device("meta"):  # no time and no random numbers for weights that are replaced
        trained = network()
    trained.load_state_dict(weights.read_tensors(file), assign=True)
    trained.fc = nn.Identity()  # what it is given are the features
    return trained


def scaled(pixels: torch.Tensor) -> torch.Tensor:
    """N x C x H x W as N x C x 299 x 299, bilinear: as TensorFlow 1, row n is taken from row n H / 299."""
    rows, columns = (
        2 * torch.arange(SIDE) * length / (SIDE * max(length - 1, 1)) - 1 for length in pixels.shape[2:]
    )
    places = torch.stack(torch.meshgrid(rows, columns, indexing="ij")[::-1], dim=2)
    return functional.grid_sample(
        pixels, places.expand(len(pixels), -1, -1, -1), padding_mode="border", align_corners=True
    )
