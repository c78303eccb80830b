"""Semantic segmentation: networks of smp and our own, cross-entropy with Dice or focal loss."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from segmentation_models_pytorch import MODEL_ARCHITECTURES_MAPPING
from segmentation_models_pytorch.losses import DiceLoss, FocalLoss
from torch import nn
from torch.nn import functional
from torchvision.models import VGG16_BN_Weights

from segen.data import files
from segen.errors import UsageError
from segen.evaluation.labels import LabelMetrics
from segen.imaging import images
from segen.imaging.labels import IGNORED
from segen.models import weights
from segen.models.features import coco
from segen.models.features.imagenet import weights_file
from segen.models.segmentation import smp
from segen.models.segmentation.context import AttentionNetwork, ReNet
from segen.models.segmentation.convolutional import FullyConvolutional, Vgg16
from segen.models.segmentation.predictor import full_size_labels, logits, two_class
from segen.models.tensors import pixels_for
from segen.training import augment, data, memory, processes, start
from segen.training.recipe import Config, Place, Update
from segen.types import Image, Labels

OURS: dict[str, Callable[..., nn.Module]] = {
    network.__name__: network for network in (AttentionNetwork, ReNet, FullyConvolutional, Vgg16)
}
"""Our own networks by the name of their class."""
TRAINED_ON = "training.json"
"""In an exported folder: the data set's name, its number of pictures, the size of one, and its classes."""


@dataclass(frozen=True)
class SegmentationConfig(Config):
    """How a segmentation network is built and trained."""

    CHANGEABLE: ClassVar[frozenset[str]] = Config.CHANGEABLE | {
        "encoder_lr",
        "decoder_lr",
        "weight_decay",
        "class_balance",
    }
    architecture: str = "Unet"
    """A class of OURS, or else smp's name of the architecture."""
    options: dict[str, Any] = field(default_factory=dict)
    """Further arguments of the architecture."""
    dataset: str = "camvid"
    """The folder of the data set under the data root."""
    imagenet: bool = True
    """Start the encoder, if there is one, from ImageNet weights where they are to be had."""
    coco: bool = False
    """Start the encoder from a detector of COCO's objects (docs/data.md), not from ImageNet weights."""
    remembered: float = 0.0
    """Weight of what the encoder forgets of ImageNet's classes, or of COCO's objects, in the loss; 0: it may
    forget them."""
    freeze_encoder: bool = False
    """Leave the encoder as it starts, its batch norm included."""
    pictures: int | None = None
    """Train on so many pictures of the split, drawn by the seed; on all of them if None."""
    encoder_lr: float = 5e-4
    decoder_lr: float = 2e-3
    weight_decay: float = 1e-2
    loss: Literal["cross_entropy", "focal", "dice", "cross_entropy_dice"] = "cross_entropy_dice"
    class_balance: float = 0.5
    """Exponent of median-frequency balancing (Eigen and Fergus 2015): 0 weighs all pixels alike."""
    repeat: float = 0.0
    """Pictures of a class that fewer than this share show come more than once in an epoch; 0: never."""
    crop: tuple[int, int] = (320, 416)
    """Height and width of the training crops."""
    scale: tuple[float, float] = (0.75, 2.0)
    """Range of the random scale, 1 being the picture fitted to the crop."""
    upright: bool = True
    """Whether the pictures have an up and a down; if not, training turns them over, too."""
    color: float = 0.4
    """Strength of the random change of brightness, contrast, saturation and (a tenth of it) hue."""


