"""The same networks by PyTorch, plain, prepared and compiled, by ONNX Runtime and by OpenVINO, on one thread.

Pictures are those of val in $SEGEN_DATA. It also writes two tables of docs/inference.md.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain, islice
from pathlib import Path
from statistics import fmean, median
from time import perf_counter

import onnxruntime
import torch

from benchmarks import marked
from segen import models
from segen.data import datasets
from segen.engine import _prepared
from segen.imaging import images
from segen.models import onnx
from segen.models.int8 import Int8Network
from segen.models.segmentation.predictor import SegmentationPredictor, padded, two_class
from segen.registry import INT8, ModelCard, cards

PICTURES, ROUNDS = 8, 3
PLAIN, COMPILED = "plain call", "torch.compile"
FLOATS = ["the engine's float32", COMPILED, "ONNX Runtime float32", "OpenVINO float32"]
COPIES = ["ONNX Runtime int8", "OpenVINO int8"]
FREE = "OpenVINO int8, sides free"
TIMES = ["card", PLAIN, *FLOATS, *COPIES]
QUALITY = ["card", "float32, the least", *COPIES, FREE, "mean IoU on val", "with int8", "size of int8"]
NONE = "-"
PAGE = marked.DOCS / "inference.md"
Network = Callable[[torch.Tensor], torch.Tensor]


@dataclass
class Measured:
    """What one card's ways to an answer have, by their names.

    `first` are the seconds until the first answer, `seconds` those of each picture and round, and `equal` the
    share of pixels whose label is that of the plain call.
    """

    first: dict[str, float]
    seconds: dict[str, list[float]]
    equal: dict[str, float]


def main() -> Iterator[str]:
    """Two lines for each card: milliseconds, with how many times faster than the plain call, and quality."""
    if not find_spec("openvino"):
        yield 'OpenVINO is not installed; install it with: pip install -e ".[bench]"'
        return
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    times, qualities, found = [TIMES], [QUALITY], []
    for card in cards("segment"):
        if card.options.onnx:
            measured = _measured(card)
            found.append(measured)
            times.append([f"`{card.name}`", *(_time(measured, way) for way in TIMES[1:])])
            qualities.append(_quality(card, measured))
            for head, row in ((TIMES, times[-1]), (QUALITY, qualities[-1])):
                yield ", ".join(f"{name}: {value}" for name, value in zip(head, row, strict=True))
    marked.write(PAGE, "inference", marked.table(times))
    marked.write(PAGE, "equal", marked.table(qualities))
    told = f"{_first(found)} The load of the machine was {load:.1f} when this began."
    marked.write(PAGE, "first", told)
    yield told


def _time(measured: Measured, way: str) -> str:
    """Milliseconds, and the median of the ratios to the plain call on the same picture."""
    if way not in measured.seconds:
        return NONE
    ratios = [a / b for a, b in zip(measured.seconds[PLAIN], measured.seconds[way], strict=True)]
    return f"{median(measured.seconds[way]) * 1e3:.0f} ms, {median(ratios):.2f}x"


def _quality(card: ModelCard, measured: Measured) -> list[str]:
    """The row of QUALITY."""
    row = [f"`{card.name}`", f"{min(measured.equal[way] for way in FLOATS):.3%}"]
    ious = card.int8()
    if ious is None:
        return [*row, NONE, NONE, NONE, f"{card.report()['metrics']['mean_iou']:.4f}", NONE, NONE]
    row += [f"{measured.equal[way]:.1%}" for way in (*COPIES, FREE)]
    row += [f"{ious[name]:.4f}" for name in ("float32", "int8")]
    return [*row, f"{(card.weights / INT8).stat().st_size / 1e6:.1f} MB"]


def _first(found: list[Measured]) -> str:
    """How long each way takes until the first answer, over all cards."""

    def span(way: str) -> str:
        seconds = [measured.first[way] for measured in found if way in measured.first]
        return f"{min(seconds):.1f} to {max(seconds):.1f} s"

    told = ", ".join(f"{span(way)} with {way}" for way in (*FLOATS, *COPIES))
    return f"From a network's weights or file to its first answer it took {told}."


@torch.inference_mode()
def _measured(card: ModelCard) -> Measured:
    """All ways in turn on each picture, after one round that warms up."""
    seen = _seen(card)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = (
            folder  # what it compiled before would hide how long that takes
        )
        exported = Path(folder) / "network.onnx"
        onnx.export(card.name, exported)
        networks, first = {}, {}
        for way, make in _ways(card, exported, seen[0].shape).items():
            began = perf_counter()
            networks[way] = make()
            networks[way](seen[0])
            first[way] = perf_counter() - began
        labels = {way: [_labels(network, each) for each in seen] for way, network in networks.items()}
        equal = {
            way: fmean((a == b).float().mean().item() for a, b in zip(labels[PLAIN], found, strict=True))
            for way, found in labels.items()
        }
        networks.pop(FREE, None)
        seconds: dict[str, list[float]] = {way: [] for way in networks}
        for pixels in seen * ROUNDS:
            for way, network in networks.items():
                began = perf_counter()
                network(pixels)
                seconds[way].append(perf_counter() - began)
    return Measured(first, seconds, equal)


def _seen(card: ModelCard) -> list[torch.Tensor]:
    """The first pictures of val that the network sees at one size, that of the first: 1 x 3 x H x W each."""
    predictor = models.load(card)
    assert isinstance(predictor, SegmentationPredictor)
    pairs = datasets.pairs(datasets.locate(None, card.dataset), "val")
    seen = (padded(predictor.seen(images.read(pair.image))) for pair in pairs)
    first = next(seen)
    return list(islice((each for each in chain([first], seen) if each.shape == first.shape), PICTURES))


def _ways(card: ModelCard, exported: Path, shape: torch.Size) -> dict[str, Callable[[], Network]]:
    """What makes a network of each way to an answer, given the card's ONNX file and the pictures' shape."""

    def plain() -> Network:
        network = models.load(card).network.float().eval()
        return lambda pixels: network(pixels.contiguous())

    def prepared() -> torch.nn.Module:
        return _prepared(models.load(card).network)

    ways: dict[str, Callable[[], Network]] = {
        PLAIN: plain,
        "the engine's float32": prepared,
        COMPILED: lambda: torch.compile(prepared(), dynamic=False),
        "ONNX Runtime float32": lambda: _onnx_runtime(exported),
        "OpenVINO float32": lambda: _openvino(exported, shape),
    }
    copy = card.weights / INT8
    if copy.is_file():
        ways["ONNX Runtime int8"] = lambda: Int8Network(card)
        ways["OpenVINO int8"] = lambda: _openvino(copy, shape)
        ways[FREE] = lambda: _openvino(copy, None)
    return ways


def _onnx_runtime(path: Path) -> Network:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
    return lambda pixels: torch.from_numpy(session.run(None, {"pixels": pixels.contiguous().numpy()})[0])


def _openvino(path: Path, shape: torch.Size | None) -> Network:
    """The network of an ONNX file, for pictures of one shape or, without it, of any."""
    import openvino

    core = openvino.Core()
    network = core.read_model(path)
    if shape:
        network.reshape(list(shape))
    # Without the second, a processor that has bfloat16 may compute float32 in it.
    settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    compiled = core.compile_model(network, "CPU", settings)
    return lambda pixels: torch.from_numpy(compiled([pixels.contiguous().numpy()])[0])


def _labels(network: Network, pixels: torch.Tensor) -> torch.Tensor:
    return two_class(network(pixels)).argmax(dim=1)
