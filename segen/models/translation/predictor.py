"""Translation from picture to picture: a generator for each direction, and what judges its drawings.

Sources: Johnson et al. 2016 and Zhu et al. 2017 (the residual generator, CycleGAN); Odena et al. 2016
(resize-convolution in place of transposed convolution, which leaves a checkerboard); Howard et al. 2017
(separable convolutions). We depart from Zhu et al. in half as many channels and in residual blocks whose
convolutions are separable, which take a seventh of the multiply-adds; and, where both sides have the same
channels, in a generator that adds a change to the picture that it is given, so that a flat area keeps its
colour though instance norm forgets it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import pairwise, product

import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import nn
from torch.nn import functional
from torchvision.transforms.functional import gaussian_blur

from segen.errors import InputError
from segen.imaging import images
from segen.models import weights
from segen.models.generation.predictor import pictures_of
from segen.models.translation.pix2pix import DISCRIMINATOR, PatchDiscriminator
from segen.models.translation.preprocessing import PREPROCESSING
from segen.registry import MULTIPLES, ModelCard, check_direction
from segen.types import Cycle, CycleRequest, Image, Step, TranslateRequest, Translation

STRIDE = MULTIPLES["translate"]
"""Every side that a generator and a discriminator work on is a multiple of this."""
MIN_SIDE = 32
"""Of what a generator and a discriminator work on."""
MAX_SIDE = 2_048
"""Pictures with a longer side are scaled down for the networks, and what they draw is brought back."""


class ResnetGenerator(nn.Module, PyTorchModelHubMixin):
    """Halvings, residual blocks, and as many doublings by resize-convolution; borders are reflected."""

    def __init__(
        self,
        given: int = 3,
        drawn: int = 3,
        channels: int = 32,
        blocks: int = 6,
        halvings: int = 2,
        skips: bool = False,
        dropout: float = 0.0,
    ) -> None:
        """`given` and `drawn` are channels of picture and drawing, `channels` those at full size.

        With `skips`, what was before a halving is added after the doubling (Ronneberger et al. 2015), for
        pairs whose edges coincide. `dropout` is the share of channels left out in the residual blocks, in use
        too, so that one picture has many drawings (Isola et al. 2017, 3.2).
        """
        super().__init__()
        self.given, self.adds, self.skips = given, given == drawn, skips
        levels = list(pairwise(channels << level for level in range(halvings + 1)))
        self.down = nn.ModuleList([
            _normed(given, channels, 7), *(_normed(narrow, wide, 3, stride=2) for narrow, wide in levels),
        ])  # fmt: skip
        wide = channels << halvings
        self.blocks = nn.Sequential(*(SeparableBlock(wide, dropout) for _ in range(blocks)))
        self.up = nn.ModuleList([_normed(wide, narrow, 3) for narrow, wide in reversed(levels)])
        self.last = nn.Conv2d(channels, drawn, 7, padding=3, padding_mode="reflect")

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """N x drawn x H x W of N x given x H x W pixels in [-1, 1], H and W multiples of 16, 32 at least.

        It lies about [-1, 1]; with as many channels given as drawn, it can exceed that a little.
        """
        maps, kept = pixels, []
        for down in self.down:
            maps = down(maps)
            kept.append(maps)
        maps = self.blocks(maps)
        for up, before in zip(self.up, reversed(kept[:-1]), strict=True):
            maps = up(functional.interpolate(maps, scale_factor=2))
            maps = maps + before if self.skips else maps
        drawn: torch.Tensor = self.last(maps)
        return pixels + drawn if self.adds else drawn.tanh()


class SeparableBlock(nn.Module):
    """x + f(x), f being two separable convolutions: 3 x 3 in each channel, then 1 x 1 over them."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.first = nn.Sequential(*_separable(channels), nn.ReLU())
        self.second = nn.Sequential(*_separable(channels))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """N x channels x H x W to the same shape."""
        between = self.first(maps)
        if self.dropout:  # in use, too: it is the noise that the drawing depends on
            kept = between.new_empty(*between.shape[:2], 1, 1).bernoulli_(1 - self.dropout)
            between = between * (kept / (1 - self.dropout))
        changed: torch.Tensor = maps + self.second(between)
        return changed


def _separable(channels: int) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect", groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.InstanceNorm2d(channels, affine=True),
    ]


