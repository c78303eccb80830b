"""COCO's detector, converted from TensorFlow.js, tells what it told, and an encoder starts from it."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from segen.data.synthetic import landscapes
from segen.errors import UsageError, WeightsError
from segen.imaging import images
from segen.models import weights
from segen.models.features import coco
from segen.models.segmentation.predictor import two_class
from segen.models.tensors import to_tensor
from segen.training import coco as conversion
from segen.training.recipe import Place
from segen.training.recipes.segmentation import Segmentation
from tests.sentences import exactly, sentence
from tests.training.test_training import SMALL


@pytest.fixture(scope="module")
def detector() -> coco.Detector:
    """A detector with random weights and a batch norm that has seen something."""
    torch.manual_seed(0)
    found = coco.Detector().eval()
    for norm in found.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias)
            assert norm.running_mean is not None
            assert norm.running_var is not None
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)
    return found


@pytest.fixture(scope="module")
def folder(detector: coco.Detector, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The detector as TensorFlow.js keeps it: batch norm merged into the backbone, in two shards."""
    arrays: dict[str, torch.Tensor] = {"Preprocessor/sub/y": torch.ones(())}
    convolutions, norms = (
        [each for each in detector.features.modules() if isinstance(each, kind)]
        for kind in (nn.Conv2d, nn.BatchNorm2d)
    )
    for name, convolution, norm in zip(conversion.LAYERS, convolutions, norms, strict=True):
        place = conversion.BACKBONE + name
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        if convolution.groups > 1:
            arrays[f"{place}/depthwise_weights"] = convolution.weight.permute(2, 3, 0, 1)
            arrays[f"{place}/BatchNorm/batchnorm/mul"] = scale
        else:
            merged = convolution.weight * scale[:, None, None, None]
            arrays[f"{place}/Conv2D/merged_input"] = merged.permute(2, 3, 1, 0)
        arrays[f"{place}/BatchNorm/batchnorm/sub"] = norm.bias - norm.running_mean * scale
    for number, head in enumerate(detector.heads):
        place = f"BoxPredictor_{number}/ClassPredictor"
        depthwise, _, told = head
        arrays |= {  # a batch norm of which nothing is left but what it adds
            f"{place}_depthwise/BatchNorm/moving_mean": torch.zeros(len(depthwise.bias)),
            f"{place}_depthwise/BatchNorm/moving_variance": torch.full((len(depthwise.bias),), 1 - 1e-3),
            f"{place}_depthwise/BatchNorm/gamma": torch.ones(len(depthwise.bias)),
            f"{place}_depthwise/BatchNorm/beta": depthwise.bias,
            f"{place}_depthwise/depthwise_weights": depthwise.weight.permute(2, 3, 0, 1),
            f"{place}/weights": told.weight.permute(2, 3, 1, 0),
            f"{place}/biases": told.bias,
        }
    return _written(arrays, tmp_path_factory.mktemp("tfjs"))


