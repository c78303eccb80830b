"""CycleGAN: translation between two domains of which no picture of one belongs to a picture of the other.

Zhu et al. 2017: each generator must generate pictures that the other domain's discriminator rates as real
(least squares, Mao et al. 2017), translation forward and back must return the picture (cycle loss), and a
picture that is in the target domain already must not change (identity loss, their 5.2). Discriminators also
see a history of generated pictures (Shrivastava et al. 2017). Learning rates are constant first and then fall
linearly to 0. Where a discriminator on pixels learns too little, a second one takes the features of a trained
network as its input (segen.training.feature_discriminator).

For nuclei the other domain is masks that the code draws, so that one generator becomes a segmenter without
one label. The two losses do not distinguish a mask from its negative. Three things without labels do, because
nuclei are bright: the stretched picture (segen.data.synthetic.nuclei), the identity loss, which
keeps a mask as it is, and a generator that adds its output to its input.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from operator import mul
from typing import Any, ClassVar, Literal

import torch
from torch import nn
from torch.nn import functional

from segen.data.listing import together
from segen.errors import UsageError
from segen.imaging import images
from segen.models.generation.predictor import pictures_of
from segen.models.translation.pix2pix import PatchDiscriminator
from segen.models.translation.predictor import ResnetGenerator
from segen.models.translation.unet import UnetGenerator
from segen.training import feature_discriminator, processes, start
from segen.training.domains import WATCHED, HeldBack, Microscopy, Photographs
from segen.training.recipe import Place, SizedDataset, Update
from segen.training.recipes.translation import DIRECTIONS, Translation, TranslationConfig, judged
from segen.types import Image

SHOWN = 4
"""Pictures of each domain in a picture of samples."""


@dataclass(frozen=True)
class CycleConfig(TranslationConfig):
    """How a CycleGAN is built and trained."""

    CHANGEABLE: ClassVar[frozenset[str]] = TranslationConfig.CHANGEABLE | {"cycle", "sure"}
    MAY_BE_ZERO: ClassVar[frozenset[str]] = TranslationConfig.MAY_BE_ZERO | {"history", "sure"}
    domains: Literal["microscopy", "photographs"] = "photographs"
    cycle: tuple[float, float] = (10.0, 10.0)
    """Weight of the cycle loss, of the first domain's pictures and of the second's."""
    identity: float = 0.5
    """Weight of the identity loss, as a share of that of the cycle."""
    noise: float = 0.0
    """Standard deviation of noise on pixels in [-1, 1]: on a drawing before it is translated back, against
    what a cycle hides (Chu et al. 2017; Bashkirova et al. 2019), and on all that discriminators see, which
    would otherwise recognise a generated mask by its grey level (Sonderby et al. 2017)."""
    history: int = 50
    """Drawings that each discriminator may see again."""
    encoder: str = ""
    """The segmentation card whose encoder the generators are built on, U-Nets then, if any."""
    feature_discriminator: str = ""
    """The segmentation card whose encoder feeds a further discriminator of each direction, if any."""
    sure: float = 0.0
    """Leave out photographs that a classifier gives a lower chance to be of their own domain, such as summers
    under snow; 0 leaves out none."""

    def check(self) -> None:
        """Raise UsageError for values that no training can have."""
        super().check()
        if not 0 <= self.sure < 1:
            raise UsageError("none_told_apart", sure=f"{self.sure:g}")
        if (self.sure or self.encoder) and self.domains != "photographs":
            raise UsageError("for_photographs")


CONFIGS = [
    CycleConfig("cyclegan-nuclei", steps=3_000, domains="microscopy", dataset="nuclei", side=96,
                channels=16, blocks=4, discriminator_depth=2, noise=0.08, cycle=(2.0, 10.0), lr=4e-4,
                evaluate_every=125, save_every=200),
    # The paper takes 200 epochs of 1,231 pictures at 256 x 256; this is what a core does in two hours.
    CycleConfig("cyclegan-yosemite", steps=5_000, side=192, encoder="unet-camvid",
                feature_discriminator="unet-camvid", cycle=(0.3, 0.3), identity=0.0,
                discriminator_rate=4.0, evaluate_every=400, save_every=200),
]  # fmt: skip


class History(nn.Module):
    """The last drawings of each direction, in all processes alike."""

    def __init__(self, size: int, colors: int, side: int) -> None:
        super().__init__()
        for direction in DIRECTIONS:
            self.register_buffer(direction, torch.zeros(size, colors, side, side))
            self.register_buffer(f"{direction}_kept", torch.zeros((), dtype=torch.int64))

    def shown(self, direction: str, drawn: torch.Tensor) -> torch.Tensor:
        """What the discriminator sees: for every other drawing, an older one that it takes the place of.

        N x colors x side x side, as the drawings; while there is room, they are kept and shown themselves.
        """
        kept: torch.Tensor = getattr(self, direction)
        count: torch.Tensor = getattr(self, f"{direction}_kept")
        chosen = []
        for drawing in drawn.detach():
            if int(count) < len(kept):
                kept[int(count)] = drawing
                count += 1
                chosen.append(drawing)
            elif len(kept) and torch.rand(()) < 0.5:
                index = int(torch.randint(len(kept), ()))
                chosen.append(kept[index].clone())
                kept[index] = drawing
            else:
                chosen.append(drawing)
        return torch.stack(chosen)


class CycleGan(Translation):
    """The recipe of both directions of a translation without pairs."""

    config: CycleConfig

    def __init__(self, config: CycleConfig, place: Place) -> None:
        of_photographs = config.domains == "photographs"
        colors = 3 if of_photographs else 1
        kind: Any = Photographs if of_photographs else Microscopy
        more = (config.sure,) if of_photographs else ()
        self.train: Photographs | Microscopy
        self.val: HeldBack
        self.train, self.val = together(
            partial(kind, place.data, config.dataset, "train", config.side, *more),
            partial(kind.held_back, place.data, config.dataset, config.side),
        )
        torch.manual_seed(config.seed)
        generators: dict[str, nn.Module] = {
            part: _on_encoder(config.encoder)
            if config.encoder
            else ResnetGenerator(colors, colors, config.channels, config.blocks)
            for part in DIRECTIONS
        }
        discriminators: dict[str, nn.Module] = {
            part: PatchDiscriminator(
                0, colors, config.discriminator_channels, config.discriminator_shrunk,
                config.discriminator_depth,
            )
            for part in DIRECTIONS
        }  # fmt: skip
        self.history = History(config.history, colors, config.side)
        self.encoder = (
            feature_discriminator.encoder(config.feature_discriminator)
            if config.feature_discriminator
            else None
        )
        if self.encoder is not None:
            discriminators |= {  # the encoder never changes, and is saved with no checkpoint
                f"{part}_features": feature_discriminator.FeatureDiscriminator(self.encoder)
                for part in DIRECTIONS
            }
        super().__init__(config, generators, discriminators, place.init)
        self.kept = {"history": self.history}

    def dataset(self) -> SizedDataset:
        """A picture of each domain, crops of which none belongs to the other."""
        return self.train

    def step(self, networks: dict[str, nn.Module], batch: Any, update: Update) -> dict[str, torch.Tensor]:
        """Both generators from the losses of both directions, then both discriminators."""
        generators: Any = networks["generators"]
        discriminators: Any = networks["discriminators"]
        first, second = (part.contiguous(memory_format=torch.channels_last) for part in batch)
        a_to_b, b_to_a = generators["a_to_b"], generators["b_to_a"]
        drawn = {"a_to_b": a_to_b(first), "b_to_a": b_to_a(second)}

        self.discriminators.requires_grad_(False)
        fooled = torch.stack(
            [self._judged(discriminators, name, drawn[name], real=True) for name in DIRECTIONS]
        )
        cycles = (
            functional.l1_loss(b_to_a(self._noised(drawn["a_to_b"])), first),
            functional.l1_loss(a_to_b(self._noised(drawn["b_to_a"])), second),
        )
        logged = {"fooled": fooled.sum(), "cycle_first": cycles[0], "cycle_second": cycles[1]}
        loss = fooled.sum() + sum(map(mul, self.config.cycle, cycles))
        if self.config.identity:
            same = (functional.l1_loss(b_to_a(first), first), functional.l1_loss(a_to_b(second), second))
            logged |= {"identity_first": same[0], "identity_second": same[1]}
            loss = loss + self.config.identity * sum(map(mul, self.config.cycle, same))
        update("generators", loss)

        self.discriminators.requires_grad_(True)
        losses = []
        for name, true in zip(DIRECTIONS, (second, first), strict=True):
            real = self._judged(discriminators, name, true, real=True)
            whole = processes.gathered(drawn[name].detach())
            shown = processes.own(self.history.shown(name, whole))
            fake = self._judged(discriminators, name, shown, real=False)
            losses.append((real + fake) / 2)
        update("discriminators", losses[0] + losses[1])
        return logged | {"discriminator_forward": losses[0], "discriminator_backward": losses[1]}

    def _judged(self, discriminators: Any, name: str, pixels: torch.Tensor, real: bool) -> torch.Tensor:
        """The loss of a direction's discriminators, the one of patches and, if any, the one of features."""
        seen = self._noised(pixels)
        loss = judged(discriminators[name](seen), real)
        if self.encoder is None:
            return loss
        features = self.encoder.to(seen.device)(seen.expand(-1, 3, -1, -1))[feature_discriminator.STAGES]
        return loss + judged(discriminators[f"{name}_features"](features), real)

    def _noised(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels + self.config.noise * processes.normal_like(pixels) if self.config.noise else pixels

    def evaluate(self, networks: dict[str, nn.Module]) -> dict[str, float]:
        """Cycle errors of WATCHED held-back pictures, and how the masks of all agree with labels, if any."""
        found: dict[str, list[torch.Tensor]] = {}
        for number, each in enumerate(self.val.first):
            first = each[None]
            drawn = self.drawn(networks, "a_to_b", first)
            values = self.val.measured(number, drawn[0])
            if number < WATCHED:
                second = self.val.second[number][None]
                backward = self.drawn(networks, "b_to_a", second)
                values["cycle_first"] = functional.l1_loss(self.drawn(networks, "b_to_a", drawn), first)
                values["cycle_second"] = functional.l1_loss(self.drawn(networks, "a_to_b", backward), second)
            for name, value in values.items():
                found.setdefault(f"val/{name}", []).append(value)
        return {name: float(torch.stack(values).float().mean()) for name, values in found.items()}

    def samples(self, networks: dict[str, nn.Module]) -> Image:
        """Each row: a picture of the first domain, translated, and back; the same of the second domain."""
        rows = []
        for number in range(min(SHOWN, len(self.val.first))):
            for direction, other, kind in zip(
                DIRECTIONS, reversed(DIRECTIONS), (self.val.first, self.val.second), strict=True
            ):
                given = kind[number][None]
                drawn = self.drawn(networks, direction, given)
                rows += [given, drawn, self.drawn(networks, other, drawn)]
        side = self.config.side
        cells = [functional.interpolate(row, (side, side), mode="bilinear", antialias=True) for row in rows]
        return images.grid(pictures_of(torch.cat(cells), side, side), columns=6)


def _on_encoder(name: str) -> UnetGenerator:
    """A generator that changes nothing yet. Raises as `start.encoder` does."""
    generator = UnetGenerator()
    start.encoder(name, generator.encoder)
    return generator


RECIPE = CycleGan
"""What trains the CONFIGS."""
