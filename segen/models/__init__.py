"""The model families: one file each, its networks first, then its predictor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from segen.errors import SegenError, WeightsError
from segen.registry import ModelCard
from segen.types import SegmentRequest, Step

if TYPE_CHECKING:
    from torch import nn


TRIED = (64, 64, 3)
"""The shape of the picture by which a card is tried that does not ship."""
_IMPORTING = Lock()
"""torchvision's modules import each other: two threads that begin at once would see half of them."""


class Predictor(Protocol):
    """A loaded model: one request in, any number of steps and then the value out.

    `network` holds every parameter, so that the engine can move, prepare and weigh it. The caller sets
    inference mode and holds the device while the iterator advances.
    """

    network: nn.Module

    def __call__(self, request: Any) -> Iterator[Step | Any]:
        """Yield a Step for each part of the work that is done, and the value last."""
        ...


def load(card: ModelCard) -> Predictor:
    """Build the card's predictor on the CPU. Raises WeightsError when its weights cannot be used."""
    module, function = card.loader.split(":")
    with _IMPORTING:
        loader = cast(Callable[[ModelCard], Predictor], getattr(import_module(module), function))
    try:
        predictor = loader(card)
    except SegenError:
        raise
    except Exception as fault:  # a configuration or tensors of something else, sealed as they are
        raise _unusable(card) from fault
    tensors = predictor.network.state_dict().values()
    if not all(bool(tensor.isfinite().all()) for tensor in tensors if tensor.is_floating_point()):
        raise _unusable(card)
    if card.folder is not None:
        _try(card, predictor)
    return predictor


def _try(card: ModelCard, predictor: Predictor) -> None:
    """Ask the predictor of a card that does not ship, which may fit its weights and still give no answer."""
    predictor.network.eval().requires_grad_(False)
    try:
        answers: list[Any] = [*predictor(SegmentRequest(np.zeros(TRIED, np.uint8)))]
    except Exception as fault:  # an option that only a picture brings to light
        raise _unusable(card) from fault
    if not np.isfinite(answers[-1].probabilities).all():
        raise _unusable(card)


def _unusable(card: ModelCard) -> WeightsError:
    if card.folder is None:
        return WeightsError("weights_unusable", model=card.name)
    return WeightsError("card_unusable", model=card.name)