UNET = {"decoder_channels": [128, 64, 48, 32, 16]}
ANIMALS: dict[str, Any] = {
    "dataset": "animals", "steps": 1500, "batch_size": 12, "crop": (208, 208), "scale": (0.7, 2.0),
    "class_balance": 0.0, "encoder_lr": 4e-4, "decoder_lr": 2e-3, "ema_decay": 0.998, "evaluate_every": 500,
}  # fmt: skip
CONFIGS = [
    SegmentationConfig("unet-camvid", steps=3000, batch_size=6, options=UNET),
    SegmentationConfig("fpn-camvid", steps=300, batch_size=6, architecture="FPN", encoder_lr=2e-4),
    SegmentationConfig("deeplabv3plus-camvid", steps=800, batch_size=6, architecture="DeepLabV3Plus"),
    SegmentationConfig(
        "unet-nuclei", steps=400, options=UNET, dataset="nuclei", crop=(256, 256), scale=(1.0, 2.2),
        upright=False, class_balance=0.0, evaluate_every=100,
    ),
    SegmentationConfig(
        "attention-camvid", steps=350, batch_size=6, architecture="AttentionNetwork", encoder_lr=2e-4
    ),
    SegmentationConfig("renet-camvid", steps=350, batch_size=6, architecture="ReNet", encoder_lr=2e-4),
    SegmentationConfig(
        "fcn-camvid", steps=800, batch_size=6, architecture="FullyConvolutional", imagenet=False,
        crop=(240, 320), scale=(0.75, 1.5), weight_decay=1e-3,
    ),
    SegmentationConfig(
        "vgg16-nuclei", steps=500, architecture="Vgg16", imagenet=False, dataset="nuclei", crop=(128, 128),
        scale=(1.0, 2.5), upright=False, class_balance=0.0, encoder_lr=2e-3, evaluate_every=100,
    ),
    SegmentationConfig(
        "deeplabv3plus-animals", architecture="DeepLabV3Plus", options={"decoder_channels": 128}, **ANIMALS
    ),
    SegmentationConfig("unet-animals", options=UNET, **ANIMALS),
]  # fmt: skip


