"""Instance segmentation: Mask R-CNN, trained with its five losses at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import torch
from torch import nn

from segen.errors import UsageError
from segen.evaluation.instances import InstanceMetrics
from segen.imaging import images
from segen.models import weights
from segen.models.features.imagenet import weights_file
from segen.models.segmentation.maskrcnn import SlimMaskRCNN, segment
from segen.training import augment, data, processes, start
from segen.training.recipe import Config, Place, Update
from segen.types import SURE, Image, Segmentation

SAMPLED_SIDE = 256


@dataclass(frozen=True)
class InstancesConfig(Config):
    """How Mask R-CNN is trained."""

    MAY_BE_ZERO: ClassVar[frozenset[str]] = Config.MAY_BE_ZERO | {"frozen"}
    CHANGEABLE: ClassVar[frozenset[str]] = Config.CHANGEABLE | {"encoder_lr", "head_lr", "weight_decay"}
    dataset: str = "nuclei"
    """The folder of the data set under the data root; its masks number the instances."""
    frozen: int = 4
    """So many of the encoder's layers stay as they start: 4 are all up to stride 4."""
    encoder_lr: float = 2e-4
    head_lr: float = 1e-3
    """For all but the encoder."""
    weight_decay: float = 1e-2
    crop: int = 256
    """Side of the training crops, as the network sees them."""
    seen: int = 180
    """Side of the picture's part that such a crop can show at most."""
    least: float = 0.3
    """The least share of that part's area that it can show."""
    color: float = 0.4
    """Strength of the random change of brightness, contrast, saturation and (a tenth of it) hue."""
    uneven: float = 0.5
    """Share of crops whose light changes over the picture."""
    framed: float = 0.2
    """Share of crops with a plain frame."""
    empty: float = 0.2
    """Share of crops with nothing in them but grain."""
    max_side: int = 1024
    """The longer side of a picture that is measured, as the network sees it."""

    def check(self) -> None:
        """Raise UsageError for values that no training can have."""
        super().check()
        if self.crop % 32:
            raise UsageError("crop_unusable", height=self.crop, width=self.crop)


CONFIGS = [InstancesConfig("maskrcnn-nuclei", steps=1200, batch_size=4, evaluate_every=300)]


