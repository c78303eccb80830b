"""A card's network as one ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from segen.data import files
from segen.errors import CardError
from segen.registry import card

if TYPE_CHECKING:
    from torch import nn

ONNX_OPSET = 18


def export(card_name: str, path: Path) -> None:
    """Write the network of a segment card as one ONNX file; see `write`.

    C is the number of classes or, for two of them, 1, for a sigmoid.
    Raises CardError for other cards and for one with the option `onnx = false`, WeightsError for bad weights.
    """
    chosen = card(card_name, "segment")
    if not chosen.options.onnx:
        raise CardError("no_onnx", model=card_name)
    from segen import models

    write(models.load(chosen).network, path)


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