class Segmentation:
    """The recipe of every segmentation network that is trained on label maps."""

    def __init__(self, config: SegmentationConfig, place: Place) -> None:
        self.config = config
        self.train: data.LabelledFolder | data.SyntheticScenes
        self.val: data.Labelled
        self.train, self.val = data.labelled(place.data, config.dataset, "train", "val")
        self.learned = sum(not known.ignored for known in self.train.classes)
        torch.manual_seed(config.seed)
        self.network = _build(config, 1 if self.learned == 2 else self.learned)
        _try(self.network, config)
        if place.init:
            _start_from(place.init, self.network)
        elif config.coco:
            _start_from_coco(self.network, place.data)
        elif config.imagenet:
            _start_from_imagenet(self.network, place.data)
        if config.freeze_encoder:
            self.network.get_submodule("encoder").requires_grad_(False)
        self.memory = memory.of(self.network, place.data, config.coco) if config.remembered else None
        self.network = self.network.to(memory_format=torch.channels_last)
        self.networks = {"network": self.network}
        self.kept: dict[str, nn.Module] = {}
        self.class_weights = self._class_weights()

    def _class_weights(self) -> torch.Tensor:
        pixels = np.maximum(self.train.class_pixels().sum(axis=0)[: self.learned], 1)
        return torch.from_numpy((np.median(pixels) / pixels) ** self.config.class_balance).float()

    def dataset(self) -> data.LabelledPictures:
        """Random crops of the training pictures."""
        crops = augment.crops(
            *self.config.crop, self.config.scale, self.config.color, self._ignored_id, self.config.upright
        )
        config = self.config
        pictures = data.chosen(self.train, config.pictures, config.seed)
        if config.repeat:
            learned = self.train.class_pixels()[:, : self.learned]
            pictures = data.repeated(pictures, learned, config.repeat, config.seed)
        return data.LabelledPictures(pictures, crops)

    @property
    def _ignored_id(self) -> int:
        """The label that neither loss nor metric counts."""
        return next((known.id for known in self.train.classes if known.ignored), IGNORED)

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """AdamW, the encoder, if there is one, at a rate of its own."""
        parts = dict(self.network.named_children())
        encoder = list(parts["encoder"].parameters()) if "encoder" in parts else []
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
        if self.config.freeze_encoder:
            self.network.get_submodule("encoder").eval()
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        with memory.watched(self.network, self.memory.PLACES if self.memory else ()) as maps:
            answer = networks["network"](pixels)
        parts = {"loss": self.loss(processes.gathered(two_class(answer)), processes.gathered(labels))}
        if self.memory:
            forgotten = self.memory.to(pixels.device)(pixels, maps)
            parts["forgotten"] = processes.gathered(forgotten).mean()
            parts["loss"] = parts["loss"] + self.config.remembered * parts["forgotten"]
        update("network", parts["loss"])
        return parts

    def loss(self, scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The configured loss of N x C x H x W logits against N x H x W labels; 0 where all are ignored."""
        ignored = self._ignored_id
        if bool((labels == ignored).all()):
            return 0 * scores.sum()  # a mean over no pixel is no number
        total = scores.new_zeros(())
        if "cross_entropy" in self.config.loss:
            balance = self.class_weights.to(scores.device)
            total = total + functional.cross_entropy(scores, labels, weight=balance, ignore_index=ignored)
        if "focal" in self.config.loss:
            total = total + FocalLoss("multiclass", ignore_index=ignored)(scores, labels)
        if "dice" in self.config.loss:
            total = total + DiceLoss("multiclass", ignore_index=ignored)(scores, labels)
        return total

    def _predict(self, network: nn.Module, image: Image) -> Labels:
        return full_size_labels(logits(network, pixels_for(network, image)), *image.shape[:2])

    def evaluate(self, networks: dict[str, nn.Module]) -> dict[str, float]:
        """Mean IoU and its parts on val as `segen evaluate` measures them, but that nothing is enlarged."""
        measure = LabelMetrics(self.val.classes)
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
        """A folder in half precision, which smp or our own class loads with `from_pretrained`.

        TRAINED_ON beside it tells what a card must know of the data.
        """
        network: Any = networks["network"]
        network.half().save_pretrained(folder)
        height, width = self.val[0][0].shape[:2]
        told = {
            "dataset": self.train.name,
            "pictures": len(self.train),
            "input_size": [height, width],
            "classes": [
                {"id": known.id, "name": known.name, "color": list(known.color)}
                for known in self.train.classes
                if not known.ignored
            ],
        }
        files.write_text(folder / TRAINED_ON, json.dumps(told, ensure_ascii=False, indent=1) + "\n")
        weights.seal(folder)


def _build(config: SegmentationConfig, channels: int) -> nn.Module:
    """An untrained network. Raises UsageError for an architecture or an option that there is not."""
    name = config.architecture
    known = [*OURS, *sorted(each.__name__ for each in MODEL_ARCHITECTURES_MAPPING.values())]
    if name.lower() not in map(str.lower, known):
        raise UsageError("architecture_unknown", name=name, known=", ".join(known))
    try:
        if name in OURS:
            return OURS[name](classes=channels, **config.options)
        return smp.build(name, channels, **config.options)
    except (TypeError, ValueError, KeyError):
        raise UsageError("architecture_options", name=name, options=config.options) from None


def _try(network: nn.Module, config: SegmentationConfig) -> None:
    """Raise UsageError if a copy of the network cannot take a batch, or answers in another size."""

    def takes(batch: int) -> bool:
        try:
            with torch.no_grad(), torch.random.fork_rng():
                answer = copy.deepcopy(network).train()(torch.zeros(batch, 3, *config.crop))
        except (RuntimeError, ValueError):  # of convolutions and of smp, and of batch norm
            return False
        return bool(answer.shape[2:] == config.crop)

    if takes(min(config.batch_size, 2)):
        return
    if config.batch_size == 1 and takes(2):
        raise UsageError("batch_of_one", name=config.architecture)
    raise UsageError("crop_unusable", height=config.crop[0], width=config.crop[1])


def _start_from(name: str, network: nn.Module) -> None:
    """Copy the tensors of a card that have the name and shape of the network's.

    With other classes, or another decoder, the rest starts from chance. Raises UsageError if no tensor fits.
    """
    if not start.copy(start.shipped(name), network):
        raise UsageError("init_unlike", model=name)


def _start_from_imagenet(network: nn.Module, root: str | None) -> None:
    """Copy ImageNet weights into the encoder: MobileNetV2's from the data root, VGG16's from torchvision."""
    if isinstance(network, Vgg16):
        start.copy(VGG16_BN_Weights.DEFAULT.get_state_dict(check_hash=True), network.encoder, "features.")
    elif file := weights_file(root):
        start.copy(weights.read_tensors(file), network.get_submodule("encoder"))


def _start_from_coco(network: nn.Module, root: str | None) -> None:
    """Copy the backbone of COCO's detector into the encoder. Raises UsageError if that is no MobileNetV2."""
    tensors = coco.encoder(root)
    if start.copy(tensors, network.get_submodule("encoder")) < len(tensors):
        raise UsageError("nothing_remembered")


RECIPE = Segmentation
"""What trains the CONFIGS."""