def _written(arrays: dict[str, torch.Tensor], folder: Path) -> Path:
    told = [{"name": name, "shape": list(each.shape), "dtype": "float32"} for name, each in arrays.items()]
    data = b"".join(each.detach().contiguous().numpy().tobytes() for each in arrays.values())
    shards = {"shard1": data[:1_000_001], "shard2": data[1_000_001:]}
    for name, part in shards.items():
        (folder / name).write_bytes(part)
    manifest = {"weightsManifest": [{"paths": list(shards), "weights": told}]}
    (folder / "model.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.fixture
def root(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root with three photographs of animals, and what was converted."""
    pictures = tmp_path / "animals" / "train" / "images"
    pictures.mkdir(parents=True)
    for seed in range(3):
        (pictures / f"{seed}.png").write_bytes(images.encode(landscapes.landscape(seed)))
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert conversion.main(folder, tmp_path) == 0
    monkeypatch.setenv("SEGEN_DATA", str(tmp_path))
    return tmp_path


def test_what_is_converted_tells_what_the_detector_told(detector: coco.Detector, root: Path) -> None:
    converted = coco.Detector()
    converted.load_state_dict(weights.read_tensors(root / coco.FILE))
    pixels = torch.rand(2, 3, 64, 96) * 2 - 1
    for maps, expected in zip(converted.eval()(pixels), detector(pixels), strict=True):
        torch.testing.assert_close(maps, expected, rtol=1e-3, atol=1e-3)
    for head, first, maps in zip(converted.heads, detector.heads, detector(pixels), strict=True):
        torch.testing.assert_close(head(maps), first(maps), rtol=1e-4, atol=1e-4)


def test_batch_norm_keeps_what_it_saw_of_photographs(root: Path) -> None:
    converted = coco.Detector()
    converted.load_state_dict(weights.read_tensors(root / coco.FILE))
    seen = torch.cat([
        to_tensor(images.read(path)[: conversion.SIDE, : conversion.SIDE])
        for path in (root / "animals" / "train" / "images").iterdir()
    ])  # fmt: skip
    norm = converted.features[0][1]
    values = converted.features[0][0](seen).transpose(0, 1).flatten(1)
    torch.testing.assert_close(norm.running_mean, values.mean(dim=1), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(norm.running_var, values.var(dim=1), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("fault", ["shard", "name", "shape", "kind", "text", "none"])
def test_another_folder_is_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    model = broken / "model.json"
    manifest: Any = json.loads(model.read_text(encoding="utf-8"))
    told = manifest["weightsManifest"][0]["weights"]
    if fault == "shard":
        (broken / "shard2").unlink()
    elif fault == "name":
        told[3]["name"] = "other"
    elif fault == "shape":
        told[3]["shape"] = told[3]["shape"][::-1]
    elif fault == "kind":
        told[0]["dtype"] = "string"
    model.write_text("[" if fault == "text" else json.dumps(manifest), encoding="utf-8")
    if fault == "none":
        model.unlink()
    assert conversion.main(broken, tmp_path) == 1
    assert capsys.readouterr().err == sentence("coco_unlike", folder="broken") + "\n"
    assert not (tmp_path / coco.FILE).exists()


@pytest.mark.parametrize("architecture", ["Unet", "DeepLabV3Plus"])
def test_what_an_encoder_forgets_of_coco_is_part_of_the_loss(root: Path, architecture: str) -> None:
    options: dict[str, Any] = SMALL.options if architecture == "Unet" else {"decoder_channels": 16}
    config = replace(SMALL, coco=True, remembered=0.5, architecture=architecture, options=options)
    recipe = Segmentation(config, Place(data="synthetic"))
    encoder: Any = recipe.network.get_submodule("encoder")
    expected = weights.read_tensors(root / coco.FILE)["features.17.conv.2.weight"]
    assert torch.equal(encoder.features[17].conv[2].weight, expected)
    recipe.network.eval()
    losses: list[float] = []
    batch = torch.rand(2, 3, 64, 96) * 2 - 1, torch.zeros(2, 64, 96, dtype=torch.int64)
    forgotten = []
    for change in (0, 3):
        with torch.no_grad():
            encoder.features[18][1].bias += change
        parts = recipe.step(recipe.networks, batch, lambda _, loss: losses.append(loss.item()))
        forgotten.append(parts["forgotten"].item())
        alone = recipe.loss(two_class(recipe.network(batch[0])), batch[1])
        assert losses[-1] == pytest.approx(alone.item() + 0.5 * forgotten[-1], rel=1e-5)
    if architecture == "Unet":  # what is dilated sees a little otherwise from the beginning
        assert forgotten[0] == pytest.approx(0, abs=1e-6), "it begins with all it knew"
    assert forgotten[1] > forgotten[0] + 0.01
    parts["forgotten"].backward()
    assert encoder.features[18][1].bias.grad.abs().sum() > 0
    assert recipe.memory
    assert all(each.grad is None for each in recipe.memory.parameters())


def test_without_the_weights_or_a_mobilenet_one_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(SMALL, coco=True)
    with pytest.raises(UsageError, match=exactly("nothing_remembered")):
        Segmentation(replace(config, architecture="Vgg16", options={}), Place(data="synthetic"))
    monkeypatch.setenv("SEGEN_DATA", str(root / "nowhere"))
    with pytest.raises(WeightsError, match=exactly("coco_missing", file=coco.FILE)):
        Segmentation(config, Place(data="synthetic"))


def test_other_weights_are_told(root: Path) -> None:
    save_file({"features.0.0.weight": torch.zeros(1)}, root / coco.FILE)
    with pytest.raises(WeightsError, match=exactly("coco_missing", file=coco.FILE)):
        coco.Memory(root)
