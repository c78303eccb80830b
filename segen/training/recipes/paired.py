"""Conditional GANs that draw a picture for a given one, from pairs of both.

Isola et al. 2017 (pix2pix): the generator must come near the true drawing (L1) and be rated as real by a
discriminator that also sees the given picture. Noise, for several drawings of one picture, is dropout in the
generator, at inference too. We depart from it in the generator of our CycleGANs with skips
(residual blocks within a U-Net), in least squares in place of cross-entropy, so that the discriminator scores
of all cards read alike, and in an L1 weight to match. Where drawings must be true to their kind rather than
to the pixel, a perceptual loss is added to the L1 loss (Johnson et al. 2016; Wang et al. 2018, pix2pixHD,
3.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torchmetrics.functional.image import structural_similarity_index_measure

from segen.errors import UsageError
from segen.imaging import images
from segen.models.features.imagenet import FeatureDistance
from segen.models.generation.predictor import pictures_of
from segen.models.translation.pix2pix import PatchDiscriminator
from segen.models.translation.predictor import ResnetGenerator
from segen.training import data
from segen.training.guide import Guide
from segen.training.pairs import PAIRS
from segen.training.recipe import Place, SizedDataset, Update
from segen.training.recipes.translation import DIRECTIONS, Translation, TranslationConfig, judged
from segen.types import Image

FEATURE_BLOCKS = (1, 3, 6, 13)
"""Of MobileNetV2 behind which maps are compared: the last of 2, 4, 8 and 16 times fewer rows."""
WATCHED = 96
"""Pairs of val that are measured in a training's log, and SHOWN of them pictured."""
SHOWN = 12


@dataclass(frozen=True)
class PairedConfig(TranslationConfig):
    """How a conditional GAN is built and trained."""

    directions: tuple[Literal["a_to_b", "b_to_a"], ...] = ("a_to_b",)
    """What is learned: to draw the second picture of a pair, or the first one, too."""
    pictures: int | None = None
    """Train on so many pairs, drawn by the seed; on all of them if None."""
    halvings: int = 2
    dropout: float = 0.0
    """Of the channels in the residual blocks, in use too: the noise behind several drawings."""
    l1: float = 50.0
    """Weight of the L1 loss beside the adversarial one."""
    features: float = 0.0
    """Weight of the distance in features of the ImageNet MobileNetV2, the perceptual loss of colours."""
    guide: str | None = None
    """A card that segments the same data set: drawings of a label map should be read by it as that map."""
    guidance: float = 1.0
    """Weight of the guide's cross-entropy."""

    def check(self) -> None:
        """Raise UsageError for values that no training can have."""
        super().check()
        if self.dataset not in PAIRS:
            raise UsageError("pairs_unknown", name=self.dataset, known=", ".join(PAIRS))
        if self.guide and (self.dataset != "camvid" or self.directions != ("a_to_b",)):
            raise UsageError("guide_without_labels", name=self.name)


CONFIGS = [
    PairedConfig("pix2pix-nuclei", steps=8_000, dataset="nuclei", side=96, channels=16, blocks=4,
                 directions=("a_to_b", "b_to_a"), discriminator_depth=2, evaluate_every=330, save_every=200),
    PairedConfig("pix2pix-emoji", steps=16_000, batch_size=4, dataset="emoji", side=64, channels=24,
                 halvings=3, discriminator_depth=2, l1=20.0, features=20.0, evaluate_every=660,
                 save_every=200),
    PairedConfig("pix2pix-camvid-photo", steps=8_000, dataset="camvid", side=192, halvings=3, dropout=0.3,
                 l1=10.0, features=10.0, evaluate_every=330),
]  # fmt: skip


