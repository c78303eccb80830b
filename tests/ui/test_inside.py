"""What a network computes on the way, and convolution by hand."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional
from torchvision.models import mobilenet_v2

from segen.engine import Engine
from segen.errors import InputError, WeightsError
from segen.imaging import kernels
from segen.imaging.kernels import ACTIVATIONS, KERNELS
from segen.models.features import imagenet
from segen.models.tensors import to_tensor
from segen.registry import cards
from segen.types import ClassifyRequest, FeaturesRequest, KernelsRequest
from tests.sentences import exactly

MODEL = "unet-camvid"
RNG = np.random.default_rng(0)


def picture(height: int, width: int) -> np.ndarray:
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def engine(weights: Path) -> Engine:
    return Engine("cpu")


@pytest.mark.parametrize("card", [card.name for card in cards("segment")])
def test_every_card_shows_its_layers_and_kernels(engine: Engine, card: str) -> None:
    found = engine.run(card, FeaturesRequest(picture(40, 33))).value
    assert len(found.layers) > 5
    assert found.layer == found.layers[0]
    assert sum(layer.parameters for layer in found.layers) > 1000
    assert engine.run(card, KernelsRequest()).value.weights.shape[1] == 3


@pytest.mark.parametrize(("height", "width"), [(1, 1), (33, 97), (64, 64)])
def test_maps_have_the_shape_of_their_layer(engine: Engine, height: int, width: int) -> None:
    image = picture(height, width)
    layers = engine.run(MODEL, FeaturesRequest(image)).value.layers
    for layer in layers[:: len(layers) // 6]:
        found = engine.run(MODEL, FeaturesRequest(image, layer.name)).value
        channels, *size = layer.shape
        assert found.layer == layer
        assert found.input_size == (height + -height % 32, width + -width % 32)
        assert found.maps.shape == (min(24, channels), *size)
        assert found.strengths == tuple(sorted(found.strengths, reverse=True))
        means = np.abs(found.maps).mean(axis=(1, 2))
        np.testing.assert_allclose(means, found.strengths, rtol=1e-4)
        assert len(set(found.channels)) == len(found.channels)


def test_no_hook_stays_behind(engine: Engine) -> None:
    engine.run(MODEL, FeaturesRequest(picture(32, 32)))
    with pytest.raises(InputError, match="no layer of that name"):
        engine.run(MODEL, FeaturesRequest(picture(32, 32), "nothing"))
    network = engine._predictor(MODEL).network
    assert not any(module._forward_hooks for module in network.modules())


def test_an_activation_in_place_leaves_the_convolution_before_it_alone(engine: Engine) -> None:
    image = picture(32, 32)
    before, after = (layer.name for layer in engine.run(MODEL, FeaturesRequest(image)).value.layers[:2])
    assert engine.run(MODEL, FeaturesRequest(image, before)).value.maps.min() < 0
    assert engine.run(MODEL, FeaturesRequest(image, after)).value.maps.min() >= 0


def test_a_learned_kernel_by_hand_gives_the_first_layer(engine: Engine) -> None:
    image = picture(64, 96)
    found = engine.run(MODEL, FeaturesRequest(image)).value
    learned = engine.run(MODEL, KernelsRequest()).value
    pixels = kernels.color(image)
    for channel, plane in zip(found.channels[:4], found.maps, strict=False):
        by_hand = kernels.convolve(pixels, learned.weights[channel], 2, 1, float(learned.biases[channel]))
        np.testing.assert_allclose(by_hand, plane, atol=1e-4)


@pytest.mark.parametrize(
    ("size", "side", "stride", "padding"), list(product((5, 8, 11), (1, 3, 5), (1, 2, 3, 4), (0, 1, 2)))
)
def test_sizes_and_values_are_those_of_the_network_library(
    size: int, side: int, stride: int, padding: int
) -> None:
    pixels = RNG.normal(size=(2, size, size + 3)).astype(np.float32)
    kernel = RNG.normal(size=(2, side, side)).astype(np.float32)
    expected = functional.conv2d(
        torch.from_numpy(pixels)[None], torch.from_numpy(kernel)[None], stride=stride, padding=padding
    )
    found = kernels.convolve(pixels, kernel, stride, padding)
    assert found.shape == tuple(kernels.output_size(each, side, stride, padding) for each in pixels.shape[1:])
    np.testing.assert_allclose(found, expected[0, 0], atol=1e-4)


def test_a_kernel_larger_than_the_picture_is_refused() -> None:
    for size, side in ((1, 3), (4, 5)):
        with pytest.raises(InputError, match=exactly("kernel_does_not_fit", size=size, kernel=side)):
            kernels.output_size(size, side, 1, 0)
    with pytest.raises(InputError, match=exactly("kernel_does_not_fit", size=1, kernel=2)):
        kernels.pool(np.zeros((1, 1), np.float32), "max")


def test_identity_is_identity_and_edges_of_a_flat_picture_are_none() -> None:
    grey = kernels.grey(picture(7, 9))
    same = kernels.padding_of(3, "same")
    assert np.array_equal(kernels.convolve(grey, KERNELS["identity"][None], 1, same), grey[0])
    flat = np.full((1, 6, 6), 0.5, np.float32)
    for name in ("sobel_x", "sobel_y", "laplacian"):
        assert not kernels.convolve(flat, KERNELS[name][None]).any()
    for name in ("blur", "sharpen", "emboss"):
        np.testing.assert_allclose(kernels.convolve(flat, KERNELS[name][None]), 0.5)


def test_activations_and_pooling() -> None:
    values = np.array([[-90, 2, 0], [4, -1, 3]], np.float32)
    assert ACTIVATIONS["relu"](values).tolist() == [[0, 2, 0], [4, 0, 3]]
    assert ACTIVATIONS["sigmoid"](values).min() >= 0
    assert ACTIVATIONS["sigmoid"](values)[0, 2] == 0.5
    assert np.abs(ACTIVATIONS["tanh"](values)).max() <= 1
    assert kernels.pool(values, "max").tolist() == [[4]]
    assert kernels.pool(values, "average").tolist() == [[-21.25]]
    assert kernels.pool(values, "none") is values


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (20, 30)])
def test_edges_stand_where_the_picture_changes(size: tuple[int, int]) -> None:
    image = np.zeros((*size, 3), np.uint8)
    image[:, size[1] // 2 + 1 :] = 255
    for found in (kernels.sobel(image), kernels.canny(image)):
        assert found.shape == size
        assert 0 <= found.min() <= found.max() <= 1
        if size == (20, 30):
            assert found[10, 13:18].max() > 0
            assert not found[10, :8].any()


def test_one_label_says_where_it_comes_from(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SEGEN_DATA", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(
        WeightsError, match=exactly("imagenet_missing", file="weights/mobilenet_v2_imagenet.safetensors")
    ):
        engine.run(MODEL, ClassifyRequest(picture(9, 9)))
    torch.manual_seed(0)
    network = mobilenet_v2()
    for norm in (module for module in network.modules() if isinstance(module, nn.BatchNorm2d)):
        norm.momentum = 1.0
    network(torch.rand(8, 3, 64, 64) * 2 - 1)  # gives batch norm statistics that let signals through
    (tmp_path / "weights").mkdir()
    save_file(network.state_dict(), tmp_path / imagenet.FILE)
    image = picture(64, 96)
    found = engine.run(MODEL, ClassifyRequest(image)).value
    expected = network.eval()(to_tensor(image)).softmax(dim=1)[0]
    np.testing.assert_allclose(found.probabilities, expected.topk(5).values.detach(), rtol=1e-4)
    assert len(found.labels) == 5
    assert found.activations.shape == (5, 2, 3)
    logits = found.activations.mean(axis=(1, 2))
    assert list(logits) == sorted(logits, reverse=True)
    assert engine.run(MODEL, ClassifyRequest(picture(1, 1))).value.activations.shape == (5, 1, 1)


@pytest.mark.parametrize("card", ["attention-camvid", "renet-camvid"])
def test_a_block_that_works_on_other_shapes_counts_as_one_layer(engine: Engine, card: str) -> None:
    found = engine.run(card, FeaturesRequest(picture(64, 96), "context")).value
    assert found.maps.shape == (24, 4, 6)
    assert found.layer.parameters > 100_000
    assert [layer.name for layer in found.layers if layer.name.startswith("context")] == ["context"]
