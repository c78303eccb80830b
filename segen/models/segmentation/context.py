"""Two ways to carry context across a picture: self-attention, and recurrent sweeps over rows and columns.

Sources: Vaswani et al. 2017 and, for pictures, Wang et al. 2018 (self-attention); Visin et al. 2015 (ReNet)
and 2016 (ReSeg); Sandler et al. 2018 (MobileNetV2). We depart from ReSeg in a MobileNetV2 encoder, in GRUs
that step over single positions rather than patches, and in one sweep of rows and columns instead of two. Both
networks have the same encoder and the same light decoder, so that only what lies between them differs.
"""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from huggingface_hub import PyTorchModelHubMixin
from segmentation_models_pytorch.encoders import get_encoder
from torch import nn
from torch.nn import functional

from segen.models import weights
from segen.models.segmentation.predictor import SegmentationPredictor, logits
from segen.registry import ModelCard
from segen.types import Attention, AttentionAt, ContextRequest, Grid, SweepsAt

STRIDE = 16
"""Pixels between two positions of the context."""
CHANNELS = 128
"""Between encoder and decoder."""
HEADS = 4


class Encoder(nn.Module):
    """MobileNetV2 without its last layer, dilated after 1/16: 24 channels at 1/4, 320 at 1/16."""

    def __init__(self) -> None:
        super().__init__()
        whole: Any = get_encoder("mobilenet_v2", weights=None, output_stride=16)
        self.features = whole.features[:18]

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Detail and meaning of N x 3 x H x W pixels in [-1, 1], H and W multiples of 16."""
        detail = self.features[:4](pixels)
        meaning: torch.Tensor = self.features[4:](detail)
        return detail, meaning


class Decoder(nn.Module):
    """N x 128 at 1/16 and N x 24 at 1/4 to class logits, by two separable convolutions at 1/4."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.detail = nn.Sequential(nn.Conv2d(24, 48, 1, bias=False), nn.BatchNorm2d(48), nn.ReLU())
        self.mix = nn.Sequential(*_separable(CHANNELS + 48, CHANNELS), *_separable(CHANNELS, CHANNELS))
        self.classify = nn.Conv2d(CHANNELS, classes, 1)

    def forward(self, meaning: torch.Tensor, detail: torch.Tensor) -> torch.Tensor:
        """Logits at four times the size of `detail`."""
        near = functional.interpolate(meaning, detail.shape[-2:], mode="bilinear")
        mixed = self.mix(torch.cat([near, self.detail(detail)], dim=1))
        scores: torch.Tensor = self.classify(mixed)
        return functional.interpolate(scores, scale_factor=4.0, mode="bilinear")


def _separable(channels: int, out: int) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
        nn.Conv2d(channels, out, 1, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(),
    ]


class SelfAttention(nn.Module):
    """One transformer block over the positions of a picture, with sinusoidal places in two dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.after = nn.LayerNorm(CHANNELS), nn.LayerNorm(CHANNELS)
        self.project = nn.Linear(CHANNELS, 3 * CHANNELS)
        self.join = nn.Linear(CHANNELS, CHANNELS)
        self.think = nn.Sequential(
            nn.Linear(CHANNELS, 2 * CHANNELS), nn.GELU(), nn.Linear(2 * CHANNELS, CHANNELS)
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """N x 128 x h x w to the same: every position attends to all others."""
        tokens, query, key, value = self._projected(maps)
        taken = functional.scaled_dot_product_attention(query, key, value)
        tokens = tokens + self.join(taken.transpose(1, 2).flatten(2))
        tokens = tokens + self.think(self.after(tokens))
        thought: torch.Tensor = tokens.transpose(1, 2).unflatten(2, maps.shape[-2:])
        return thought

    def attention(self, maps: torch.Tensor) -> torch.Tensor:
        """softmax(QKᵀ/√d), the mean of the heads: N x hw x hw, each row the shares of one position."""
        _, query, key, _ = self._projected(maps)
        return _shares(query, key).mean(dim=1)

    def at(self, maps: torch.Tensor, position: int) -> dict[str, torch.Tensor]:
        """The parts of one position, counted row by row, of 1 x 128 x h x w: the fields of an AttentionAt.

        Vaswani et al. 2017, equation 1, and their section 3.2.2 for the heads; `output` is what `join` is
        given.
        """
        _, query, key, value = (part[0] for part in self._projected(maps))
        asked = query[:, position : position + 1]
        shares = _shares(asked, key)
        grid = HEADS, *maps.shape[-2:]
        return {
            "query": asked[:, 0],
            "keys": key.reshape(*grid, -1),
            "values": value.reshape(*grid, -1),
            "weights": shares.reshape(grid),
            "output": (shares @ value)[:, 0],
        }

    def _projected(self, maps: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Tokens N x hw x 128; query, key and value N x heads x hw x 32."""
        tokens = (maps + _places(maps.shape[2], maps.shape[3], maps.device)).flatten(2).transpose(1, 2)
        parts = self.project(self.before(tokens)).chunk(3, dim=-1)
        return tokens, *(part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in parts)


def _shares(query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    """softmax(QKᵀ/√d) of … x m x d and … x n x d: … x m x n."""
    return (query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])).softmax(dim=-1)


