"""`python -m segen.training.quantizing CARD`: a copy of a segmentation network in whole numbers of 8 bits.

Sources: Jacob et al. 2018 (whole numbers of 8 bits for weights and activations), Krishnamoorthi 2018 (a scale
for each channel of the weights), Nagel et al. 2019 (biases that make up for the rounding of weights).
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import numpy as np
import tyro
from numpy.typing import NDArray

from segen import models, registry
from segen.data import datasets, files
from segen.errors import CardError, SegenError, sentence
from segen.imaging import images
from segen.models import onnx as networks
from segen.models import weights
from segen.models.segmentation.predictor import SegmentationPredictor, padded
from segen.models.segmentation.smp import SmpPredictor
from segen.registry import INT8, ModelCard
from segen.types import Image

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto
    from onnxruntime import InferenceSession
    from onnxruntime.quantization.onnx_model import ONNXModel

Array = NDArray[np.float32]

CHANNELS = 16
"""ONNX Runtime multiplies so many at once; a convolution to 11 takes over twice as long as one to 16."""

PICTURES = 40
"""Of the training set; more changed nothing."""
MOST, MOST_MIXED = 127, 64
"""The largest weight of a channel, as a whole number; of a convolution that mixes channels, the smaller.

Processors without instructions for 8 bits add two products in 16 bits, which 2 x 255 x 64 does not exceed: so
that every processor gives the same answer.
"""


def quantize(card: ModelCard, data: str | None) -> Path:
    """Write the copy beside the weights of a card, and seal the folder anew.

    Activations are measured on pictures of the training set in `data`, which is as in `datasets.locate`.
    Raises CardError for a card that has no network of segmentation_models_pytorch, DataError and WeightsError
    for what cannot be used.
    """
    from onnxruntime.quantization.shape_inference import quant_pre_process

    predictor = models.load(card)
    if not isinstance(predictor, SmpPredictor):
        raise CardError("no_int8", model=card.name)
    pairs = datasets.pairs(datasets.locate(data, card.dataset), "train")
    chosen = random.Random(0).sample(pairs, min(PICTURES, len(pairs)))
    seen = [pixels for pair in chosen for pixels in _seen(predictor, images.read(pair.image))]
    with tempfile.TemporaryDirectory() as folder:
        exported, prepared, copy = (Path(folder) / name for name in ("network", "prepared", "copy"))
        networks.export(card.name, exported)
        quant_pre_process(str(exported), str(prepared), skip_symbolic_shape=True)
        _rounded(prepared, copy, seen)
        with files.replacing(card.weights / INT8) as temporary:
            temporary.write_bytes(copy.read_bytes())
    weights.seal(card.weights)
    return card.weights / INT8


def _seen(predictor: SegmentationPredictor, image: Image) -> Iterator[Array]:
    """A picture as the network sees it, at each scale: 1 x 3 x h x w."""
    for scale in predictor.scales:
        yield padded(predictor.seen(image, scale)).contiguous().numpy()


def _rounded(network: Path, copy: Path, seen: list[Array]) -> None:
    """Write the copy of a network, both ONNX files, without what tells of the machine that made it."""
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # which has no types
        def __init__(self) -> None:
            self._left = iter(seen)

        def get_next(self) -> dict[str, Array] | None:
            pixels = next(self._left, None)
            return None if pixels is None else {"pixels": pixels}

    model = onnx.load(network)
    _correct_biases(model, seen)
    alone = {"quant_type": QuantType.QInt8, "axis": 0, "symmetric": True, "reduce_range": False}
    quantize_static(
        model,
        copy,
        Reader(),
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        activation_type=QuantType.QUInt8,
        extra_options={
            "CalibMovingAverage": True,
            "TensorQuantOverrides": {
                node.input[1]: [alone] for node in _convolutions(model) if _groups(node) > 1
            },
        },
    )
    model = _rearranged(onnx.load(copy), seen[0])
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    del model.graph.value_info[:]
    onnx.save(model, copy)


def _rearranged(model: ModelProto, pixels: Array) -> ModelProto:
    """A rounded network in operations that ONNX Runtime is quicker at, where its answer to `pixels` stays."""
    from onnx import ModelProto
    from onnxruntime.quantization.onnx_model import ONNXModel
    from onnxscript.optimizer import remove_unused_nodes

    quick = ModelProto()
    quick.CopyFrom(model)
    network = ONNXModel(quick)
    _repeat_bytes(network)
    _fill_up(network)
    remove_unused_nodes(quick)
    network.topological_sort()
    same = np.array_equal(*(_session(each).run(None, {"pixels": pixels})[0] for each in (model, quick)))
    return quick if same else model


def _repeat_bytes(network: ONNXModel) -> None:
    """Enlarge to twice the sides by repeating columns, then rows, in place of looking up each nearest pixel.

    A picture whose channels come last, h x w x c, is repeated along its channels, which are then read as
    columns: h x w x 2c as h x 2w x c. It is repeated along its width, which is then read as rows.
    """
    from onnx import helper, numpy_helper

    for name, factors in (("twice.wide", [1, 1, 2, 1]), ("twice.both", [1, 2, 2, 1])):
        network.add_initializer(numpy_helper.from_array(np.array(factors), name))
    makers, readers = network.output_name_to_node(), network.input_name_to_nodes()
    for node in [each for each in network.nodes() if each.op_type == "Resize" and _mode(each) == "nearest"]:
        before, after = makers.get(node.input[0]), readers[node.output[0]]
        kinds = [each.op_type for each in (before, *after) if each]
        if kinds != ["DequantizeLinear", "QuantizeLinear"]:  # else the same 8 bits stand before and behind it
            continue
        given, kept = before.input[0], after[0].output
        last, shape, wide, both, pairs, columns, rows, large = (f"{node.name}.{step}" for step in range(8))
        network.add_nodes(
            [
                helper.make_node("Transpose", [given], [last], perm=[0, 2, 3, 1]),
                helper.make_node("Shape", [last], [shape]),
                helper.make_node("Mul", [shape, "twice.wide"], [wide]),
                helper.make_node("Mul", [shape, "twice.both"], [both]),
                helper.make_node("Concat", [last, last], [pairs], axis=3),
                helper.make_node("Reshape", [pairs, wide], [columns]),
                helper.make_node("Concat", [columns, columns], [rows], axis=2),
                helper.make_node("Reshape", [rows, both], [large]),
                helper.make_node("Transpose", [large], kept, perm=[0, 3, 1, 2]),
            ]
        )
        network.remove_nodes([node, *after])


def _fill_up(network: ONNXModel) -> None:
    """Let a convolution at the end have a multiple of CHANNELS channels, of which those added are cut off."""
    from onnx import helper, numpy_helper

    makers = network.output_name_to_node()
    rounding = makers[makers[network.graph().output[0].name].input[0]]
    convolution = makers[rounding.input[0]]
    if convolution.op_type != "Conv":
        return
    for parameter in convolution.input[1:]:
        for index, name in enumerate(makers[parameter].input):  # whole numbers, scales, what stands for 0
            tensor = network.get_initializer(name)
            values = numpy_helper.to_array(tensor)
            if index and values.size == 1:  # which is for every channel
                continue
            count = len(values)
            added = np.repeat(values[-1:], -count % CHANNELS, axis=0)
            tensor.CopyFrom(numpy_helper.from_array(np.concatenate([values, added]), name))
    if count % CHANNELS == 0:
        return
    for name, value in (("cut.from", 0), ("cut.to", count), ("cut.axis", 1)):
        network.add_initializer(numpy_helper.from_array(np.array([value]), name))
    (kept,) = rounding.output
    rounding.output[0] = "cut.given"
    network.add_node(helper.make_node("Slice", ["cut.given", "cut.from", "cut.to", "cut.axis"], [kept]))


def _mode(node: NodeProto) -> str:
    return next((each.s.decode() for each in node.attribute if each.name == "mode"), "nearest")


def _correct_biases(model: ModelProto, seen: list[Array]) -> None:
    """Add to each bias what the rounding of weights takes from the mean of its channel."""
    from onnx import numpy_helper

    means = _input_means(model, seen)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in _convolutions(model):
        values, groups = numpy_helper.to_array(tensors[node.input[1]]), _groups(node)
        scale = np.abs(values).max(axis=(1, 2, 3), keepdims=True) / (MOST if groups > 1 else MOST_MIXED)
        scale = np.maximum(scale, np.finfo(np.float32).tiny)  # of a channel whose weights are all 0
        lost = (values - np.round(values / scale) * scale).sum(axis=(2, 3))
        by_group = lost.reshape(groups, -1, lost.shape[1])
        missing = np.einsum("goi,gi->go", by_group, means[node.input[0]].reshape(groups, -1)).ravel()
        if len(node.input) > 2:
            bias = tensors[node.input[2]]
            missing += numpy_helper.to_array(bias)
        else:
            bias = model.graph.initializer.add()
            bias.name = f"{node.input[1]}.bias"
            node.input.append(bias.name)
        bias.CopyFrom(numpy_helper.from_array(missing.astype(np.float32), bias.name))


def _input_means(model: ModelProto, seen: list[Array]) -> dict[str, Array]:
    """The mean of each channel of what every convolution is given."""
    from onnx import ModelProto, TensorProto, helper

    names = sorted({node.input[0] for node in _convolutions(model)} - {"pixels"})
    watched = ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names
    )
    session = _session(watched)
    sums: dict[str, Any] = dict.fromkeys(["pixels", *names], 0.0)
    for pixels in seen:
        values = [pixels, *session.run(names, {"pixels": pixels})]
        for name, value in zip(sums, values, strict=True):
            sums[name] = sums[name] + value.mean(axis=(0, 2, 3), dtype=np.float64)
    return {name: value / len(seen) for name, value in sums.items()}


def _session(model: ModelProto) -> InferenceSession:
    import onnxruntime

    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def _convolutions(model: ModelProto) -> list[NodeProto]:
    return [node for node in model.graph.node if node.op_type == "Conv"]


def _groups(node: NodeProto) -> int:
    return cast(int, next((each.i for each in node.attribute if each.name == "group"), 1))


def main(
    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="CARD")], data: str | None = None
) -> int:
    """Write int8.onnx beside the weights of a card: a copy of its network in whole numbers of 8 bits.

    `segen evaluate` then measures the copy, and with --float32 the network itself.

    Args:
        name: The card of a network of segmentation_models_pytorch.
        data: A folder (docs/data.md). Default: $SEGEN_DATA.
    """
    try:
        path = quantize(registry.card(name, "segment"), data)
    except SegenError as error:
        print(sentence(error), file=sys.stderr)
        return 1
    print(f"{path}: {path.stat().st_size:,} bytes", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
