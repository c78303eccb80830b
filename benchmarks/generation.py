"""64 pictures by the engine against what the network alone takes for them: no less can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from benchmarks.pairs import compare
from segen.engine import Engine
from segen.models.generation.predictor import BATCH
from segen.registry import ModelCard, cards
from segen.types import GenerateRequest

MOST, MAX_OF_DIFFUSION = 2.0, 1.15
STEPS = 50


def main() -> Iterator[str]:
    """One line for each card that generates: the ratio, and the most it may be."""
    engine = Engine("cpu")
    request = GenerateRequest(range(BATCH), steps=STEPS)
    for card in cards("generate"):
        if not card.weights.is_dir():
            yield f"{card.name}: skipped, its weights are not here yet"
            continue
        engine.run(card.name, request)
        network = engine._cache[card.name].network  # what is left once everything around it is taken away
        found = compare(
            lambda name=card.name: engine.run(name, request),  # type: ignore[misc]
            lambda card=card, network=network: _bare(card, network),  # type: ignore[misc]
            rounds=3 if _diffuses(card) else 9,
        )
        most = MAX_OF_DIFFUSION if _diffuses(card) else MOST
        what = f"{_calls(card)} forward passes" if _diffuses(card) else "one forward pass"
        yield (
            f"{card.name}, {BATCH} pictures / {what} of {BATCH}: {found.ratio:.2f} (at most {most})"
            f"   {found.first * 1e3:.0f} ms / {found.second * 1e3:.0f} ms"
        )


def _diffuses(card: ModelCard) -> bool:
    return card.options.diffusion


def _calls(card: ModelCard) -> int:
    """Of the network for one picture by diffusion."""
    return len(card.options.timesteps) or STEPS


@torch.inference_mode()
def _bare(card: ModelCard, network: Any) -> None:
    labels = torch.zeros(BATCH, dtype=torch.int64)
    if _diffuses(card):
        noisy = torch.zeros(BATCH, network.config.in_channels, *[network.config.sample_size] * 2)
        for timestep in range(_calls(card)):
            network(noisy, timestep, labels)
    elif hasattr(network, "decoder"):
        network.draw(torch.zeros(BATCH, network.latent))
    else:
        network(torch.zeros(BATCH, network.latent), labels)
