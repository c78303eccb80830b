"""Semantic segmentation: smp networks on an ImageNet encoder, cross-entropy with Dice or focal loss."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from segmentation_models_pytorch.losses import DiceLoss, FocalLoss
from torch import nn
from torch.nn import functional

from segen import images, metrics, registry, weights
from segen.models import smp
from segen.training import augment, data
from segen.training.recipe import Config, Place, Update
from segen.types import Image, Labels

IMAGENET = "weights/mobilenet_v2_imagenet.safetensors"
"""Where the encoder's starting weights lie under the data root (docs/data.md)."""


@dataclass(frozen=True)
class SegmentationConfig(Config):
    """How a segmentation network is built and trained."""

    architecture: str = "Unet"
    """smp's name of the architecture."""
    options: dict[str, Any] = field(default_factory=dict)
    """Further arguments of the architecture."""
    dataset: str = "camvid"
    """The folder of the data set under the data root."""
    imagenet: bool = True
    """Start the encoder from ImageNet weights where they are to be had."""
    encoder_lr: float = 5e-4
    decoder_lr: float = 2e-3
    weight_decay: float = 1e-2
    loss: Literal["cross_entropy", "focal", "dice", "cross_entropy_dice"] = "cross_entropy_dice"
    class_balance: float = 0.5
    """Exponent of median-frequency balancing (Eigen and Fergus 2015): 0 weighs all pixels alike."""
    crop: tuple[int, int] = (320, 416)
    """Height and width of the training crops."""
    scale: tuple[float, float] = (0.75, 2.0)
    """Range of the random scale, 1 being the picture fitted to the crop."""
    color: float = 0.4
    """Strength of the random change of brightness, contrast, saturation and (a tenth of it) hue."""


UNET = {"decoder_channels": [128, 64, 48, 32, 16]}
CONFIGS = [
    SegmentationConfig("unet-camvid", steps=3000, batch_size=6, options=UNET),
    SegmentationConfig(
        "unet-nuclei", steps=500, options=UNET, dataset="nuclei", crop=(256, 256), scale=(0.7, 1.6),
        class_balance=0.0, evaluate_every=100,
    ),
]  # fmt: skip


class Segmentation:
    """The recipe of every segmentation network that is trained on label maps."""

    def __init__(self, config: SegmentationConfig, place: Place) -> None:
        self.config = config
        self.train = data.labelled(place.data, config.dataset, "train")
        self.val = data.labelled(place.data, config.dataset, "val")
        self.learned = sum(not known.ignored for known in self.train.classes)
        torch.manual_seed(config.seed)
        channels = 1 if self.learned == 2 else self.learned
        if place.init:
            self.network = smp.read_network(weights.checked(registry.card(place.init)), channels)
        else:
            imagenet = _imagenet_file(place.data) if config.imagenet else None
            self.network = smp.build(config.architecture, channels, imagenet, **config.options)
        self.network = self.network.to(memory_format=torch.channels_last)
        self.networks = {"network": self.network}
        self.class_weights = self._class_weights()

    def _class_weights(self) -> torch.Tensor:
        pixels = np.maximum(np.array(self.train.class_pixels()[: self.learned], dtype=np.float64), 1)
        return torch.from_numpy((np.median(pixels) / pixels) ** self.config.class_balance).float()

    def dataset(self) -> data.LabelledPictures:
        """Random crops of the training pictures."""
        crops = augment.street_crops(
            *self.config.crop, self.config.scale, self.config.color, self._ignored_id
        )
        return data.LabelledPictures(self.train, crops)

    @property
    def _ignored_id(self) -> int:
        """The label that neither loss nor metric counts; 255 where the data set has none."""
        return next((known.id for known in self.train.classes if known.ignored), 255)

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """AdamW, the pretrained encoder at a lower rate than the rest."""
        encoder = list(self.network.get_submodule("encoder").parameters())
        known = set(map(id, encoder))
        rest = [parameter for parameter in self.network.parameters() if id(parameter) not in known]
        groups = [
            {"params": encoder, "lr": self.config.encoder_lr},
            {"params": rest, "lr": self.config.decoder_lr},
        ]
        return {"network": torch.optim.AdamW(groups, weight_decay=self.config.weight_decay)}

    def schedulers(
        self, optimizers: dict[str, torch.optim.Optimizer]
    ) -> dict[str, torch.optim.lr_scheduler.LRScheduler]:
        """One cycle: a tenth of the steps up, the rest down along a cosine (Smith and Topin 2018)."""
        rates = [self.config.encoder_lr, self.config.decoder_lr]
        return {
            "network": torch.optim.lr_scheduler.OneCycleLR(
                optimizers["network"], rates, total_steps=self.config.steps + 1, pct_start=0.1
            )
        }

    def step(self, networks: dict[str, nn.Module], batch: Any, update: Update) -> dict[str, torch.Tensor]:
        """One batch of crops."""
        pixels, labels = batch
        answer = networks["network"](pixels.contiguous(memory_format=torch.channels_last))
        loss = self.loss(smp.two_class(answer), labels)
        update("network", loss)
        return {"loss": loss}

    def loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The configured loss of N x C x H x W logits against N x H x W labels."""
        ignored = self._ignored_id
        total = logits.new_zeros(())
        if "cross_entropy" in self.config.loss:
            balance = self.class_weights.to(logits.device)
            total = total + functional.cross_entropy(logits, labels, weight=balance, ignore_index=ignored)
        if "focal" in self.config.loss:
            total = total + FocalLoss("multiclass", ignore_index=ignored)(logits, labels)
        if "dice" in self.config.loss:
            total = total + DiceLoss("multiclass", ignore_index=ignored)(logits, labels)
        return total

    def _predict(self, network: nn.Module, image: Image) -> Labels:
        device = next(network.parameters()).device
        pixels = images.to_tensor(image).to(device, memory_format=torch.channels_last)
        return smp.full_size_labels(smp.logits(network, pixels), *image.shape[:2])

    def evaluate(self, networks: dict[str, nn.Module]) -> dict[str, float]:
        """Mean IoU and its parts on val, at full size, as `segen evaluate` measures them."""
        measure = metrics.LabelMetrics(self.val.classes)
        for index in range(len(self.val)):
            image, labels = self.val[index]
            measure.update(self._predict(networks["network"], image), labels)
        return {f"val/{name}": value for name, value in measure.flat().items()}

    def samples(self, networks: dict[str, nn.Module]) -> Image:
        """Rows of picture, reference and prediction, spread over val."""
        palette = np.zeros((256, 3), dtype=np.uint8)
        for known in self.val.classes:
            palette[known.id] = known.color
        rows = []
        for index in np.linspace(0, len(self.val) - 1, 4).astype(int):
            image, labels = self.val[int(index)]
            predicted = self._predict(networks["network"], image)
            row = np.hstack([image, palette[labels], palette[predicted]])
            rows.append(images.resize(row, 240, 960))
        return np.vstack(rows)

    def export(self, networks: dict[str, nn.Module], folder: Path) -> None:
        """A folder that `segmentation_models_pytorch.from_pretrained` loads, in half precision."""
        network: Any = networks["network"]
        network.half().save_pretrained(folder)
        weights.seal(folder)


def _imagenet_file(root: str | None) -> Path | None:
    """The encoder's ImageNet weights under the data root, or None (training then starts from scratch)."""
    import os

    for candidate in (root, os.environ.get("SEGEN_DATA")):
        if candidate and (Path(candidate) / IMAGENET).is_file():
            return Path(candidate) / IMAGENET
    return None
