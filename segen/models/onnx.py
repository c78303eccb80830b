"""A card's network as one ONNX file."""

from __future__ import annotations

import io
import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segen.data import files
from segen.errors import CardError
from segen.registry import card

if TYPE_CHECKING:
    from onnx import GraphProto
    from torch import nn

ONNX_OPSET = 18
HALVED_FROM = 256
"""Numbers of a tensor: smaller ones, such as biases, weigh nothing."""


def export(card_name: str, path: Path) -> None:
    """Write the network of a segment card as one ONNX file; see `write`.

    C is the number of classes or, for two of them, 1, for a sigmoid.
    Raises CardError for other cards and for one with the option `onnx = false`, WeightsError for bad weights.
    """
    write(_network(card_name), path)


def _network(card_name: str) -> nn.Module:
    """The network of a card that can be exported, as it was trained. Raises what `export` raises."""
    chosen = card(card_name, "segment")
    if not chosen.options.onnx:
        raise CardError("no_onnx", model=card_name)
    from segen import models

    return models.load(chosen).network


def write(network: nn.Module, path: Path) -> None:
    """Write a network as one ONNX file, its batch norm folded, checked before it takes its place.

    Input `pixels` is N x 3 x H x W float32 RGB in [-1, 1], output `logits` N x C x H x W; N, H and W are
    free, with H and W multiples of 32.
    """
    import torch
    from onnx import checker

    from segen.models.folding import fold_batch_norm

    # Sides known to be multiples of 32 leave no rounding in the shapes, over which the export is slow
    batch, rows, columns = map(torch.export.Dim, ("batch", "rows", "columns"))
    program = torch.onnx.export(
        fold_batch_norm(network),
        (torch.zeros(2, 3, 64, 96),),
        dynamo=True,
        opset_version=ONNX_OPSET,
        input_names=["pixels"],
        output_names=["logits"],
        dynamic_shapes=[{0: batch, 2: 32 * rows, 3: 32 * columns}],
        verbose=False,
    )
    assert program is not None
    with files.replacing(path) as temporary:
        program.save(temporary, external_data=False)
        checker.check_model(temporary, full_check=True)


def small(card_name: str, height: int, width: int) -> bytes:
    """The network of a segment card as an ONNX file for one picture of a fixed size, to be sent to browsers.

    Input and output are those of `write`, with N = 1. The weights are kept in half precision, as they ship,
    and cast to float32 as the file is loaded; batch norm is left for the runtime to fold, so that this loses
    nothing. PyTorch's older exporter writes it in a second or two, where the newer takes half a minute.
    Raises what `export` raises.
    """
    import torch
    from onnx import load_model_from_string

    network, written = _network(card_name).eval(), io.BytesIO()
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is the older one, and what it took for a constant
        torch.onnx.export(
            network,
            (torch.zeros(1, 3, height, width),),
            written,  # type: ignore[arg-type]  # of which only the newer one's type is told
            training=torch.onnx.TrainingMode.PRESERVE,
            dynamo=False,
            opset_version=ONNX_OPSET,
            input_names=["pixels"],
            output_names=["logits"],
        )
    model = load_model_from_string(written.getvalue())
    _halve(model.graph)
    content: bytes = model.SerializeToString()
    return content


def _halve(graph: GraphProto) -> None:
    """Keep the larger float32 tensors of a graph in half precision, each with a node that casts it back."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and math.prod(tensor.dims) >= HALVED_FROM:
            name, values = tensor.name, numpy_helper.to_array(tensor)
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
