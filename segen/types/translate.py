"""Translation from picture to picture, and its cycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from segen.errors import InputError
from segen.types.request import Image, Request
from segen.types.seeds import check_seeds

Direction = Literal["forward", "backward"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
MAX_BLUR = 20.0
MAX_LEVELS = 256


def _check_direction(direction: str) -> None:
    if direction not in DIRECTIONS:
        raise InputError("unknown_direction", known=", ".join(DIRECTIONS))


@dataclass(frozen=True)
class Translation:
    """A picture of the other domain, H x W x 3, as large as the one given; if `grey`, its channels are one.

    `unknown_pixels` are the pixels of a label map whose colour is of no class, which became the nearest's,
    or those of a picture in place of a mask that were neither black nor white, before it was thresholded.
    """

    image: Image
    grey: bool = False
    unknown_pixels: int = 0


@dataclass(frozen=True)
class TranslateRequest(Request[Translation]):
    """Translate one picture of any size in a direction that the card has.

    `strength`, 0 to 1, mixes the picture (0) with its translation (1), pixel by pixel. `seed`, 0 to 2^63 - 1,
    is for networks that draw several pictures for one; of it, the last 32 bits count. Raises InputError for
    what is out of range; the predictor raises it for a direction that the card lacks.
    """

    task: ClassVar[str] = "translate"

    image: Image
    direction: Direction = "forward"
    strength: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        _check_direction(self.direction)
        if not 0 <= self.strength <= 1:
            raise InputError("strength_out_of_range")
        check_seeds((self.seed,))


@dataclass(frozen=True)
class Cycle:
    """A picture, its translation, and that translated back; all h x w x 3, as large as the networks saw it.

    `given` is A as the network saw it, `forward` is B', `passed` what was handed to the other generator,
    `backward` A'', and `identity` what that one makes of A itself, which it should leave alone. `error` is
    h x w float32, how far A'' is from A, averaged over channels, 0 to 1, and `mean_error` its mean.
    `discriminator_score_given` and `discriminator_score_translated` are h x w float32, 0 for drawn to 1 for
    real: how real the discriminator of either domain takes each patch of A, and of B', to be.
    `unknown_pixels` is as in a Translation.
    """

    given: Image
    forward: Image
    passed: Image
    backward: Image
    identity: Image
    error: NDArray[np.float32]
    mean_error: float
    discriminator_score_given: NDArray[np.float32]
    discriminator_score_translated: NDArray[np.float32]
    unknown_pixels: int = 0


@dataclass(frozen=True)
class CycleRequest(Request[Cycle]):
    """Translate a picture forward and backward, and measure the results.

    A cycle can hide the picture in its translation, too faintly to see (Chu et al. 2017), which shows when
    the translation is degraded in between: rounded to `levels` values a channel (2 to 256, which is what
    8 bits hold; None leaves it as the network drew it), and blurred by a Gaussian of standard deviation
    `blur` pixels, 0 to 20. Raises InputError for what is out of range; the predictor raises it for a
    direction that the card lacks, and for a card that has no way back.
    """

    task: ClassVar[str] = "translate"

    image: Image
    direction: Direction = "forward"
    levels: int | None = None
    blur: float = 0.0

    def __post_init__(self) -> None:
        _check_direction(self.direction)
        if self.levels is not None and not 2 <= self.levels <= MAX_LEVELS:
            raise InputError("levels_out_of_range", most=MAX_LEVELS)
        if not 0 <= self.blur <= MAX_BLUR:
            raise InputError("blur_out_of_range", most=f"{MAX_BLUR:.0f}")
