"""A generator of streets that learns on with a guide or without, and is read by the guide and by another."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from segen import models, registry
from segen.evaluation.labels import LabelMetrics
from segen.models.segmentation.predictor import full_size_labels, logits
from segen.training.guide import ENLARGED
from segen.training.pairs import Streets
from segen.training.recipe import Place
from segen.training.recipes.paired import Paired, PairedConfig

JUDGES = ("unet-camvid", "deeplabv3plus-camvid")
"""What reads the generated streets: the guide itself, and a network that guided nothing."""


@dataclass(frozen=True)
class GuidedConfig(PairedConfig):
    """How a generator goes on, and what it is measured on."""

    judged: int = 12
    """Label maps of val, spread over it, that are drawn and read again."""


class Guided(Paired):
    """The recipe of pix2pix, measured by what is read as asked."""

    config: GuidedConfig
    val: Streets

    def __init__(self, config: GuidedConfig, place: Place) -> None:
        super().__init__(config, place)
        self.val.pairs = [self.val.pairs[index] for index in self._watched(config.judged)]
        self.val.count = len(self.val.pairs)

    def evaluate(self, networks: dict[str, nn.Module]) -> dict[str, float]:
        """Of each judge, the share of pixels and the mean IoU of what it reads against what was asked for."""
        judges = {name: models.load(registry.card(name)).network.eval() for name in JUDGES}
        found = {name: LabelMetrics(self.val.classes) for name in JUDGES}
        for index, (_, labels) in enumerate(self.val.pairs):
            given = self.val.whole(index)[0][None]
            pixels = functional.interpolate(
                self.drawn(networks, "a_to_b", given), scale_factor=ENLARGED, mode="bilinear"
            )
            for name, judge in judges.items():
                read = torch.softmax(logits(judge, pixels), dim=1)
                found[name].update(full_size_labels(read, *labels.shape), labels)
        values = {name: each.compute() for name, each in found.items()}
        return {
            f"val/{metric}_{name}": float(each[metric])
            for name, each in values.items()
            for metric in ("pixel_accuracy", "mean_iou")
        }
