"""MobileNetV2 as the classifier it was trained to be: one label for a picture, and where it comes from.

Sources: Sandler et al. 2018 (MobileNetV2); Zhou et al. 2016 (class activation maps). Its weights are not
shipped: they come from the data root or from torchvision's download.
"""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional
from torchvision.models import MobileNet_V2_Weights, mobilenet_v2

from segen import weights
from segen.errors import WeightsError
from segen.types import Classification

FILE = "weights/mobilenet_v2_imagenet.safetensors"
"""Under $SEGEN_DATA: trained on pixels in [-1, 1], under torchvision's tensor names."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels in [0, 1], by which torchvision's weights want them normalised."""
LABELS = 5


def classify(pixels: torch.Tensor) -> Classification:
    """The likeliest labels of 1 x 3 x H x W pixels in [-1, 1], each with its class activation map.

    The network is loaded for this one picture. Raises WeightsError where there are no weights.
    """
    path = _weights_file()
    with torch.device("meta"):  # no time and no random numbers for weights that are replaced
        network = mobilenet_v2()
    network.load_state_dict(weights.read_tensors(path), assign=True)
    network.eval().to(pixels.device)
    if path.suffix != ".safetensors":
        mean, std = (torch.tensor(values, device=pixels.device)[:, None, None] for values in (MEAN, STD))
        pixels = ((pixels + 1) / 2 - mean) / std
    features = network.features(pixels)
    head = network.classifier[1]
    assert isinstance(head, nn.Linear)
    probabilities = functional.softmax(head(features.mean(dim=(2, 3)))[0], dim=0)
    likeliest = probabilities.topk(LABELS)
    activations = torch.einsum("kc,chw->khw", head.weight[likeliest.indices], features[0])
    names = MobileNet_V2_Weights.IMAGENET1K_V1.meta["categories"]
    return Classification(
        labels=tuple(names[index] for index in likeliest.indices.tolist()),
        probabilities=tuple(likeliest.values.tolist()),
        activations=activations.cpu().numpy(),
    )


def _weights_file() -> Path:
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    candidates: list[Path] = [folder / each.url.rsplit("/", 1)[1] for each in MobileNet_V2_Weights]
    if data := os.environ.get("SEGEN_DATA"):
        candidates.insert(0, Path(data) / FILE)
    for path in candidates:
        if path.is_file():
            return path
    raise WeightsError("imagenet_missing", file=FILE)
