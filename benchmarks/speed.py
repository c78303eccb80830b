"""The engine's `run` against the bare forward pass in it, and that against smp as its README calls it."""

from __future__ import annotations

from collections.abc import Iterator

import segmentation_models_pytorch
import torch

from benchmarks.pairs import compare
from segen.data.synthetic import scenes
from segen.engine import Engine, _prepared
from segen.models.segmentation import smp
from segen.models.tensors import to_tensor
from segen.registry import card
from segen.types import SegmentRequest


def main() -> Iterator[str]:
    """One line for each ratio, at 360 x 480."""
    image, _ = scenes.street(0)
    name = "unet-camvid"
    engine = Engine("cpu")
    network = _prepared(smp.read_network(card(name).weights))
    plain = segmentation_models_pytorch.from_pretrained(card(name).weights).float().eval()
    pixels = torch.nn.functional.pad(to_tensor(image), (0, 0, 0, 24), mode="replicate")
    ours = pixels.to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def forward() -> None:
        network(ours)

    @torch.inference_mode()
    def as_in_readme() -> None:
        plain(pixels)

    whole = compare(lambda: engine.run(name, SegmentRequest(image)), forward)
    yield (
        f"engine.run / bare forward pass: {whole.ratio:.2f} (at most 1.15)"
        f"   {whole.first * 1e3:.0f} ms / {whole.second * 1e3:.0f} ms"
    )
    faster = compare(as_in_readme, forward)
    yield (
        f"smp as its README calls it / that pass: {faster.ratio:.2f} (at least 1.35)"
        f"   {faster.first * 1e3:.0f} ms / {faster.second * 1e3:.0f} ms"
    )
