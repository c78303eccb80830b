"""Training that one watches: a small network learns to draw garments, with a look at it every few steps.

The networks are those of a card's family, smaller, begun anew for each request and dropped at its end; what
they learn from is drawn by the code. The losses are those of `segen.training.recipes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np
import torch

from segen.data.synthetic import garments
from segen.imaging import images
from segen.models import latents
from segen.models.generation.predictor import pictures_of, pixels_of
from segen.types import Image, LiveTraining, LiveTrainingRequest, Step

GARMENTS = 1_000
"""Drawn pictures to learn from."""
BATCH = 32
SHOWN = 32
"""Pictures in each look, of the same latent vectors throughout."""
COLUMNS = 8
LOOK_EVERY = 5
"""Steps between two looks: the device is free for others in between."""
KEPT = 6
"""Looks that are kept to be compared in the end, at steps that grow by a constant factor."""
Losses = dict[str, float]


class Learner(Protocol):
    """Networks that learn: pixels are N x 1 x side x side in [-1, 1]."""

    side: int
    latent: int

    def step(self, pixels: torch.Tensor, rng: torch.Generator) -> Losses:
        """One step of every network, and its losses by name."""
        ...

    def drawn(self, vectors: torch.Tensor) -> torch.Tensor:
        """The pixels of N x latent vectors."""
        ...


def descend(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    """One step down the loss."""
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def train(learner: Callable[[], Learner], request: LiveTrainingRequest) -> Iterator[Step | LiveTraining]:
    """Train a new learner from the request's seed; a Step for each look, with 32 pictures as its preview.

    Nothing of it is kept. The same seed gives the same pictures on one machine.
    """
    with _learning(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(request.seed)
        pupil = learner()
        rng = torch.Generator().manual_seed(request.seed)
        drawn = np.stack([garments.garment(number)[0] for number in range(GARMENTS)])
        pixels = pixels_of(np.repeat(drawn[..., None], 3, axis=3), pupil.side, grey=True)
        vectors = torch.from_numpy(latents.noise(range(SHOWN), (pupil.latent,)))
    looks: dict[int, Image] = {0: _look(pupil, vectors)}
    losses: dict[str, list[float]] = {}
    yield Step(0, request.steps, looks[0])
    for begin in range(0, request.steps, LOOK_EVERY):
        done = min(begin + LOOK_EVERY, request.steps)
        with _learning():
            for _ in range(begin, done):
                chosen = torch.randint(GARMENTS, (BATCH,), generator=rng)
                for name, loss in pupil.step(pixels[chosen], rng).items():
                    losses.setdefault(name, []).append(loss)
        looks[done] = _look(pupil, vectors)
        yield Step(done, request.steps, looks[done])
    kept = _spread(sorted(looks))
    curves = {name: np.array(values, np.float32) for name, values in losses.items()}
    yield LiveTraining(tuple(kept), np.stack([looks[step] for step in kept]), curves)


@contextmanager
def _learning() -> Iterator[None]:
    """Gradients, within the engine's inference mode."""
    with torch.inference_mode(False), torch.enable_grad():
        yield


def _look(pupil: Learner, vectors: torch.Tensor) -> Image:
    """The pictures of the vectors as a grid."""
    with torch.no_grad():
        return images.grid(pictures_of(pupil.drawn(vectors), garments.SIDE, garments.SIDE), COLUMNS)


def _spread(steps: list[int]) -> list[int]:
    """At most KEPT of the steps, the first and the last among them, growing by a constant factor."""
    wanted = [0, *np.geomspace(max(1, steps[1]), steps[-1], KEPT - 1)]
    return sorted({min(steps, key=lambda step: abs(step - place)) for place in wanted})
