"""Conditional GANs: what the discriminator sees, how both learn, and what becomes of the weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from segen import models
from segen.engine import Engine
from segen.errors import WeightsError
from segen.models import weights
from segen.models.translation.pix2pix import DISCRIMINATOR, PatchDiscriminator
from segen.registry import card
from segen.training import data as training_data
from segen.training import loop
from segen.training.recipe import Place
from segen.training.recipes import RECIPES, build, pix2pix
from segen.types import Features, FeaturesRequest, Kernels, KernelsRequest, SegmentRequest

LABELS = "pix2pix-camvid-labels"
SYNTHETIC = Place(data="synthetic")
SMALL = replace(
    RECIPES[LABELS], name="small", steps=4, batch_size=2, evaluate_every=4, crop=(64, 64), imagenet=False,
    options={"decoder_channels": [16, 8, 8, 8, 8]}, discriminator_channels=4,
)  # fmt: skip


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pix2pix.LabelGan:
    """A small one on drawn scenes, whose run goes into the test's folder."""
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path))
    monkeypatch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 4, "val": 2})
    built = build(SMALL, SYNTHETIC)
    assert isinstance(built, pix2pix.LabelGan)
    return built


def test_a_score_judges_its_patch_alone() -> None:
    """108 x 108 pixels, the middle of a score's cell of 16 x 16 being their middle."""
    torch.manual_seed(0)
    discriminator = PatchDiscriminator(3, 2, channels=4).eval()
    for name, module in discriminator.layers.named_children():
        if isinstance(module, torch.nn.InstanceNorm2d):  # it takes the whole picture into account
            discriminator.layers[int(name)] = torch.nn.Identity()
    picture = torch.randn(1, 3, 256, 256, requires_grad=True)
    drawing = torch.randn(1, 2, 256, 256, requires_grad=True)
    scores = discriminator(picture, drawing)
    assert scores.shape == (1, 1, 16, 16)
    scores[0, 0, 8, 8].backward()
    for seen in (picture.grad, drawing.grad):
        rows, columns = (torch.nonzero(seen[0].abs().sum(dim=(0, side)))[:, 0] for side in (2, 1))
        assert (rows.min(), rows.max()) == (columns.min(), columns.max()) == (136 - 54, 136 + 53)


def test_real_maps_are_as_soft_as_drawn_ones(recipe: pix2pix.LabelGan) -> None:
    drawn = torch.tensor([[0.2, 0.5, 0.3], [0.95, 0.05, 0.0], [0.6, 0.2, 0.2]]).T[None, :, None]
    recipe.train.classes = recipe.train.classes[:3] + recipe.train.classes[-1:]
    labels = torch.tensor([[[1, 0, recipe._ignored_id]]])
    maps = recipe.real_maps(labels, drawn)[0, :, 0].T
    expected = torch.tensor([[0.04, 0.9, 0.06], [0.95, 0.05, 0.0], [0.6, 0.2, 0.2]])
    assert torch.allclose(maps, expected, atol=1e-6)


def test_each_network_learns_from_its_own_loss(recipe: pix2pix.LabelGan) -> None:
    batch = tuple(torch.stack(part) for part in zip(*(recipe.dataset()[i] for i in range(2)), strict=True))
    moved = {}

    def update(name: str, loss: torch.Tensor) -> None:
        for network in recipe.networks.values():
            network.zero_grad()
        loss.backward()
        moved[name] = {
            each: any(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in network.parameters())
            for each, network in recipe.networks.items()
        }

    recipe.step(recipe.networks, batch, update)
    assert moved == {
        "generator": {"generator": True, "discriminator": False},
        "discriminator": {"generator": False, "discriminator": True},
    }


def test_a_short_run_leaves_a_folder_with_both_networks(recipe: pix2pix.LabelGan) -> None:
    before = [parameter.detach().clone() for parameter in recipe.discriminator.parameters()]
    folder = loop.fit(recipe, SYNTHETIC)
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.safetensors")} == {
        "model.safetensors",
        f"{DISCRIMINATOR}/model.safetensors",
    }
    sealed = (folder / weights.SUMS).read_text()
    assert f"  {DISCRIMINATOR}/model.safetensors\n" in sealed
    again = weights.network(PatchDiscriminator, folder / DISCRIMINATOR)
    assert any(not torch.equal(old, new) for old, new in zip(before, again.parameters(), strict=True))


def test_the_discriminator_sees_what_the_generator_drew(weights: Path) -> None:
    engine = Engine("cpu")
    image = np.random.default_rng(0).integers(0, 256, (70, 100, 3), dtype=np.uint8)
    found = engine.run(LABELS, SegmentRequest(image)).value
    assert found.discriminator_score is not None
    assert found.discriminator_score.shape == (70, 100)
    assert found.discriminator_score.dtype == np.float32
    assert 0 <= found.discriminator_score.min() <= found.discriminator_score.max() <= 1

    network = models.load(card(LABELS)).network.eval()
    pixels = torch.from_numpy(np.pad(image, ((0, 26), (0, 28), (0, 0)), mode="edge")).permute(2, 0, 1)
    pixels = pixels[None].float() / 127.5 - 1
    with torch.inference_mode():
        scores = network.discriminator(pixels, network(pixels).softmax(dim=1)).sigmoid()
    # Four pixels around the middle of a cell have its score, but for the interpolation.
    assert found.discriminator_score[23:25, 39:41].mean() == pytest.approx(
        float(scores[0, 0, 1, 2]), abs=0.01
    )

    features = engine.run(LABELS, FeaturesRequest(image)).value
    assert isinstance(features, Features)
    assert {layer.name.split(".")[0] for layer in features.layers} == {"generator"}
    kernels = engine.run(LABELS, KernelsRequest()).value
    assert isinstance(kernels, Kernels)
    assert kernels.weights.shape == (32, 3, 3, 3)


def test_a_discriminator_with_a_byte_changed_is_refused(own_weights: Callable[[str], Path]) -> None:
    path = own_weights(LABELS) / DISCRIMINATOR / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError):
        models.load(card(LABELS))
