"""A segmentation network on few pictures, made more of by augmentation, by what a GAN draws, or by both.

The GAN (pix2pix, from mask to picture) learns from the same few pictures, and then draws new ones for masks
that the code draws. All pictures are small, as the networks of pix2pix see them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np
import torch
from torch.utils.data import Dataset

from segen.data import files
from segen.data.synthetic import nuclei, scenes
from segen.imaging import images
from segen.imaging.labels import resize_labels
from segen.models import weights
from segen.models.generation.predictor import pictures_of
from segen.models.translation.predictor import ResnetGenerator, whole
from segen.models.translation.preprocessing import one_hot, smaller
from segen.registry import dataset_classes
from segen.training import augment, data
from segen.training.domains import halved, unit
from segen.training.loop import fit
from segen.training.pairs import Streets
from segen.training.recipe import Place, plain
from segen.training.recipes.paired import Paired, PairedConfig
from segen.training.recipes.segmentation import Segmentation, SegmentationConfig
from segen.training.run_folder import runs_root
from segen.types import Image, Labels

Example = tuple[Image, Labels]
"""A picture, H x W x 3, and its label map, H x W."""
DRAWN = 100
"""Pictures that a GAN draws; each has a mask of its own."""
SHOWN = 6
"""Of these, how many are shown."""


@dataclass(frozen=True)
class EnlargedConfig(SegmentationConfig):
    """What the network learns from, beside the few pictures themselves."""

    augmented: bool = False
    """Crops are scaled, turned over and recoloured by chance, too; the generated ones as well."""
    share_generated: float = 0.0
    """The share of the crops, 0 to 1, that are of pictures which a GAN drew."""
    gan_steps: int = 200
    gan_side: int = 64
    """Of the crops that the GAN learns from."""

    @property
    def gan(self) -> PairedConfig:
        """The GAN that learns from the same pictures, in a run of its own beside this one."""
        name = f"gan-{self.pictures or 'all'}-{self.seed}"
        return PairedConfig(
            str(PurePosixPath(self.name).parent / name), steps=self.gan_steps, dataset=self.dataset,
            side=self.gan_side, batch_size=2, seed=self.seed, pictures=self.pictures, channels=16, blocks=4,
            discriminator_depth=2, evaluate_every=self.gan_steps, save_every=self.gan_steps,
        )  # fmt: skip


class Enlarged(Segmentation):
    """The recipe: the same network and steps, whatever the crops are of."""

    config: EnlargedConfig

    def __init__(self, config: EnlargedConfig, place: Place) -> None:
        super().__init__(config, place)
        few = data.chosen(self.train, config.pictures, config.seed)
        shrink = SHRUNK[config.dataset]
        self.few = [shrink(*few[index]) for index in range(len(few))]
        self.val = data.InMemory(self.val.classes, [shrink(*self.val[i]) for i in range(len(self.val))])
        self.drawn = drawn(config, place) if config.share_generated else []

    def dataset(self) -> data.LabelledPictures:
        """Crops of the few pictures, and of generated ones by chance."""
        height, width = self.config.crop
        if self.config.augmented:
            crops = augment.crops(
                height, width, self.config.scale, self.config.color, self._ignored_id, self.config.upright
            )
        else:
            crops = augment.plain_crops(height, width, self._ignored_id)
        return data.LabelledPictures(Mixed(self.few, self.drawn, self.config.share_generated), crops)


class Mixed(Dataset[Example]):
    """Real pictures, each of which gives way to any of the generated ones with a probability of `share`."""

    def __init__(self, real: list[Example], generated: list[Example], share: float) -> None:
        self.real, self.generated, self.share = real, generated, share

    def __len__(self) -> int:
        return len(self.real)

    def __getitem__(self, index: int) -> Example:
        if self.generated and torch.rand(()) < self.share:
            return self.generated[int(torch.randint(len(self.generated), ()))]
        return self.real[index]


def drawn(config: EnlargedConfig, place: Place) -> list[Example]:
    """DRAWN pictures with their labels, of the GAN of this configuration; it is trained if it was not yet."""
    gan = config.gan
    kept = runs_root() / gan.name / "drawn.npz"
    asked = json.dumps([plain(gan), place.data])
    if kept.is_file():
        with np.load(kept) as found:
            if str(found["asked"]) == asked:
                return list(zip(found["pictures"], found["labels"], strict=True))
    exported = fit(Paired(gan, replace(place, init=None)), place)
    network = weights.network(ResnetGenerator, exported / "forward").eval()
    shutil.rmtree(exported)
    (kept.parent / "checkpoint.pt").unlink()
    made = [_draw(network, config, gan.seed * DRAWN + number) for number in range(DRAWN)]
    pictures, labels = (np.stack(part) for part in zip(*made, strict=True))
    with files.replacing(kept) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, asked=asked, pictures=pictures, labels=labels)
    return made


@torch.inference_mode()
def _draw(network: torch.nn.Module, config: EnlargedConfig, seed: int) -> Example:
    """A picture for a mask that no data set has, and the labels that the mask stands for."""
    given, labels = MASKS[config.dataset](seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        pixels = whole(network, given[None]).clamp(-1, 1)
    return pictures_of(pixels, *labels.shape)[0], labels


def sheet(configs: Sequence[EnlargedConfig], place: Place) -> Image:
    """SHOWN masks in a row, and in a row for each configuration what its GAN drew for them.

    The configurations have the same data set and seed, so that the masks are the same.
    """
    rows = [drawn(config, place)[:SHOWN] for config in configs]
    known = dataset_classes(configs[0].dataset)
    palette = np.array([each.color for each in known], dtype=np.uint8)
    masks = [palette[labels] for _, labels in rows[0]]
    pictures = [*masks, *(picture for row in rows for picture, _ in row)]
    return images.grid(np.stack(pictures), columns=SHOWN)


def _microscopy(image: Image, labels: Labels) -> Example:
    grey = halved(nuclei.stretched(image))
    return np.repeat(grey[..., None], 3, axis=2), resize_labels(labels, *grey.shape)


def _street(image: Image, labels: Labels) -> Example:
    return images.fit(image, Streets.LONGEST), smaller(labels, Streets.LONGEST)


SHRUNK: dict[str, Callable[[Image, Labels], Example]] = {"nuclei": _microscopy, "camvid": _street}
"""A picture and its labels as the pairs of pix2pix have them, by data set."""


def _nuclei_mask(seed: int) -> tuple[torch.Tensor, Labels]:
    mask = halved(nuclei.drawn_mask(seed))
    return unit(mask), (mask > 127).astype(np.uint8)


def _street_mask(seed: int) -> tuple[torch.Tensor, Labels]:
    labels = smaller(scenes.street(seed)[1], Streets.LONGEST)
    return one_hot(labels, dataset_classes("camvid"))[0], labels


MASKS: dict[str, Callable[[int], tuple[torch.Tensor, Labels]]] = {
    "nuclei": _nuclei_mask,
    "camvid": _street_mask,
}
"""What a GAN is given to draw from, C x H x W in [-1, 1], and its labels: by data set, from a seed."""
