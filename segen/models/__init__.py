"""The model families: one file each, its networks first, then its predictor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, cast

from segen.errors import SegenError, WeightsError
from segen.registry import ModelCard
from segen.types import Step

if TYPE_CHECKING:
    from torch import nn


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
    return predictor


def _unusable(card: ModelCard) -> WeightsError:
    if card.folder is None:
        return WeightsError("weights_unusable", model=card.name)
    return WeightsError("card_unusable", model=card.name)
