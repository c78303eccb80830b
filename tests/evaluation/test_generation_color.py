"""Measuring colour pictures: few real photographs, MobileNetV2's features, and FID where it can be had."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional
from torchvision.models import inception as torchvisions
from torchvision.models import mobilenet_v2

from segen import registry
from segen.cli.main import main
from segen.engine import Engine
from segen.errors import DataError, WeightsError
from segen.evaluation import distances, generation
from segen.evaluation.runner import evaluate
from segen.imaging import images
from segen.models.features import imagenet, inception
from segen.registry import ModelCard
from segen.registry.options import GenerateOptions
from segen.types import GenerateRequest, Generation, Image, Pictures, Run
from segen.ui.tabs.generate import quality
from tests.sentences import exactly

NONE = {"en": ""}
CARD = ModelCard(
    "landscapes", "generate", {"en": "g"}, {"en": "g"}, NONE, "yosemite", NONE, "", "", NONE, (64, 64),
    1, 1, dict.fromkeys(("weights", "data", "credit"), NONE), (), options=GenerateOptions("gan"),
)  # fmt: skip
COUNTS = {"trainA": 620, "trainB": 500, "testA": 155, "testB": 119}
"""Fewer to train than there are, and as many to test as in Yosemite."""


def landscape(seed: int) -> Image:
    """Sky above ground, 8 x 8."""
    rng = np.random.default_rng(seed)
    sky, ground = np.array([90, 140, 220]), np.array([60, 120, 50])
    horizon = rng.integers(2, 7)
    drawn = np.where(np.arange(8)[:, None, None] < horizon, sky, ground) + rng.normal(0, 15, 3)
    return np.clip(drawn + rng.normal(0, 6, (8, 8, 3)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    seed = 0
    for folder, count in COUNTS.items():
        (root / "summer2winter" / folder).mkdir(parents=True)
        for number in range(count):
            file = root / "summer2winter" / folder / f"{number}.png"
            file.write_bytes(images.encode(landscape(seed := seed + 1)))
    return root


@pytest.fixture(autouse=True)
def nothing_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEGEN_DATA", raising=False)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))


@pytest.fixture
def artist(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that draws landscapes as the data has them."""

    def run(engine: Engine, name: str, request: GenerateRequest) -> Run[Generation]:
        made = np.stack([images.resize(landscape(10_000 + seed), 64, 64) for seed in request.seeds])
        return Run(Generation(made, None, tuple(request.seeds)), name, "cpu", 0.0, 0.0)

    monkeypatch.setattr(Engine, "run", run)