def _normed(given: int, drawn: int, side: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(given, drawn, side, stride, side // 2, bias=False, padding_mode="reflect"),
        nn.InstanceNorm2d(drawn, affine=True),
        nn.ReLU(),
    )


def whole(network: nn.Module, pixels: torch.Tensor) -> torch.Tensor:
    """What a network draws of N x C x H x W pixels of any size, as large: padded for it, and cropped.

    The edge is repeated right and bottom up to multiples of 16, and MIN_SIDE at least.
    """
    height, width = pixels.shape[-2:]
    drawn: torch.Tensor = network(functional.pad(pixels, _margins(height, width), mode="replicate"))
    return drawn[..., :height, :width]


def _margins(height: int, width: int) -> tuple[int, int, int, int]:
    """What is to be added left, right, above and below, as `functional.pad` wants it."""
    bottom, right = (max(side + -side % STRIDE, MIN_SIDE) - side for side in (height, width))
    return 0, right, 0, bottom


class Networks(nn.Module):
    """What a card ships: a generator for each direction that it has, and beside each its discriminator."""

    def __init__(self, generators: dict[str, nn.Module], discriminators: dict[str, nn.Module]) -> None:
        super().__init__()
        # Under other names, since a module's own method is called forward.
        self.generators = nn.ModuleDict({f"to_{name}": each for name, each in generators.items()})
        self.discriminators = nn.ModuleDict({f"to_{name}": each for name, each in discriminators.items()})

    def forward(self, pixels: torch.Tensor, direction: str) -> torch.Tensor:
        """What the direction's generator draws of N x C x H x W pixels of any size, within [-1, 1]."""
        return whole(self.generators[f"to_{direction}"], pixels).clamp(-1, 1)

    def discriminator_score(
        self, drawing: torch.Tensor, picture: torch.Tensor, direction: str
    ) -> torch.Tensor:
        """N x 1 x H x W in [0, 1]: how real the discriminator takes each patch of the drawing to be.

        Where it learned from pairs, it sees the picture, too. Its scores learned by least squares to be 1 for
        real and 0 for drawn pictures; here they are clipped.
        """
        discriminator = self.discriminators[f"to_{direction}"]
        height, width = drawing.shape[-2:]
        seen = (picture, drawing) if discriminator.given else (drawing,)
        padded = [functional.pad(each, _margins(height, width), mode="replicate") for each in seen]
        scores = discriminator(*padded).clamp(0, 1)
        return functional.interpolate(scores, padded[0].shape[-2:], mode="bilinear")[..., :height, :width]


class TranslationPredictor:
    """The generators of a card, for pictures of any size.

    The card's options: `given` names, for each direction, how a picture is read (PREPROCESSING); `scale` is
    the share of its size at which the networks see it; `whole` says that they see all of it at once, at no
    more than the card's input size, in place of tiles. `grey` lists the directions whose drawings are grey.
    """

    def __init__(self, network: Networks, card: ModelCard) -> None:
        self.network, self.card = network, card
        self.tile = max(card.input_size)
        self.scale = card.options.scale

    def __call__(self, request: TranslateRequest | CycleRequest) -> Iterator[Step | Translation | Cycle]:
        """A step for each tile, or for each network that a cycle runs through, then the value."""
        check_direction(self.card, request.direction)
        if isinstance(request, CycleRequest):
            return self._cycle(request)
        return self._translate(request)

    def _translate(self, request: TranslateRequest) -> Iterator[Step | Translation]:
        height, width = request.image.shape[:2]
        pixels, unknown_pixels = self._read(request.image, request.direction)
        drawn = yield from self._tiled(pixels, request.direction, request.seed)
        translated = images.resize(_picture(drawn), height, width)
        grey = request.direction in self.card.options.grey and request.strength == 1
        mixed = images.mix(request.image, translated, request.strength)
        yield Translation(mixed, grey, unknown_pixels)

    def _read(self, image: Image, direction: str, side: int = MAX_SIDE) -> tuple[torch.Tensor, int]:
        """The 1 x C x h x w pixels that the generator sees, and how many are of no class."""
        options = self.card.options
        reader = PREPROCESSING[options.given[direction]]
        side = min(side, self.tile) if options.whole else side
        device = next(self.network.parameters()).device
        pixels, unknown_pixels = reader(image, side, self.scale, self.card)
        return pixels.to(device, memory_format=torch.channels_last), unknown_pixels

    def _tiled(self, pixels: torch.Tensor, direction: str, seed: int) -> Generator[Step, None, torch.Tensor]:
        """What is drawn of all tiles, their seams blended: 1 x C x H x W of 1 x C x H x W."""
        height, width = pixels.shape[-2:]
        places = list(product(_tiles(height, self.tile), _tiles(width, self.tile)))
        drawn = []
        for number, (down, across) in enumerate(places):
            with torch.random.fork_rng(devices=[]):  # a generator may draw noise
                torch.manual_seed((seed + number) % 2**63)
                drawn.append(self.network(pixels[..., down, across], direction))
            yield Step(number + 1, len(places))
        return drawn[0] if len(drawn) == 1 else _blended(drawn, places, height, width)

    def _cycle(self, request: CycleRequest) -> Iterator[Step | Cycle]:
        forward: str = request.direction
        backward = "backward" if forward == "forward" else "forward"
        if backward not in self.card.directions:
            raise InputError("no_way_back", model=self.card.name)
        given, unknown_pixels = self._read(request.image, forward, round(self.tile / self.scale))
        drawn = self.network(given, forward)
        yield Step(1, 3)
        passed = degraded(drawn, request.levels, request.blur)
        again = self.network(passed, backward)
        yield Step(2, 3)
        error = (again - given).abs().mean(dim=1)[0] / 2
        identity = self.network(given, backward)
        yield Step(3, 3)
        translated_score = self.network.discriminator_score(drawn, given, forward)
        given_score = self.network.discriminator_score(given, drawn, backward)
        yield Cycle(
            given=_picture(given),
            forward=_picture(drawn),
            passed=_picture(passed),
            backward=_picture(again),
            identity=_picture(identity),
            error=error.float().cpu().numpy(),
            mean_error=float(error.mean()),
            discriminator_score_given=given_score[0, 0].float().cpu().numpy(),
            discriminator_score_translated=translated_score[0, 0].float().cpu().numpy(),
            unknown_pixels=unknown_pixels,
        )


def _picture(pixels: torch.Tensor) -> Image:
    """The one picture of 1 x C x h x w pixels in [-1, 1]."""
    height, width = pixels.shape[-2:]
    found: Image = pictures_of(pixels, height, width)[0]
    return found


def degraded(pixels: torch.Tensor, levels: int | None, blur: float) -> torch.Tensor:
    """Pixels in [-1, 1] rounded to so many values a channel, None for no rounding, after a Gaussian blur."""
    if blur:
        reach = max(1, round(3 * blur))
        radius = min(reach, min(pixels.shape[-2:]) - 1)
        if radius > 0:
            pixels = gaussian_blur(pixels, [2 * radius + 1, 2 * radius + 1], [blur, blur])
    if levels:
        pixels = ((pixels + 1) / 2 * (levels - 1)).round() / (levels - 1) * 2 - 1
    return pixels


def _tiles(side: int, tile: int) -> list[slice]:
    """Parts of a side: all of it if it is little longer than a tile, else tiles that overlap by an eighth."""
    if side <= tile * 3 // 2:
        return [slice(0, side)]
    count = -(-(side - tile // 8) // (tile - tile // 8))
    begins = [(side - tile) * number // (count - 1) for number in range(count)]
    return [slice(begin, begin + tile) for begin in begins]


def _blended(
    drawn: list[torch.Tensor], places: list[tuple[slice, slice]], height: int, width: int
) -> torch.Tensor:
    """The tiles of a picture as one: where they overlap, their mean, weighted by the way to their borders."""
    sums = drawn[0].new_zeros(*drawn[0].shape[:2], height, width)
    shares = drawn[0].new_zeros(height, width)
    for tile, (down, across) in zip(drawn, places, strict=True):
        weight = _ramp(down, height).to(sums)[:, None] * _ramp(across, width).to(sums)
        sums[..., down, across] += tile * weight
        shares[down, across] += weight
    return sums / shares


def _ramp(part: slice, side: int) -> torch.Tensor:
    """The weight of each pixel of a tile along one side: falling to its ends, but at those of the picture."""
    length = part.stop - part.start
    places = torch.arange(length) + 0.5
    rising = places if part.start else torch.full((length,), float(length))
    falling = length - places if part.stop < side else torch.full((length,), float(length))
    return torch.minimum(rising, falling).clamp(max=max(length // 8, 1))


def load(card: ModelCard) -> TranslationPredictor:
    """The predictor of a card from its folders forward and, if it has that direction, backward."""
    return predictor(card, ResnetGenerator)


def predictor(card: ModelCard, kind: type[nn.Module]) -> TranslationPredictor:
    """As `load`, for generators of a kind."""
    folder = weights.checked(card)
    generators: dict[str, nn.Module] = {}
    discriminators: dict[str, nn.Module] = {}
    for direction in card.directions:
        generators[direction] = weights.network(kind, folder / direction)
        place = folder / direction / DISCRIMINATOR
        discriminators[direction] = weights.network(PatchDiscriminator, place)
    return TranslationPredictor(Networks(generators, discriminators), card)
