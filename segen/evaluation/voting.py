"""How several label maps of one picture agree: what most of them say of each pixel, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segen.types import Labels


@dataclass(frozen=True)
class Vote:
    """What the maps say together: `labels` has the id that most of them give each pixel, H x W.

    `dissent` is H x W float32, the share of the maps that give another id: 0 where all agree, below 1.
    """

    labels: Labels
    dissent: NDArray[np.float32]

    def unanimous(self) -> float:
        """The share of the pixels on which all maps agree, 0 to 1."""
        return float((self.dissent == 0).mean())


def vote(maps: Sequence[Labels]) -> Vote:
    """Count one or more H x W maps of ids; where ids have as many votes, the map that stands first wins."""
    ballots = np.stack(maps)
    # For each map's id, how many maps give the same: never more for a minority's than for the majority's.
    votes = np.stack([(ballots == ballot).sum(axis=0) for ballot in ballots])
    winners = votes.argmax(axis=0)[None]  # the first of equals
    labels = np.take_along_axis(ballots, winners, axis=0)[0]
    return Vote(labels, (1 - votes.max(axis=0) / len(ballots)).astype(np.float32))


def agreement(first: Labels, second: Labels) -> float:
    """The share of the pixels, 0 to 1, that two H x W maps label alike."""
    return float((first == second).mean())