class Paired(Translation):
    """The recipe of a translation with pairs, in one direction or both."""

    config: PairedConfig

    def __init__(self, config: PairedConfig, place: Place) -> None:
        pairs = PAIRS[config.dataset]
        self.train, self.val = pairs(place.data, config.dataset, ("train", "val"), config.side)
        torch.manual_seed(config.seed)
        generators: dict[str, nn.Module] = {}
        discriminators: dict[str, nn.Module] = {}
        for part in config.directions:
            given, drawn = self._ordered(part, (self.train.given, self.train.drawn))
            generators[part] = ResnetGenerator(
                given, drawn, config.channels, config.blocks, config.halvings, True, config.dropout
            )
            discriminators[part] = PatchDiscriminator(
                given, drawn, config.discriminator_channels, config.discriminator_shrunk,
                config.discriminator_depth,
            )  # fmt: skip
        self.apart: FeatureDistance | None = None
        if config.features and place.data != "synthetic":  # drawn pictures need no weights to be learned from
            self.apart = FeatureDistance(FEATURE_BLOCKS, place.data).to(memory_format=torch.channels_last)
        self.guide: Guide | None = None
        if config.guide:
            self.guide = Guide(config.guide, config.dataset, self.train.given)
        super().__init__(config, generators, discriminators, place.init)

    @staticmethod
    def _ordered(part: str, pair: Any) -> Any:
        """What is given and what is to be drawn of a pair: the other way round for b_to_a."""
        return pair if part == "a_to_b" else pair[::-1]

    def dataset(self) -> SizedDataset:
        """Pairs, cropped and mirrored by chance."""
        return data.chosen(self.train, self.config.pictures, self.config.seed)

    def step(self, networks: dict[str, nn.Module], batch: Any, update: Update) -> dict[str, torch.Tensor]:
        """The generator of each direction, then their discriminators."""
        generators: Any = networks["generators"]
        discriminators: Any = networks["discriminators"]
        pair = [part.contiguous(memory_format=torch.channels_last) for part in batch]
        ordered = {part: self._ordered(part, pair) for part in self.parts}
        drawn = {part: generators[part](given) for part, (given, _) in ordered.items()}

        self.discriminators.requires_grad_(False)
        fooled = torch.stack(
            [judged(discriminators[part](ordered[part][0], drawn[part]), real=True) for part in self.parts]
        )
        errors = torch.stack([functional.l1_loss(drawn[part], true) for part, (_, true) in ordered.items()])
        loss = fooled.sum() + self.config.l1 * errors.sum()
        logged = {"fooled": fooled.sum(), "l1": errors.sum()}
        if self.apart:
            self.apart.to(loss.device)
            with torch.autocast(loss.device.type, enabled=False):  # bf16 slows depthwise convolutions down
                pairs = [(drawn[part].float(), true) for part, (_, true) in ordered.items()]
                logged["features"] = torch.stack([self.apart(*pair).mean() for pair in pairs]).sum()
            loss = loss + self.config.features * logged["features"]
        if self.guide:
            self.guide.to(loss.device)
            logged["guide"] = self.guide(drawn["a_to_b"], ordered["a_to_b"][0])
            loss = loss + self.config.guidance * logged["guide"]
        update("generators", loss)

        self.discriminators.requires_grad_(True)
        for part, (given, true) in ordered.items():
            real = judged(discriminators[part](given, true), real=True)
            fake = judged(discriminators[part](given, drawn[part].detach()), real=False)
            logged[f"discriminator_{DIRECTIONS[part]}"] = (real + fake) / 2
        update(
            "discriminators",
            torch.stack([logged[f"discriminator_{DIRECTIONS[part]}"] for part in ordered]).sum(),
        )
        return logged

    def _watched(self, count: int) -> list[int]:
        places: list[int] = np.linspace(0, len(self.val) - 1, min(count, len(self.val))).astype(int).tolist()
        return places

    def evaluate(self, networks: dict[str, nn.Module]) -> dict[str, float]:
        """L1 and SSIM to the true drawings of val, spread over it; pixels are in [-1, 1]."""
        found: dict[str, list[torch.Tensor]] = {}
        for index in self._watched(WATCHED):
            pair = [each[None] for each in self.val.whole(index)]
            for part in self.parts:
                given, true = self._ordered(part, pair)
                drawn = self.drawn(networks, part, given)
                alike = structural_similarity_index_measure(drawn, true, data_range=2.0)
                assert isinstance(alike, torch.Tensor)
                values = {"l1": functional.l1_loss(drawn, true), "ssim": alike}
                for name, value in values.items():
                    found.setdefault(f"val/{name}_{DIRECTIONS[part]}", []).append(value)
        return {name: float(torch.stack(values).mean()) for name, values in found.items()}

    def samples(self, networks: dict[str, nn.Module]) -> Image:
        """Beside each other what is given, the true drawing and the network's, of pairs spread over val."""
        cells = []
        for index in self._watched(SHOWN):
            pair = [each[None] for each in self.val.whole(index)]
            for part in self.parts:
                given, true = self._ordered(part, pair)
                cells += [_shown(given), _shown(true), _shown(self.drawn(networks, part, given))]
        side = self.config.side
        scaled = [
            functional.interpolate(each, (side, side), mode="bilinear", antialias=True) for each in cells
        ]
        return images.grid(pictures_of(torch.cat(scaled), side, side), columns=9)


def _shown(pixels: torch.Tensor) -> torch.Tensor:
    """1 x C x H x W as colours: label maps as grey, the class's place among all."""
    if pixels.shape[1] > 3:
        return pixels.argmax(dim=1, keepdim=True).expand(-1, 3, -1, -1) / (pixels.shape[1] - 1) * 2 - 1
    return pixels.expand(-1, 3, -1, -1)


RECIPE = Paired
"""What trains the CONFIGS."""
