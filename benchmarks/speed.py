"""The engine's `run` against the bare forward pass in it, and that against smp as its README calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import segmentation_models_pytorch
import torch

from benchmarks.pairs import compare
from segen.data.synthetic import scenes
from segen.engine import Engine, _prepared
from segen.models.segmentation import smp
from segen.models.segmentation.predictor import padded
from segen.models.tensors import to_tensor
from segen.registry import card
from segen.types import Image, SegmentRequest

NAME = "deeplabv3plus-camvid"
"""A card whose network sees a picture once."""


def forward_pass(name: str, image: Image) -> Callable[[], None]:
    """One bare pass of a card's network in float32, as the engine prepares it."""
    network = _prepared(smp.read_network(card(name).weights))
    pixels = padded(to_tensor(image)).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def forward() -> None:
        network(pixels)

    return forward


def main() -> Iterator[str]:
    """One line for each ratio, at 360 x 480."""
    image, _ = scenes.street(0)
    engine = Engine("cpu")
    plain = segmentation_models_pytorch.from_pretrained(card(NAME).weights).float().eval()
    pixels = padded(to_tensor(image))
    forward = forward_pass(NAME, image)

    @torch.inference_mode()
    def as_in_readme() -> None:
        plain(pixels)

    whole = compare(lambda: engine.run(NAME, SegmentRequest(image)), forward)
    yield (
        f"engine.run / bare forward pass: {whole.ratio:.2f} (at most 1.15)"
        f"   {whole.first * 1e3:.0f} ms / {whole.second * 1e3:.0f} ms"
    )
    faster = compare(as_in_readme, forward)
    yield (
        f"smp as its README calls it / that pass: {faster.ratio:.2f} (at least 1.35)"
        f"   {faster.first * 1e3:.0f} ms / {faster.second * 1e3:.0f} ms"
    )
