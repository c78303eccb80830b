"""A copy of a network in whole numbers of 8 bits, which ONNX Runtime computes on a processor.

PyTorch's network in float32 is the reference: all that looks inside a network asks that one. The copy, which
`python -m segen.training.quantizing` makes, only answers sooner.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, cast

import torch

from segen.errors import WeightsError
from segen.models import Predictor
from segen.registry import INT8, ModelCard


class Int8Network:
    """The copy of a card, called as its network is. The card's checksums have been compared before."""

    def __init__(self, card: ModelCard) -> None:
        """Raises WeightsError for a file that ONNX Runtime cannot use."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        # Threads that wait must not keep a core from others.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            content = (card.weights / INT8).read_bytes()
            self._session = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
        except Exception as fault:  # of many kinds, as the file is damaged
            raise WeightsError("weights_unusable", model=card.name) from fault

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Class logits, N x C x H x W, of N x 3 x H x W pixels in [-1, 1], sides multiples of 32.

        Raises MemoryError where there is too little memory.
        """
        try:
            (answer,) = self._session.run(None, {"pixels": pixels.contiguous().numpy()})
        except Exception as fault:
            if "allocat" in str(fault):
                raise MemoryError from fault
            raise
        return torch.from_numpy(answer)


def attach(predictor: Predictor, card: ModelCard, device: torch.device) -> None:
    """Let a predictor use the copy, where there is one and ONNX Runtime, and the device is a processor.

    Raises WeightsError for a file that cannot be used.
    """
    if device.type == "cpu" and (card.weights / INT8).is_file() and find_spec("onnxruntime"):
        cast(Any, predictor).int8 = Int8Network(card)
