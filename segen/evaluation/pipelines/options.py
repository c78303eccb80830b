"""The options of a recipe's steps: their kinds, bounds and defaults, for each task."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

from segen import registry
from segen.errors import InputError
from segen.registry import ModelCard, Task
from segen.types import (
    DIRECTIONS,
    MAX_CLUSTERS,
    MAX_GUIDANCE,
    MAX_SAMPLING_STEPS,
    MAX_SEED,
    MAX_WEIGHT,
    SAMPLERS,
    SPACES,
    ClusterRequest,
    GenerateRequest,
    TranslateRequest,
)

SIDES = ("inside", "outside")
"""Where a mask lets a translation change the picture."""


@dataclass(frozen=True)
class Whole:
    """A whole number from `low` to `high`; null, too, where the `default` is None."""

    default: int | None
    low: int
    high: int

    def check(self, option: str, value: object) -> None:
        """Raise InputError for anything else; true and false are no numbers."""
        if value is None and self.default is None:
            return
        if type(value) is not int or not self.low <= value <= self.high:
            raise InputError("recipe_whole", option=option, low=self.low, high=f"{self.high:,}")


@dataclass(frozen=True)
class Real:
    """A number from `low` to `high`."""

    default: float
    low: float
    high: float

    def check(self, option: str, value: object) -> None:
        """Raise InputError for anything else; true and false are no numbers."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and isfinite(value) and self.low <= value <= self.high):  # type: ignore[arg-type,operator]
            raise InputError("recipe_number", option=option, low=f"{self.low:g}", high=f"{self.high:g}")


@dataclass(frozen=True)
class Choice:
    """One of the words of `known`."""

    default: str
    known: tuple[str, ...]

    def check(self, option: str, value: object) -> None:
        """Raise InputError for anything else."""
        if not isinstance(value, str) or value not in self.known:
            raise InputError("recipe_choice", option=option, known=", ".join(self.known))


@dataclass(frozen=True)
class Label:
    """A class by its id or a name of it, or null for none."""

    default: None = None

    def check(self, option: str, value: object) -> None:
        """Raise InputError for anything else; whether the card has the class is seen with the card."""
        if value is not None and type(value) is not int and not isinstance(value, str):
            raise InputError("recipe_label", option=option)


Kind = Whole | Real | Choice | Label
SEED = Whole(0, 0, MAX_SEED)
WEIGHT = Real(0.0, 0, MAX_WEIGHT)
OF_TASK: dict[Task, dict[str, Kind]] = {
    "segment": {},
    "cluster": {
        "k": Whole(ClusterRequest.k, 1, MAX_CLUSTERS),
        "space": Choice(ClusterRequest.space, SPACES),
        "position": WEIGHT,
        "texture": WEIGHT,
        "eps": Real(ClusterRequest.eps, 1e-6, 1_000),
        "min_samples": Whole(ClusterRequest.min_samples, 1, 1_000_000),
    },
    "generate": {
        "seed": SEED,
        "label": Label(),
        "sampler": Choice(GenerateRequest.sampler, SAMPLERS),
        "steps": Whole(GenerateRequest.steps, 1, MAX_SAMPLING_STEPS),
        "guidance": Real(GenerateRequest.guidance, 0, MAX_GUIDANCE),
    },
    "translate": {
        "direction": Choice(TranslateRequest.direction, DIRECTIONS),
        "strength": Real(TranslateRequest.strength, 0, 1),
        "seed": SEED,
    },
}
"""By the name that a recipe gives them."""
OF_MASK: dict[str, Kind] = {
    "class": Whole(None, 0, 255),
    "instance": Whole(None, 1, 1_000_000),
    "side": Choice(SIDES[0], SIDES),
    "border": Real(6.0, 0, 40),
}
"""Those that a translation within a mask has beside: a class, or an instance by its number in regions.json;
the side of it that changes; and the standard deviation in pixels of the Gaussian that softens its border."""


def known_options(task: Task, masked: bool) -> dict[str, Kind]:
    """The options of a step."""
    return OF_TASK[task] | (OF_MASK if masked else {})


def check_options(card: ModelCard, options: dict[str, Any], masked: bool) -> None:
    """Raise InputError for an option that is unknown, of the wrong kind, out of bounds, or not the card's."""
    known = known_options(card.task, masked)
    for option, value in options.items():
        if option not in known:
            raise InputError("recipe_option", option=option[:40], known=", ".join(known) or "–")
        known[option].check(option, value)
    if options.get("label") is not None:
        registry.class_id(card, str(options["label"]))
    if card.task == "translate":
        registry.check_direction(card, options.get("direction", TranslateRequest.direction))
