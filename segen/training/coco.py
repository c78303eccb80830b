"""The weights that `train.py --coco` starts from: `python -m segen.training.coco FOLDER DATA` writes them.

FOLDER holds `model.json` and the shards of SSDLite on MobileNetV2 as TensorFlow.js keeps it (docs/data.md).
There batch norm is folded into the convolutions. Here it is unfolded by the statistics of photographs in
DATA/animals, so that it can be trained as usual; what the network tells stays as it was.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn

from segen.data import datasets, files
from segen.errors import SegenError, WeightsError, sentence
from segen.imaging import images
from segen.models.features.coco import FILE, Detector
from segen.models.tensors import to_tensor

BACKBONE = "FeatureExtractor/MobilenetV2/"
LAYERS = [
    "Conv", "expanded_conv/depthwise", "expanded_conv/project",
    *(
        f"expanded_conv_{number}/{part}"
        for number in range(1, 17) for part in ("expand", "depthwise", "project")
    ),
    "Conv_1",
]  # fmt: skip
"""Of the backbone, each a convolution and its batch norm, in the order of torchvision's."""
KINDS: dict[str, Any] = {"float32": np.float32, "int32": np.int32, "bool": np.bool_}
EPSILON = 1e-3
"""Of the heads' batch norm."""
PHOTOGRAPHS, SIDE, BATCH = 200, 224, 20
"""How many give the statistics, the side of what is seen of each, and how many go at once."""


def main(folder: tyro.conf.Positional[Path], data: tyro.conf.Positional[Path]) -> int:
    """Convert the weights in `folder`, and write them under the data root `data`; the exit code."""
    try:
        detector = converted(folder)
        paths = datasets.pictures(datasets.locate(str(data), "animals"), "train")
        unfold(detector.features, random.Random(0).sample(paths, min(PHOTOGRAPHS, len(paths))))
        (data / FILE).parent.mkdir(exist_ok=True)
        with files.replacing(data / FILE) as temporary:
            save_file(detector.state_dict(), temporary)
    except SegenError as error:
        print(sentence(error), file=sys.stderr)
        return 1
    print(data / FILE)
    return 0


def converted(folder: Path) -> Detector:
    """The detector with its batch norm folded. Raises WeightsError where `folder` holds none."""
    detector = Detector().eval()
    try:
        found = _read(folder)
        layers = list(detector.features.modules())
        convolutions = [each for each in layers if isinstance(each, nn.Conv2d)]
        norms = [each for each in layers if isinstance(each, nn.BatchNorm2d)]
        for name, convolution, norm in zip(LAYERS, convolutions, norms, strict=True):
            _fill(convolution, norm, found, BACKBONE + name)
        for number, head in enumerate(detector.heads):
            _fill_head(head, found, f"BoxPredictor_{number}/ClassPredictor")
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):
        raise WeightsError("coco_unlike", folder=folder.name) from None
    return detector


def _read(folder: Path) -> dict[str, NDArray[Any]]:
    """The arrays of TensorFlow.js's weights by their names."""
    found: dict[str, NDArray[Any]] = {}
    for group in json.loads((folder / "model.json").read_text(encoding="utf-8"))["weightsManifest"]:
        data, begin = b"".join((folder / Path(path).name).read_bytes() for path in group["paths"]), 0
        for each in group["weights"]:
            kind, count = np.dtype(KINDS[each["dtype"]]), int(np.prod(each["shape"]))
            array = np.frombuffer(data, kind, count, begin).reshape(each["shape"])
            found[each["name"]], begin = array, begin + array.nbytes
    return found


def _fill(convolution: nn.Conv2d, norm: nn.BatchNorm2d, found: dict[str, NDArray[Any]], name: str) -> None:
    """A convolution with its batch norm's scale in it, and a batch norm that only adds."""
    if convolution.groups > 1:
        depthwise = found[f"{name}/depthwise_weights"].transpose(2, 3, 0, 1)
        kernel = depthwise * found[f"{name}/BatchNorm/batchnorm/mul"][:, None, None, None]
    else:
        kernel = found[f"{name}/Conv2D/merged_input"].transpose(3, 2, 0, 1)
    _put(convolution.weight, kernel)
    _put(norm.bias, found[f"{name}/BatchNorm/batchnorm/sub"])
    norm.running_var.fill_(1 - norm.eps)  # type: ignore[union-attr]


def _fill_head(head: Any, found: dict[str, NDArray[Any]], name: str) -> None:
    """The depthwise convolution with its batch norm in it, and the one that tells the classes."""
    mean, variance, scale, offset = (
        found[f"{name}_depthwise/BatchNorm/{each}"]
        for each in ("moving_mean", "moving_variance", "gamma", "beta")
    )
    scale = scale / np.sqrt(variance + EPSILON)
    kernel = found[f"{name}_depthwise/depthwise_weights"].transpose(2, 3, 0, 1)
    _put(head[0].weight, kernel * scale[:, None, None, None])
    _put(head[0].bias, offset - mean * scale)
    _put(head[2].weight, found[f"{name}/weights"].transpose(3, 2, 0, 1))
    _put(head[2].bias, found[f"{name}/biases"])


def _put(parameter: torch.Tensor, array: NDArray[Any]) -> None:
    """Copy an array of the same shape. Raises ValueError for another."""
    if parameter.shape != array.shape:
        raise ValueError(array.shape)
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.array(array, dtype=np.float32)))


@torch.no_grad()
def unfold(features: nn.Module, paths: list[Path]) -> None:
    """Give batch norms that only add the mean and variance of what they see of photographs, and undo both."""
    batch = torch.cat([to_tensor(_cropped(path)) for path in paths])
    norms = [each for each in features.modules() if isinstance(each, nn.BatchNorm2d)]
    sums = {id(norm): torch.zeros(3, norm.num_features, dtype=torch.float64) for norm in norms}

    def add(norm: nn.Module, given: tuple[torch.Tensor], _: torch.Tensor) -> None:
        values = given[0].transpose(0, 1).flatten(1).double()
        count = torch.full((len(values),), float(values.shape[1]))
        sums[id(norm)] += torch.stack([count, values.sum(dim=1), values.square().sum(dim=1)])

    hooks = [norm.register_forward_hook(add) for norm in norms]
    for part in torch.split(batch, BATCH):
        features(part)
    for hook in hooks:
        hook.remove()
    for norm in norms:
        count, total, squares = sums[id(norm)]
        mean, variance = total / count, squares / count - (total / count).square()
        norm.running_mean, norm.running_var = mean.float(), variance.clamp(min=0).float()
        norm.weight.copy_((norm.running_var + norm.eps).sqrt())
        norm.bias.add_(norm.running_mean)


def _cropped(path: Path) -> NDArray[np.uint8]:
    """SIDE x SIDE x 3, the upper left of a picture, grey where it is smaller."""
    picture = images.read(path)[:SIDE, :SIDE]
    square = np.full((SIDE, SIDE, 3), 127, dtype=np.uint8)
    square[: len(picture), : picture.shape[1]] = picture
    return square


if __name__ == "__main__":
    raise SystemExit(tyro.cli(main))
