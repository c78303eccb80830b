"""Differentiable augmentation: what the discriminator sees is changed alike for real and generated pictures.

Zhao et al. 2020: with few pictures a discriminator learns them by heart; augmented, it sees more of them, and
since the generator learns through the same changes, these do not leak into its pictures. Colour, translation
by up to an eighth of the side, and cutout of half of it, as published: what is moved in or cut out is 0,
grey in the middle between black and white. The weights of dcgan-yosemite that ship were trained with black
where nothing was moved in.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from segen.training import processes


def augmented(pixels: torch.Tensor) -> torch.Tensor:
    """N x C x H x W in [-1, 1], each picture changed by chance; gradients flow through."""
    return _cut_out(_translated(_recolored(pixels)))


def _chance(pixels: torch.Tensor) -> torch.Tensor:
    """A number of 0 to 1 for each picture, N x 1 x 1 x 1."""
    return processes.drawn(torch.rand, len(pixels), 1, 1, 1, device=pixels.device)


def _recolored(pixels: torch.Tensor) -> torch.Tensor:
    """Brightness, saturation and contrast."""
    brighter = pixels + (_chance(pixels) - 0.5)
    grey = brighter.mean(dim=1, keepdim=True)
    saturated = grey + (brighter - grey) * (2 * _chance(pixels))
    mean = saturated.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (saturated - mean) * (0.5 + _chance(pixels))


def _translated(pixels: torch.Tensor) -> torch.Tensor:
    """Moved by up to an eighth of the side, grey where nothing was."""
    height, width = pixels.shape[-2:]
    down, across = height // 8, width // 8
    padded = functional.pad(pixels, (across, across, down, down))
    whole = (len(pixels) * processes.count(),)
    tops = processes.own(torch.randint(0, 2 * down + 1, whole)).tolist()
    lefts = processes.own(torch.randint(0, 2 * across + 1, whole)).tolist()
    moved = [
        picture[:, top : top + height, left : left + width]
        for picture, top, left in zip(padded, tops, lefts, strict=True)
    ]
    return torch.stack(moved)


def _cut_out(pixels: torch.Tensor) -> torch.Tensor:
    """A square of half the side is made grey, its middle anywhere."""
    height, width = pixels.shape[-2:]
    rows, columns = (torch.arange(side, device=pixels.device) for side in (height, width))
    middles = _chance(pixels) * height, _chance(pixels) * width
    near_row = (rows[None, None, :, None] - middles[0]).abs() < height / 4
    near_column = (columns[None, None, None, :] - middles[1]).abs() < width / 4
    return pixels * ~(near_row & near_column)