def _places(height: int, width: int, device: torch.device) -> torch.Tensor:
    """128 x height x width: sines and cosines of the row in one half, of the column in the other."""
    rates = torch.exp(torch.arange(0, 1, 4 / CHANNELS, device=device) * -math.log(1000.0))
    sides = []
    for length in (height, width):
        angles = rates[:, None] * torch.arange(length, device=device)
        sides.append(torch.cat([angles.sin(), angles.cos()]))
    rows, columns = sides
    return torch.cat(
        [rows[:, :, None].expand(-1, -1, width), columns[:, None, :].expand(-1, height, -1)], dim=0
    )


class Sweeps(nn.Module):
    """ReNet: GRUs read every row in both directions, then every column of what came out."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = nn.GRU(CHANNELS, CHANNELS // 2, bidirectional=True, batch_first=True)
        self.columns = nn.GRU(CHANNELS, CHANNELS // 2, bidirectional=True, batch_first=True)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """N x 128 x h x w to the same: every position has heard of its row and, by the columns, of all."""
        _, columns = self.states(maps)
        heard: torch.Tensor = maps + columns.permute(0, 3, 2, 1)
        return heard

    def states(self, maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """All hidden states, of rows N x h x w x 128 and of columns N x w x h x 128.

        In each, 64 units belong to the direction of reading, 64 to the other one (Visin et al. 2015, section
        2; the units are those of Cho et al. 2014, section 2.3).
        """
        pictures, _, height, width = maps.shape
        rows = self.rows(maps.permute(0, 2, 3, 1).flatten(0, 1))[0].unflatten(0, (pictures, height))
        columns = self.columns(rows.transpose(1, 2).flatten(0, 1))[0].unflatten(0, (pictures, width))
        return rows, columns


class ContextNetwork(nn.Module):
    """Encoder, context, decoder: N x 3 x H x W in [-1, 1], sides multiples of 32, to logits of that size."""

    context: nn.Module

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.narrow = nn.Sequential(
            nn.Conv2d(320, CHANNELS, 1, bias=False), nn.BatchNorm2d(CHANNELS), nn.ReLU()
        )
        self.decoder = Decoder(classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Class logits, N x classes x H x W."""
        detail, meaning = self.encoder(pixels)
        scores: torch.Tensor = self.decoder(self.context(self.narrow(meaning)), detail)
        return scores


class AttentionNetwork(ContextNetwork, PyTorchModelHubMixin):
    """Context by self-attention."""

    context: SelfAttention

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.context = SelfAttention()


class ReNet(ContextNetwork, PyTorchModelHubMixin):
    """Context by recurrent sweeps."""

    context: Sweeps

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.context = Sweeps()


class AttentionPredictor(SegmentationPredictor):
    """A segmentation with the attention that it was made by."""

    def look(self, pixels: torch.Tensor) -> tuple[torch.Tensor, dict[str, Any]]:
        """Logits, and where each position looked."""
        found, maps = _met(self.network, pixels)
        rows, columns = maps.shape[-2:]
        shares = cast(AttentionNetwork, self.network).context.attention(maps)[0].float().cpu().numpy()
        return found, {"attention": Attention(rows, columns, STRIDE, shares)}

    def context(self, request: ContextRequest) -> AttentionAt:
        """Query, keys, values and weights of a place."""
        found, maps = _met(self.network, self.seen(request.image))
        grid = _grid(request, found, maps)
        position = grid.row * maps.shape[-1] + grid.column
        parts = cast(AttentionNetwork, self.network).context.at(maps, position)
        return AttentionAt(grid, **{name: part.float().cpu().numpy() for name, part in parts.items()})


class ReNetPredictor(SegmentationPredictor):
    """A segmentation by recurrent sweeps, which can be looked at."""

    def context(self, request: ContextRequest) -> SweepsAt:
        """The hidden states along a place's row and column."""
        found, maps = _met(self.network, self.seen(request.image))
        grid = _grid(request, found, maps)
        rows, columns = cast(ReNet, self.network).context.states(maps)
        both = rows[0, grid.row], columns[0, grid.column]
        states = (part.float().cpu().numpy() for each in both for part in each.chunk(2, dim=-1))
        return SweepsAt(grid, *states)


def _met(network: nn.Module, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits of 1 x 3 x h x w pixels, and the maps that the network's context is given."""
    kept: list[torch.Tensor] = []
    narrow = cast(ContextNetwork, network).narrow
    with narrow.register_forward_hook(lambda _module, _given, maps: kept.append(maps)):
        found = logits(network, pixels)
    return found, kept[0]


def _grid(request: ContextRequest, found: torch.Tensor, maps: torch.Tensor) -> Grid:
    """The position of the place that is asked for, from logits and maps of the picture."""
    (height, width), (rows, columns) = found.shape[-2:], maps.shape[-2:]
    down, across = (
        (torch.arange(count) * STRIDE + STRIDE // 2).clamp(max=side - 1)
        for count, side in ((rows, height), (columns, width))
    )
    return Grid(
        row=min(int(request.y * height), height - 1) // STRIDE,
        column=min(int(request.x * width), width - 1) // STRIDE,
        stride=STRIDE,
        size=(height, width),
        classes=found[0].argmax(dim=0).cpu()[down][:, across].numpy(),
    )


def load_attention(card: ModelCard) -> AttentionPredictor:
    """The predictor of a card with self-attention."""
    network = weights.network(AttentionNetwork, weights.checked(card))
    return AttentionPredictor(network, card.options.max_side)


def load_renet(card: ModelCard) -> ReNetPredictor:
    """The predictor of a card with recurrent sweeps."""
    return ReNetPredictor(weights.network(ReNet, weights.checked(card)), card.options.max_side)