@pytest.fixture
def colors(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Stand-in features, the mean colors of four rows; what else they were asked with."""
    asked: list[Any] = []

    def pooled(pictures: Pictures, data: Any = None, *_: Any) -> distances.Features:
        asked.append((len(pictures), data))
        rows = pictures.reshape(len(pictures), 4, -1, 3).mean(axis=2) / 64
        return rows.reshape(len(pictures), -1).astype(np.float32)

    for network in (imagenet, inception):
        monkeypatch.setattr(network, "pooled", pooled)
    return asked


def test_few_photographs_have_floor_and_ceiling(artist: None, colors: list[Any], data: Path) -> None:
    report = evaluate(Engine("cpu"), CARD, data, "test")
    train, test = COUNTS["trainA"] + COUNTS["trainB"], COUNTS["testA"] + COUNTS["testB"]
    assert (report["items"], report["real_items"]) == (train, test)
    assert "MobileNetV2" in report["features"]
    assert colors == [(count, data / "summer2winter") for count in (test, train, train, train)]
    found = report["metrics"]
    by_samples = found["frechet_by_samples"]
    assert list(by_samples) == ["100", "1,000"]
    assert by_samples["100"] > 1.2 * by_samples["1,000"], "one generator, fewer pictures"
    assert 0.3 < found["frechet_distance"] / found["frechet_floor"] < 3
    assert found["frechet_ceiling"] > 20 * found["frechet_distance"]
    assert found["kernel_distance"]["low"] < 0.02 < found["kernel_ceiling"]["low"]
    assert found["manifold_precision"] > 0.7
    assert 0.8 < found["diversity"] < 1.2
    assert not {"classes_hit", "label_agreement", "elbo", "fid"} & found.keys()


def test_too_few_photographs_are_told(artist: None, colors: list[Any], data: Path, tmp_path: Path) -> None:
    for folder in COUNTS:
        (tmp_path / folder).mkdir()
        for path in sorted((data / "summer2winter" / folder).glob("*.png"))[:9]:
            (tmp_path / folder / path.name).write_bytes(path.read_bytes())
    (tmp_path / "train").mkdir()
    with pytest.raises(DataError, match=exactly("no_floor", least=20)):
        evaluate(Engine("cpu"), CARD, tmp_path, "test")


def test_imagenet_weights_come_from_the_data(data: Path, tmp_path: Path) -> None:
    pictures = np.stack([images.resize(landscape(seed), 32, 32) for seed in range(3)])
    with pytest.raises(WeightsError, match=exactly("imagenet_missing", file=imagenet.FILE)):
        imagenet.pooled(pictures, data)
    torch.manual_seed(0)
    network = mobilenet_v2().eval()
    file = tmp_path / imagenet.FILE
    file.parent.mkdir(parents=True)
    save_file(network.state_dict(), file)
    (tmp_path / "summer2winter").mkdir()
    found = imagenet.pooled(pictures, tmp_path)
    with torch.no_grad():
        pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2) / 127.5 - 1
        expected = network.features(pixels).mean(dim=(2, 3)).numpy()
    assert found == pytest.approx(expected, abs=1e-5)
    assert np.array_equal(imagenet.pooled(pictures, tmp_path / "summer2winter"), found)
    assert imagenet.feature_distances(pictures, pictures[::-1].copy(), tmp_path)[0] > 0


def with_inception(root: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data set in a root that has this file for Inception's weights, and the file its checksum."""
    (root / "weights").mkdir()
    (root / inception.FILE).write_bytes(content)
    monkeypatch.setattr(inception, "SHA256", hashlib.sha256(content).hexdigest())
    return root


def test_fid_is_measured_where_its_weights_are(
    artist: None, colors: list[Any], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = with_inception(tmp_path, b"weights", monkeypatch)
    (root / "summer2winter").symlink_to(data / "summer2winter")
    monkeypatch.setattr(generation, "SAMPLES", 300)
    found = evaluate(Engine("cpu"), CARD, root, "test")["metrics"]
    assert {given for _, given in colors} == {root / "summer2winter", root / inception.FILE}
    assert list(found["fid"]) == ["value", "floor", "ceiling"]
    assert found["fid"]["value"] == pytest.approx(found["frechet_distance"]), "of one stand-in"
    assert found["fid"]["floor"] == pytest.approx(found["frechet_floor"])
    assert found["fid"]["ceiling"] == pytest.approx(found["frechet_ceiling"])
    report = {"metrics": found, "items": 300, "real_items": 274, "split": "test", "features": ""}
    monkeypatch.setattr(ModelCard, "report", lambda _: report)
    for language in ("en", "zh"):
        assert f"{found['fid']['ceiling']:.2f}" in quality.measured(CARD, language).partition("FID")[2]


@pytest.mark.parametrize("harm", [lambda content: content[:-1], lambda content: b"another network"])
def test_another_file_is_no_fid(
    harm: Any, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = with_inception(tmp_path, b"a file of weights", monkeypatch)
    (root / inception.FILE).write_bytes(harm(b"a file of weights"))
    (root / "summer2winter").symlink_to(data / "summer2winter")
    with pytest.raises(WeightsError, match=r"pt_inception.* is not the file that defines FID"):
        evaluate(Engine("cpu"), CARD, root, "test")


def test_what_either_library_downloaded_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert inception.weights_file(tmp_path) is None
    cached = tmp_path / "hub" / "checkpoints"
    cached.mkdir(parents=True)
    monkeypatch.setattr(inception, "SHA256", hashlib.sha256(b"weights").hexdigest())
    for name in reversed(inception.NAMES):
        (cached / name).write_bytes(b"weights")
        assert inception.weights_file(tmp_path) == cached / name


def test_the_command_tells_what_fid_wants(
    artist: None,
    colors: list[Any],
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(generation, "SAMPLES", 100)
    monkeypatch.setattr(registry, "_read_all", lambda: {CARD.name: CARD})
    assert main(["evaluate", "--model", CARD.name, "--data", str(data), "--split", "test"]) == 0
    printed = capsys.readouterr()
    assert "100 generated, 274 real pictures" in printed.out
    assert [line for line in printed.err.splitlines() if "FID" in line] == [
        str(WeightsError("inception_missing", file=inception.FILE))
    ]


def test_the_network_of_fid_pools_as_tensorflow_did() -> None:
    ones = torch.ones(1, 288, 6, 6)
    torch.manual_seed(0)
    inner, theirs = inception._A(288, 64).eval(), torchvisions.InceptionA(288, 64).eval()
    theirs.load_state_dict(inner.state_dict())
    pool = inner(ones)[0, -64:]
    torch.testing.assert_close(
        pool, pool[:, 2:3, 2:3].expand_as(pool), msg="ones have a mean of one everywhere"
    )
    assert not torch.allclose(theirs(ones)[0, -64:], pool)
    torch.testing.assert_close(theirs(ones)[0, :-64], inner(ones)[0, :-64])
    last = inception._Last(1280).eval()
    maps = torch.randn(1, 1280, 4, 4)
    expected = last.branch_pool(functional.max_pool2d(maps, 3, 1, 1))
    torch.testing.assert_close(last(maps)[:, -192:], expected)


def test_pictures_are_scaled_as_tensorflow_did() -> None:
    ramp = torch.arange(5.0).expand(1, 1, 4, 5)
    found = inception.scaled(ramp)
    assert found.shape == (1, 1, inception.SIDE, inception.SIDE)
    places = torch.arange(inception.SIDE) * 5 / inception.SIDE
    torch.testing.assert_close(found[0, 0, 7], places.clamp(max=4), rtol=1e-4, atol=1e-4)


def test_the_features_of_fid_are_those_before_its_classes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = inception.network()
    assert network.fc.out_features == inception.CLASSES
    file = tmp_path / "file.pth"
    torch.save(network.state_dict(), file)
    pictures = np.stack([images.resize(landscape(seed), 64, 64) for seed in range(2)])
    found = inception.pooled(pictures, file)
    assert found.shape == (2, 2048)
    assert not np.allclose(found[0], found[1])
    pixels = inception.scaled(torch.from_numpy(pictures).permute(0, 3, 1, 2).float())
    with torch.no_grad():
        logits = network((pixels - 128) / 128)
        torch.testing.assert_close(network.fc(torch.from_numpy(found)), logits, rtol=1e-3, atol=1e-4)
