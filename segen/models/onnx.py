"""A card's network as one ONNX file."""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from segen.data import files
from segen.errors import CardError
from segen.models.folding import fold_batch_norm
from segen.registry import MULTIPLES, Task, card, check_direction
from segen.registry.options import SegmentOptions
from segen.types import TranslateRequest

if TYPE_CHECKING:
    from onnx import GraphProto

FORWARD = TranslateRequest.direction
ONNX_OPSET = 18
HALVED_FROM = 256
"""Numbers of a tensor: smaller ones, such as biases, weigh nothing."""


@dataclass(frozen=True)
class Graph:
    """What becomes of a card in ONNX: a module, an example of each input by its name, the output's name.

    `multiples` says for each side of the first input that is free of what it must be a multiple; the number
    of pictures, the first side of every input, is free too.
    """

    network: nn.Module
    inputs: dict[str, torch.Tensor]
    output: str
    multiples: dict[int, int]


def graph(card_name: str, direction: str = FORWARD) -> Graph:
    """The network of a card as it is exported, float32 all through:

    - segment: `pixels`, N x 3 x H x W RGB in [-1, 1], to `logits`, N x C x H x W, C being the number of
      classes or, for two of them, 1, for a sigmoid; H and W multiples of 32
    - translate: `pixels` as the direction's generator sees them, H and W multiples of 16, to `drawn`, about
      [-1, 1]
    - generate: `latents`, N x d, to `pixels`, N x C x H x W in [-1, 1]; or, by diffusion, `noisy`, N x C x H
      x W, and `timestep`, N int64, to `noise`. A conditional one takes `label`, N int64, too.

    Raises CardError for a card without a network or with the option `onnx = false`, WeightsError for
    bad weights, InputError for a direction that it lacks.
    """
    chosen = card(card_name)
    if chosen.task == "cluster" or (isinstance(chosen.options, SegmentOptions) and not chosen.options.onnx):
        raise CardError("no_onnx", model=card_name)
    if chosen.task == "translate" or direction != FORWARD:
        check_direction(chosen, direction)
    from segen import models

    network: Any = models.load(chosen).network
    if chosen.task == "segment":
        return Graph(network, {"pixels": torch.zeros(2, 3, 64, 96)}, "logits", _sides("segment"))
    if chosen.task == "translate":
        generator = network.generators[f"to_{direction}"]
        pixels = torch.zeros(2, generator.given, 64, 96)
        return Graph(generator, {"pixels": pixels}, "drawn", _sides("translate"))
    label = {"label": torch.zeros(2, dtype=torch.int64)} if chosen.conditional else {}
    if chosen.options.diffusion:
        shape = (2, network.config.in_channels, *(network.config.sample_size,) * 2)
        steps = {"timestep": torch.zeros(2, dtype=torch.int64)}
        return Graph(_Noise(network), {"noisy": torch.zeros(shape), **steps, **label}, "noise", {})
    given = {"latents": torch.zeros(2, network.latent), **label}
    return Graph(_Decoder(network), given, "pixels", {})


def _sides(task: Task) -> dict[int, int]:
    return {2: MULTIPLES[task], 3: MULTIPLES[task]}


class _Decoder(nn.Module):
    """Of a generator, or of a VAE with its prior, the way from latent vectors to pixels."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, latents: torch.Tensor, label: torch.Tensor | None = None) -> torch.Tensor:
        draw = getattr(self.network, "draw", None)
        pixels: torch.Tensor = draw(latents) if draw else self.network(latents, label)
        return pixels


class _Noise(nn.Module):
    """A diffusion network whose answer is a tensor."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, noisy: torch.Tensor, timestep: torch.Tensor, label: torch.Tensor | None = None
    ) -> torch.Tensor:
        noise: torch.Tensor = self.network(noisy, timestep, label, return_dict=False)[0]
        return noise


class _Clip(nn.Module):
    """ReLU6 as one operation: PyTorch takes its own apart for export, which is half of what that takes."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values.clamp(0, 6)


def _clip(network: nn.Module) -> nn.Module:
    """The network, in place, with each ReLU6 as one operation."""
    for module in network.modules():
        for name, part in list(module.named_children()):
            if isinstance(part, nn.ReLU6):
                setattr(module, name, _Clip())
    return network


def export(card_name: str, path: Path, direction: str = FORWARD) -> None:
    """Write the network of a card as one ONNX file. Raises what `graph` raises."""
    write(graph(card_name, direction), path)


def write(found: Graph, path: Path) -> None:
    """Write a graph as one ONNX file, its batch norm folded, checked before it takes its place."""
    from onnx import checker

    # Sides known to be multiples leave no rounding in the shapes, over which the export is slow
    batch = torch.export.Dim("batch")
    _, *others = found.inputs
    free = {side: times * torch.export.Dim(f"side{side}") for side, times in found.multiples.items()}
    program = torch.onnx.export(
        _clip(fold_batch_norm(found.network)),
        tuple(found.inputs.values()),
        dynamo=True,
        opset_version=ONNX_OPSET,
        input_names=list(found.inputs),
        output_names=[found.output],
        dynamic_shapes=[{0: batch, **free}, *({0: batch} for _ in others)],
        verbose=False,
    )
    assert program is not None
    with files.replacing(path) as temporary:
        program.save(temporary, external_data=False)
        checker.check_model(temporary, full_check=True)


def small(card_name: str, shape: tuple[int, int, int], direction: str = FORWARD) -> bytes:
    """The network of a card as an ONNX file for so many pictures at once, to be sent to browsers.

    Inputs and output are those of `graph`, sides free as there; a recurrent network is for pictures of the
    height and width in `shape` alone. The weights are kept in half precision, as they ship, and cast to
    float32 as the file is loaded; batch norm is left for the runtime to fold, so that this loses nothing.
    PyTorch's older exporter writes it in a second or two, where the newer takes ten. Raises what
    `graph` raises.
    """
    from onnx import load_model_from_string

    found, written = graph(card_name, direction), io.BytesIO()
    sides = dict(zip(found.multiples, shape[1:], strict=False))
    fixed = getattr(card(card_name).options, "recurrent", False)
    free = {} if fixed else {side: f"side{side}" for side in sides}
    examples = []
    for each in found.inputs.values():
        lengths = [sides.get(side, length) for side, length in enumerate(each.shape)]
        examples.append(each.new_zeros(shape[0], *lengths[1:]))
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is the older one, and what it took for a constant
        torch.onnx.export(
            found.network.eval(),
            tuple(examples),
            written,  # type: ignore[arg-type]  # of which only the newer one's type is told
            training=torch.onnx.TrainingMode.PRESERVE,
            dynamo=False,
            opset_version=ONNX_OPSET,
            input_names=list(found.inputs),
            output_names=[found.output],
            dynamic_axes={name: free for name in (next(iter(found.inputs)), found.output)},
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
