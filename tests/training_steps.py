"""One step of a recipe in a test: a batch for it, and what stands in for the loop."""

from __future__ import annotations

import torch

from segen.training.recipes.gan import Gan
from segen.training.recipes.vae import VaeRecipe


class Recorder:
    """Stands in for the loop's update, and keeps the losses."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, torch.Tensor]] = []

    def __call__(self, name: str, loss: torch.Tensor) -> None:
        self.calls.append((name, loss))


def batch_of(recipe: Gan | VaeRecipe, count: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    """The first pictures that a recipe trains on, and their classes."""
    items = [recipe.train[index] for index in range(count)]
    return torch.stack([pixels for pixels, _ in items]), torch.tensor([label for _, label in items])
