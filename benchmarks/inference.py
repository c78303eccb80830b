"""The same networks by PyTorch as smp calls them, as the engine prepares them, and by ONNX Runtime.

Pictures are those of val in $SEGEN_DATA. It also writes the table of docs/inference.md.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

import onnxruntime
import segmentation_models_pytorch
import torch

from benchmarks import marked
from segen import models
from segen.data import datasets
from segen.engine import _prepared
from segen.imaging import images
from segen.models import onnx
from segen.models.int8 import Int8Network
from segen.models.segmentation.predictor import padded, two_class
from segen.models.segmentation.smp import SmpPredictor
from segen.registry import INT8, ModelCard, cards

PICTURES, ROUNDS = 8, 3
HEAD = ["card", "smp's plain call", "the engine's float32", "ONNX Runtime float32", "ONNX Runtime int8"]
HEAD += ["equal pixels, float32", "equal pixels, int8", "mean IoU on val", "with int8", "size of int8"]
PAGE = marked.DOCS / "inference.md"
Network = Callable[[torch.Tensor], torch.Tensor]


def main() -> Iterator[str]:
    """One row for each card with a copy in 8 bits: milliseconds, and how many times faster than smp."""
    torch.set_num_threads(1)
    rows = [HEAD]
    for card in cards("segment"):
        if (card.weights / INT8).is_file():
            rows.append(_row(card))
            yield ", ".join(f"{name}: {value}" for name, value in zip(HEAD, rows[-1], strict=True))
    marked.write(PAGE, "inference", marked.table(rows))


@torch.inference_mode()
def _row(card: ModelCard) -> list[str]:
    predictor = models.load(card)
    assert isinstance(predictor, SmpPredictor)
    pairs = datasets.pairs(datasets.locate(None, card.dataset), "val")[:PICTURES]
    seen = [padded(predictor.seen(images.read(pair.image))) for pair in pairs]
    seconds, labels = _measured(_networks(card, predictor), seen)
    plain = seconds[0]
    taken = [
        f"{median(times) * 1e3:.0f} ms, {median(a / b for a, b in zip(plain, times, strict=True)):.2f}x"
        for times in seconds
    ]
    equal = [
        sum(float((a == b).float().mean()) for a, b in zip(labels[0], found, strict=True)) / len(seen)
        for found in labels
    ]
    iou, size = card.int8() or {}, (card.weights / INT8).stat().st_size
    figures = [f"{iou[name]:.4f}" for name in ("float32", "int8")]
    shares = [f"{equal[2]:.3%}", f"{equal[3]:.1%}"]
    return [f"`{card.name}`", *taken, *shares, *figures, f"{size / 1e6:.1f} MB"]


def _networks(card: ModelCard, predictor: SmpPredictor) -> list[Network]:
    """In the order of HEAD."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        onnx.export(card.name, Path(folder) / "network.onnx")
        content = (Path(folder) / "network.onnx").read_bytes()
    session = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
    plain = segmentation_models_pytorch.from_pretrained(card.weights).float().eval()
    return [
        lambda pixels: plain(pixels.contiguous()),
        _prepared(predictor.network),
        lambda pixels: torch.from_numpy(session.run(None, {"pixels": pixels.contiguous().numpy()})[0]),
        Int8Network(card),
    ]


def _measured(
    networks: list[Network], seen: list[torch.Tensor]
) -> tuple[list[list[float]], list[list[torch.Tensor]]]:
    """The seconds of each network, in turn on each picture, and its labels of each picture."""
    labels = [[two_class(network(pixels)).argmax(dim=1) for pixels in seen] for network in networks]
    seconds: list[list[float]] = [[] for _ in networks]
    for pixels in seen * ROUNDS:
        for network, times in zip(networks, seconds, strict=True):
            began = perf_counter()
            network(pixels)
            times.append(perf_counter() - began)
    return seconds, labels