class Instances:
    """The recipe of networks that find instances and are trained on numbered ones."""

    def __init__(self, config: InstancesConfig, place: Place) -> None:
        self.config = config
        self.train: data.NumberedFolder | data.NumberedScenes
        self.val: data.NumberedFolder | data.NumberedScenes
        self.train, self.val = data.numbered(place.data, config.dataset, "train", "val")
        torch.manual_seed(config.seed)
        self.network = SlimMaskRCNN(classes=2)
        if place.init:
            _start_from(place.init, self.network)
        elif file := weights_file(place.data):
            start.copy(weights.read_tensors(file), self.network.backbone.encoder, "features.")
        self.network.backbone.encoder[: config.frozen].requires_grad_(False)
        self.network = self.network.to(memory_format=torch.channels_last)
        self.networks = {"network": cast(nn.Module, self.network)}
        self.kept: dict[str, nn.Module] = {}

    def dataset(self) -> data.LabelledPictures:
        """Random crops of the training pictures."""
        config = self.config
        crops = augment.nuclei_crops(
            config.crop, config.seen, config.least, config.color, config.uneven, config.framed, config.empty
        )
        return data.LabelledPictures(self.train, crops)

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """AdamW, the encoder at a rate of its own."""
        encoder = [each for each in self.network.backbone.encoder.parameters() if each.requires_grad]
        known = set(map(id, self.network.backbone.encoder.parameters()))
        groups = [
            {"params": encoder, "lr": self.config.encoder_lr},
            {"params": [each for each in self.network.parameters() if id(each) not in known],
             "lr": self.config.head_lr},
        ]  # fmt: skip
        return {"network": torch.optim.AdamW(groups, weight_decay=self.config.weight_decay)}

    def schedulers(
        self, optimizers: dict[str, torch.optim.Optimizer]
    ) -> dict[str, torch.optim.lr_scheduler.LRScheduler]:
        """One cycle: a tenth of the steps up, the rest down along a cosine (Smith and Topin 2018)."""
        rates = [self.config.encoder_lr, self.config.head_lr]
        return {
            "network": torch.optim.lr_scheduler.OneCycleLR(
                optimizers["network"], rates, total_steps=self.config.steps + 1, pct_start=0.1
            )
        }

    def step(self, networks: dict[str, nn.Module], batch: Any, update: Update) -> dict[str, torch.Tensor]:
        """One batch of crops; the loss is the sum of its parts (He et al. 2017, section 3).

        Each picture has its own losses, of which the batch's are the mean, and its own random numbers, by
        which proposals are sampled: both are the same whichever process has the picture.
        """
        pixels, numbers = batch
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        seeds = processes.own(torch.randint(2**62, (len(pixels) * processes.count(),))).tolist()
        found: list[dict[str, torch.Tensor]] = []
        for picture, map, seed in zip(pixels, numbers, seeds, strict=True):
            with torch.random.fork_rng():
                torch.manual_seed(seed)
                found.append(networks["network"]([picture], [targets(map)]))
        parts = {name: torch.stack([each[name] for each in found]).mean() for name in found[0]}
        loss = torch.stack(list(parts.values())).sum()
        update("network", loss)
        return {"loss": loss, **parts}

    def evaluate(self, networks: dict[str, nn.Module]) -> dict[str, float]:
        """Average precision on val, as `segen evaluate` measures it."""
        measure = InstanceMetrics()
        for index in range(len(self.val)):
            image, numbers = self.val[index]
            measure.update(self._segment(networks, image).instances or (), numbers)
        return {f"val/{name}": value for name, value in measure.compute().items()}

    def _segment(self, networks: dict[str, nn.Module], image: Image) -> Segmentation:
        return segment(cast(SlimMaskRCNN, networks["network"]), image, self.config.max_side)

    def samples(self, networks: dict[str, nn.Module]) -> Image:
        """Rows of picture, reference and sure instances, spread over val."""
        rows = []
        for index in np.linspace(0, len(self.val) - 1, 4).astype(int):
            image, numbers = self.val[int(index)]
            found = np.zeros_like(numbers)
            for number, instance in reversed(list(enumerate(self._segment(networks, image).instances or ()))):
                if instance.score >= SURE:
                    x, y, across, down = instance.box
                    found[y : y + down, x : x + across][instance.mask] = number + 1
            row = np.hstack([image, PALETTE[numbers % len(PALETTE)], PALETTE[found % len(PALETTE)]])
            rows.append(images.resize(row, SAMPLED_SIDE, 3 * SAMPLED_SIDE))
        return np.vstack(rows)

    def export(self, networks: dict[str, nn.Module], folder: Path) -> None:
        """A folder in half precision, which SlimMaskRCNN loads with `from_pretrained`."""
        network: Any = networks["network"]
        network.half().save_pretrained(folder)
        weights.seal(folder)


PALETTE = np.vstack([np.zeros((1, 3)), np.random.default_rng(0).integers(64, 256, (250, 3))]).astype(np.uint8)
"""Black for no instance, and a colour for each number."""


def targets(numbers: torch.Tensor) -> dict[str, torch.Tensor]:
    """What torchvision's detectors learn from H x W numbers of instances, 0 being none.

    Gives boxes (n x 4; left, top, right, bottom, the right and bottom edges behind the last pixel), labels
    (all 1) and masks (n x H x W). A sliver of a nucleus, one pixel wide or high, is left out.
    """
    masks = numbers == torch.unique(numbers[numbers > 0])[:, None, None]
    columns, rows = masks.any(dim=1).int(), masks.any(dim=2).int()
    edges = [
        [side.argmax(dim=1), side.shape[1] - side.flip(1).argmax(dim=1)] if len(masks) else [side.sum(1)] * 2
        for side in (columns, rows)
    ]
    boxes = torch.stack([edges[0][0], edges[1][0], edges[0][1], edges[1][1]], dim=1).float()
    wide = ((boxes[:, 2:] - boxes[:, :2]) > 1).all(dim=1)
    return {
        "boxes": boxes[wide],
        "labels": torch.ones(int(wide.sum()), dtype=torch.int64, device=numbers.device),
        "masks": masks[wide].to(torch.uint8),
    }


def _start_from(name: str, network: SlimMaskRCNN) -> None:
    """Copy a card's tensors, its encoder's alone if it is no Mask R-CNN. Raises UsageError."""
    tensors = start.shipped(name)
    if not (
        start.copy(tensors, network) or start.copy(tensors, network.backbone.encoder, "encoder.features.")
    ):
        raise UsageError("init_unlike", model=name)


RECIPE = Instances
"""What trains the CONFIGS."""
