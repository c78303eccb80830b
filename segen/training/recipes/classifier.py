"""The classifier whose features measure grey pictures: cross-entropy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from segen import registry
from segen.data import files
from segen.data.listing import together
from segen.errors import DataError, UsageError
from segen.imaging import images
from segen.models import weights
from segen.models.features import classifier
from segen.models.features.classifier import Classifier
from segen.training.pictures import Pictures
from segen.training.recipe import Config, Place, Update
from segen.types import Image


@dataclass(frozen=True)
class ClassifierConfig(Config):
    """How the classifier is trained."""

    CHANGEABLE: ClassVar[frozenset[str]] = Config.CHANGEABLE | {"lr", "weight_decay"}
    dataset: str = "fashion"
    lr: float = 4e-3
    weight_decay: float = 1e-2
    smoothing: float = 0.05
    """Of the labels (Szegedy et al. 2016)."""


CONFIGS = [ClassifierConfig(classifier.NAME, steps=5_000, batch_size=128, evaluate_every=500, save_every=100)]
README = """---
license: apache-2.0
tags: [image-classification, segen]
---

# Classifier of garments (`{name}`)

Three convolutions and one hidden layer, trained from scratch. Its last hidden layer is the space in which
`segen evaluate` measures generated grey pictures; it is not a model of the app.

- Data: {data}, MIT (Fashion-MNIST, Xiao, Rasul and Vollgraf 2017)
- Accuracy on the test split, watched and never used to choose: {accuracy:.4f}
- Training: `python train.py {name} --data DIR`
"""


class ClassifierRecipe:
    """The recipe of the classifier."""

    def __init__(self, config: ClassifierConfig, place: Place) -> None:
        if place.init:
            raise UsageError("init_unlike", model=place.init)
        self.config = config
        self.train, self.test = together(
            *(partial(Pictures, place.data, config.dataset, split, border=0) for split in ("train", "test"))
        )
        if not self.train.labelled:
            raise DataError("no_labels")
        torch.manual_seed(config.seed)
        self.network = Classifier(len(registry.dataset_classes(config.dataset)))
        self.networks: dict[str, nn.Module] = {"network": self.network}
        self.kept: dict[str, nn.Module] = {}

    def dataset(self) -> Pictures:
        """The training pictures as they are."""
        return self.train

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """AdamW."""
        weight_decay = self.config.weight_decay
        return {
            "network": torch.optim.AdamW(self.network.parameters(), self.config.lr, weight_decay=weight_decay)
        }

    def schedulers(
        self, optimizers: dict[str, torch.optim.Optimizer]
    ) -> dict[str, torch.optim.lr_scheduler.LRScheduler]:
        """One cycle (Smith and Topin 2018)."""
        cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimizers["network"], self.config.lr, total_steps=self.config.steps + 1, pct_start=0.2
        )
        return {"network": cycle}

    def step(self, networks: dict[str, nn.Module], batch: Any, update: Update) -> dict[str, torch.Tensor]:
        """One batch."""
        pixels, labels = batch
        logits = networks["network"](pixels)
        loss = functional.cross_entropy(logits, labels, label_smoothing=self.config.smoothing)
        update("network", loss)
        return {"loss": loss, "accuracy": (logits.argmax(dim=1) == labels).float().mean()}

    def evaluate(self, networks: dict[str, nn.Module]) -> dict[str, float]:
        """The share of test pictures that are classified correctly."""
        network: Any = networks["network"]
        _, predicted = classifier.look(network, self.test.pictures[..., 0])
        return {"test/accuracy": float((predicted == self.test.labels).mean())}

    def samples(self, networks: dict[str, nn.Module]) -> Image:
        """The first misclassified test pictures, or the first of all if there are none."""
        network: Any = networks["network"]
        _, predicted = classifier.look(network, self.test.pictures[..., 0])
        wrong = np.flatnonzero(predicted != self.test.labels)[:64]
        shown = self.test.pictures[wrong if len(wrong) else slice(64)]
        return images.grid(np.repeat(shown, 3, axis=3))

    def export(self, networks: dict[str, nn.Module], folder: Path) -> None:
        """A folder in half precision, with a README.md on its purpose and accuracy."""
        network: Any = networks["network"]
        accuracy = self.evaluate(networks)["test/accuracy"]
        network.half().save_pretrained(folder)
        readme = README.format(name=self.config.name, data=self.config.dataset, accuracy=accuracy)
        files.write_text(folder / "README.md", readme)
        weights.seal(folder)


RECIPE = ClassifierRecipe
"""What trains the CONFIGS."""
