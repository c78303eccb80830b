"""How long work takes on this machine: told before it begins, learned from what was done."""

from __future__ import annotations

from segen.registry import ModelCard
from segen.text import words
from segen.ui.tabs.generate.objectives import known_timesteps

GUESSED_SPEED = 1e10
"""Multiply-adds a second, before anything was measured: two cores of a small machine."""
SLOW_SECONDS = 3.0
"""What takes longer starts only when it is asked for."""


class Pace:
    """Seconds that each card takes for a picture and a call of its network."""

    def __init__(self) -> None:
        self._measured: dict[str, float] = {}

    def note(self, card: ModelCard, calls: int, seconds: float) -> None:
        """Learn that `calls` of the network, one for each picture and step, took `seconds`."""
        self._measured[card.name] = seconds / max(1, calls)

    def seconds(self, card: ModelCard, calls: int) -> float:
        """About how long `calls` of the network will take."""
        of_one = card.multiply_adds / (known_timesteps(card) or 1)
        return calls * self._measured.get(card.name, of_one / GUESSED_SPEED)

    def told(self, card: ModelCard, calls: int, language: str) -> str:
        """The same in words, which say so if it is a guess; empty for what is done in a moment."""
        seconds = self.seconds(card, calls)
        if seconds < 1:
            return ""
        known = "estimate" if card.name in self._measured else "guess"
        if seconds < 100:
            return words(language, f"generate.{known}_seconds", seconds=f"{seconds:.0f}")
        return words(language, f"generate.{known}_minutes", minutes=f"{seconds / 60:.0f}")
