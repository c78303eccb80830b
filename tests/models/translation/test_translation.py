"""Translation: what the networks see and draw, sizes, seams, cycles, the command, what is measured."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from segen import registry
from segen.cli.main import main
from segen.data import datasets
from segen.data.synthetic import folder, nuclei, scenes
from segen.engine import Engine
from segen.errors import DataError, InputError
from segen.evaluation import translation
from segen.evaluation.runner import evaluate
from segen.imaging import images, lines
from segen.imaging.labels import nearest_classes
from segen.models.features.imagenet import feature_distances
from segen.models.translation import preprocessing
from segen.models.translation.predictor import Networks, ResnetGenerator, TranslationPredictor, degraded, load
from segen.registry import ModelCard
from segen.text import words
from segen.training import data as training_data
from segen.training.recipe import Place
from segen.training.recipes import RECIPES, build
from segen.types import Cycle, CycleRequest, Image, TranslateRequest, Translation

TOML = """
task = "translate"
title = {en = "Small", zh = "小"}
summary = {en = "Small.", zh = "小。"}
checkpoint = {en = "Last.", zh = "末。"}
architecture = "small"
source = "none"
training = ""
parameters = 0
multiply_adds = 0
loader = "segen.models.translation.predictor:load"
licence = {weights = "CC0"}
"""
NUCLEI = """
dataset = "nuclei"
directions = ["forward", "backward"]
input_size = [256, 256]
[options]
domains = [{en = "a", zh = "a"}, {en = "b", zh = "b"}]
scale = 0.5
grey = ["forward", "backward"]
given = {forward = "microscopy", backward = "grey"}
measure = {masks = "forward"}
"""
EMOJI = """
dataset = "emoji"
directions = ["forward"]
input_size = [64, 64]
[options]
domains = [{en = "a", zh = "a"}, {en = "b", zh = "b"}]
whole = true
given = {forward = "lines"}
measure = {drawings = "forward"}
"""
STREETS = """
dataset = "camvid"
directions = ["forward"]
input_size = [192, 256]
[options]
domains = [{en = "a", zh = "a"}, {en = "b", zh = "b"}]
whole = true
given = {forward = "labels"}
measure = {streets = "forward"}
"""
PHOTOGRAPHS = registry.card("cyclegan-yosemite", "translate").options
SMALL = {"channels": 4, "blocks": 1, "discriminator_channels": 4}
CARDS = {
    "small-nuclei": ("cyclegan-nuclei", NUCLEI, {"side": 32, "history": 2}),
    "small-emoji": ("pix2pix-emoji", EMOJI, {}),
    "small-streets": ("pix2pix-camvid-photo", STREETS, {"side": 64}),
}


def card_of(name: str) -> ModelCard:
    return registry._parse(name, tomllib.loads(TOML + CARDS[name][1]))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, every_weights_folder: Path) -> Path:
    """Weights of small untrained cards, beside those of the others."""
    for name, (recipe, _, options) in CARDS.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 1, "val": 1})
            built = build(replace(RECIPES[recipe], name=name, **SMALL, **options), Place(data="synthetic"))
        built.export(built.networks, every_weights_folder / name)
    return every_weights_folder


@pytest.fixture
def engine(folders: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine that knows the small cards, too."""
    monkeypatch.setenv("SEGEN_WEIGHTS", str(folders))
    known = {**registry._read_all(), **{name: card_of(name) for name in CARDS}}
    monkeypatch.setattr(registry, "_read_all", lambda: known)
    return Engine("cpu")


def noise(height: int, width: int) -> Image:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [(1, 1), (20, 3000), (33, 65), (700, 900)])
@pytest.mark.parametrize("name", CARDS)
def test_a_translation_has_the_size_of_its_picture(engine: Engine, name: str, size: tuple[int, int]) -> None:
    for direction in registry.card(name).directions:
        found = engine.run(name, TranslateRequest(noise(*size), direction)).value
        assert isinstance(found, Translation)
        assert found.image.shape == (*size, 3)
        assert found.image.dtype == np.uint8
        assert found.grey == (name == "small-nuclei")


def test_strength_mixes_the_picture_with_its_translation(engine: Engine) -> None:
    image = scenes.nuclei(1, 90, 70)[0]
    none, half, all = (
        engine.run("small-nuclei", TranslateRequest(image, strength=share)).value for share in (0.0, 0.5, 1.0)
    )
    assert np.array_equal(none.image, image)
    assert np.abs(half.image - (image / 2 + all.image / 2)).max() <= 1
    assert (none.grey, half.grey, all.grey) == (False, False, True)


def test_what_a_card_lacks_is_told(engine: Engine) -> None:
    with pytest.raises(InputError, match="forward"):
        engine.run("small-emoji", TranslateRequest(noise(8, 8), "backward"))
    with pytest.raises(InputError, match="one direction"):
        engine.run("small-emoji", CycleRequest(noise(8, 8)))


class Fixed(nn.Module):
    """SeededSampler what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels


@pytest.mark.parametrize("size", [(100, 100), (1000, 700), (20, 3000)])
def test_tiles_make_up_the_whole_picture(size: tuple[int, int]) -> None:
    card = replace(card_of("small-nuclei"), options=PHOTOGRAPHS)
    predictor = TranslationPredictor(Networks({"forward": Fixed()}, {}), card)
    image = np.asarray(images.resize(noise(8, 8), *size))
    *steps, found = predictor(TranslateRequest(image))
    assert isinstance(found, Translation)
    if max(size) <= 2048:
        assert np.abs(found.image.astype(int) - image).max() <= 1
    assert len(steps) == {100: 1, 1000: 5 * 3, 20: 9}[size[0]]


@pytest.mark.parametrize("level", [0, 100, 255])
@pytest.mark.parametrize("size", [(64, 96), (500, 600)])
def test_a_flat_picture_gets_no_stripes(level: int, size: tuple[int, int]) -> None:
    """Transposed convolutions and padding with zeros would draw a checkerboard and a frame."""
    torch.manual_seed(level)
    network = Networks({"forward": ResnetGenerator(3, 3, channels=8, blocks=2)}, {}).eval()
    card = replace(card_of("small-nuclei"), options=PHOTOGRAPHS)
    with torch.inference_mode():
        *_, found = TranslationPredictor(network, card)(
            TranslateRequest(np.full((*size, 3), level, np.uint8))
        )
    assert isinstance(found, Translation)
    assert np.ptp(found.image, axis=(0, 1)).max() <= 1


def test_a_cycle_tells_what_came_back_and_what_was_lost(engine: Engine) -> None:
    image = scenes.nuclei(2, 120, 100)[0]
    found = engine.run("small-nuclei", CycleRequest(image)).value
    assert isinstance(found, Cycle)
    shape = (50, 60, 3)
    pictures = (found.given, found.forward, found.passed, found.backward, found.identity)
    assert [each.shape for each in pictures] == [shape] * 5
    assert np.array_equal(found.passed, found.forward)
    seen, _ = preprocessing.microscopy(image, 999, 0.5, card_of("small-nuclei"))
    assert np.array_equal(found.given[..., 0], seen[0, 0].add(1).mul(127.5).round().numpy())
    apart = np.abs(found.backward.astype(float) - found.given).mean(axis=2) / 255
    assert np.abs(found.error - apart).max() < 1 / 255
    assert found.mean_error == pytest.approx(float(found.error.mean()))
    for discriminator_score in (found.discriminator_score_given, found.discriminator_score_translated):
        assert discriminator_score.shape == (50, 60)
        assert 0 <= discriminator_score.min() <= discriminator_score.max() <= 1
    degraded = engine.run("small-nuclei", CycleRequest(image, levels=2, blur=2.0)).value
    assert set(np.unique(degraded.passed)) <= {0, 255}
    assert np.array_equal(degraded.forward, found.forward)
    assert not np.array_equal(degraded.backward, found.backward)


def test_degrading_rounds_and_blurs() -> None:
    pixels = torch.linspace(-1, 1, 64).reshape(1, 1, 8, 8)
    assert len(torch.unique(degraded(pixels, 4, 0.0))) == 4
    assert torch.equal(degraded(pixels, None, 0.0), pixels)
    assert degraded(pixels, None, 3.0).std() < pixels.std() / 2
    assert degraded(torch.ones(1, 3, 1, 5), None, 20.0).shape == (1, 3, 1, 5)


def test_the_discriminator_judges_the_domain_that_it_learned(engine: Engine) -> None:
    predictor = load(registry.card("small-nuclei"))
    request = CycleRequest(scenes.nuclei(2, 64, 64)[0])
    with torch.inference_mode():
        *_, found = predictor(request)
        for parameter in predictor.network.discriminators["to_backward"].parameters():
            parameter.zero_()
        *_, blind = predictor(request)
    assert isinstance(found, Cycle)
    assert isinstance(blind, Cycle)
    assert np.array_equal(found.discriminator_score_translated, blind.discriminator_score_translated)
    assert (blind.discriminator_score_given == 0).all()


def test_one_seed_one_drawing(engine: Engine) -> None:
    colors, _ = nearest_classes(noise(8, 8), registry.dataset_classes("camvid"))
    image = np.array([known.color for known in registry.dataset_classes("camvid")], np.uint8)[colors]
    large = image.repeat(16, axis=0).repeat(16, axis=1)
    first, again, other = (
        engine.run("small-streets", TranslateRequest(large, seed=seed)).value.image for seed in (3, 3, 4)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_colours_of_no_class_become_the_nearest(engine: Engine) -> None:
    known = registry.dataset_classes("camvid")
    image = np.array([[known[3].color, known[0].color, (129, 63, 128)]], dtype=np.uint8)
    labels, unknown_pixels = nearest_classes(image, known)
    assert labels.tolist() == [[3, 0, 3]]
    assert unknown_pixels == 1
    assert engine.run("small-streets", TranslateRequest(image)).value.unknown_pixels == 1
    planes = preprocessing.one_hot(np.array([[0, 11]], np.uint8), known)
    assert planes.shape == (1, 11, 1, 2)
    assert planes[0, :, 0, 0].tolist() == [1.0] + [-1.0] * 10
    assert (planes[0, :, 0, 1] == -1).all(), "an unlabelled pixel is of no class"


def test_stretched_nuclei_are_bright_whatever_the_stain() -> None:
    dark = np.full((40, 40, 3), 12, np.uint8)
    dark[10:20, 10:20] = 40
    stained = np.full((40, 40, 3), 230, np.uint8)
    stained[10:20, 10:20] = 120
    for image in (dark, stained):
        grey = nuclei.stretched(image)
        assert grey[15, 15] == 255
        assert grey[30, 30] == 0
    assert (nuclei.stretched(np.full((5, 5, 3), 77, np.uint8)) == 0).all()


def test_drawn_masks_vary_and_depend_on_their_seed_alone() -> None:
    masks = [nuclei.drawn_mask(seed, 96, 128) for seed in range(40)]
    assert all(mask.shape == (96, 128) and set(np.unique(mask)) <= {0, 255} for mask in masks)
    assert np.array_equal(masks[7], nuclei.drawn_mask(7, 96, 128))
    shares = [mask.mean() / 255 for mask in masks]
    assert min(shares) < 0.06 < 0.15 < max(shares) < 0.6


def test_lines_are_drawn_as_by_hand() -> None:
    image = np.full((64, 64, 3), 255, np.uint8)
    image[16:48, 16:48] = (250, 180, 20)
    clean = lines.drawing(image)
    assert clean[30:34, 15:17].min() < 60, "the left side of the square"
    assert clean[32, 32] == clean[2, 2] == 255
    hands = [lines.drawing(image, seed) for seed in range(6)]
    assert np.array_equal(hands[1], lines.drawing(image, 1))
    assert len({hand.tobytes() for hand in hands}) == 6
    grey = np.repeat(clean[..., None], 3, axis=2)
    assert np.array_equal(lines.cleaned(grey // 2 + 100) < 128, clean < 128)
    assert np.array_equal(lines.cleaned(255 - grey) < 128, clean < 128)
    assert (lines.cleaned(np.full((4, 4, 3), 255, np.uint8)) == 255).all()


def test_skin_tones_of_a_sign_are_in_one_split(tmp_path: Path) -> None:
    signs = [f"{0x1F300 + number:x}" for number in range(300)]
    for stem in (*signs, *(f"{sign}-1f3fd" for sign in signs), "1f468", "1f469-1f3fd", "1f9d1"):
        (tmp_path / f"{stem}.webp").touch()
    splits = [{path.stem for path in datasets.emoji(tmp_path, split)} for split in ("train", "val")]
    assert not splits[0] & splits[1]
    firsts = [{stem.partition("-")[0] for stem in split} for split in splits]
    assert not firsts[0] & firsts[1]
    assert 0.08 < len(splits[1]) / (len(splits[0]) + len(splits[1])) < 0.22
    assert {"1f468", "1f469-1f3fd", "1f9d1"} <= splits[0]
    with pytest.raises(DataError, match="test"):
        datasets.emoji(tmp_path, "test")


def write(folder: Path, name: str, image: Image) -> Path:
    path = folder / name
    path.write_bytes(images.encode(image))
    return path


def test_the_command_writes_pictures_of_their_size(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = write(tmp_path, "a.png", scenes.nuclei(1, 70, 50)[0])
    seen = np.dstack([scenes.nuclei(2, 40, 30)[0], np.zeros((30, 40), np.uint8)])  # fully transparent
    (tmp_path / "b.png").write_bytes(images.encode(seen))
    bad = tmp_path / "c.png"
    bad.write_bytes(b"no picture")
    out = tmp_path / "out"
    arguments = [str(first), str(bad), str(tmp_path / "b.png"), "--model", "small-nuclei", "--out", str(out)]
    assert main(["translate", *arguments]) == 1
    assert "c.png: " in capsys.readouterr().err
    from PIL import Image as Pillow

    for name, size in (("a.png", (70, 50)), ("b.png", (40, 30))):
        with Pillow.open(out / name) as picture:
            assert (picture.mode, picture.size) == ("L", size)
    assert not (out / "c.png").exists()
    assert (
        main(["translate", str(first), "--model", "small-nuclei", "--strength", "0", "--out", str(out)]) == 0
    )
    assert np.array_equal(images.read(out / "a.png"), images.read(first))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.png", "--model", "small-emoji", "--direction", "backward", "--out", "out"], "forward"),
        (["a.png", "--model", "small-nuclei", "--strength", "1.5", "--out", "out"], "0 to 1"),
        (["a.png", "--model", "kmeans", "--out", "out"], "kmeans"),
        (["--model", "small-nuclei", "--out", "out"], "at least one"),
        (["a.png", "sub/a.png", "--model", "small-nuclei", "--out", "out"], "a.png"),
        (["a.png", "--model", "small-nuclei", "--out", "."], "a.png"),
    ],
)
def test_the_command_refuses_before_any_work(
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = write(tmp_path, "a.png", noise(5, 6)).read_bytes()
    assert main(["translate", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert (tmp_path / "a.png").read_bytes() == before
    assert not (tmp_path / "out").exists()


def test_colours_of_no_class_are_told_on_the_command_line(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "map.png", noise(6, 7))
    assert main(["translate", str(path), "--model", "small-streets", "--out", str(tmp_path / "out")]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "map.png: " in line]
    assert len(told) == 1
    assert told[0].endswith("map.png: " + words("en", "translate.unknown_pixels", pixels="42"))


def test_connected_parts_are_the_instances_of_a_mask() -> None:
    mask = np.zeros((30, 40), np.float32)
    mask[2:8, 3:9] = 0.9
    mask[10:20, 20:30] = 0.7
    mask[25, 5] = 1.0
    found = translation.connected(mask)
    assert [(each.box, round(each.score, 2)) for each in found] == [
        ((3, 2, 6, 6), 0.9),
        ((20, 10, 10, 10), 0.7),
    ]


def test_masks_are_measured_beside_thresholds_and_labels(engine: Engine, tmp_path: Path) -> None:
    folder.write(tmp_path / "nuclei", 2, "nuclei")
    report = evaluate(engine, registry.card("small-nuclei"), tmp_path / "nuclei", "val")
    found = report["metrics"]
    assert set(found["nucleus_iou"]) == {"small-nuclei", "Otsu", "K-means", "pix2pix-nuclei", "unet-nuclei"}
    assert found["nucleus_iou"]["small-nuclei"] == found["iou"]["nucleus"]
    assert found["nucleus_iou"]["Otsu"] > 0.6
    assert report["items"] == 1
    assert set(report["definitions"]) == set(found)
    json.dumps(report)


def test_streets_are_measured_by_what_is_resegmentation_ratio(engine: Engine, tmp_path: Path) -> None:
    folder.write(tmp_path / "streets", 1, "camvid")
    found = evaluate(engine, registry.card("small-streets"), tmp_path / "streets", "val")["metrics"]
    again = found["resegmentation_ratio"]
    assert again["share"] == pytest.approx(again["generated"] / again["real"])
    assert again["real"] > again["generated"]


def test_drawings_are_measured_beside_their_lines(engine: Engine, tmp_path: Path, imagenet: None) -> None:
    (tmp_path / "emoji").mkdir()
    for number in range(60):
        image = images.resize(noise(3 + number % 5, 4), 64, 64)
        (tmp_path / "emoji" / f"{0x1F300 + number:x}.webp").write_bytes(
            images.encode(image, "WEBP", lossless=True)
        )
    report = evaluate(engine, registry.card("small-emoji"), tmp_path, "val")
    assert report["items"] == len(datasets.emoji(tmp_path / "emoji", "val")) > 1
    for metric in ("l1", "ssim", "feature_distance"):
        assert set(report["metrics"][metric]) == {"small-emoji", "lines", "mean colour"}
    assert report["metrics"]["l1"]["mean colour"] > 0
    assert "MobileNetV2" in report["features"]


def test_feature_distances_are_nought_for_the_same(imagenet: None) -> None:
    pictures = np.stack([images.resize(noise(2 + number, 5), 32, 32) for number in range(3)])
    same = feature_distances(pictures, pictures)
    other = feature_distances(pictures, pictures[::-1].copy())
    assert np.abs(same).max() < 1e-6
    assert other[0] == pytest.approx(other[2], rel=1e-4)
    assert other[0] > 0.01 > other[1]


def test_photographs_are_measured_by_the_gap_they_close(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "summer2winter"
    for half, base in (("trainA", 0), ("trainB", 50), ("testA", 100), ("testB", 150)):
        (root / half).mkdir(parents=True)
        for number in range(20):
            image = images.resize(noise(2 + (base + number) % 7, 3), 32, 32)
            (root / half / f"{number}.png").write_bytes(images.encode(image // (1 + base % 100 // 50)))
    card = replace(card_of("small-nuclei"), dataset="yosemite", input_size=(32, 32), options=PHOTOGRAPHS)
    identity = TranslationPredictor(
        Networks({"forward": Fixed(), "backward": Fixed()}, {}), card
    )  # fmt: skip
    colors = lambda pictures, _: pictures.mean(axis=(1, 2)).astype(np.float32) / 64  # noqa: E731
    monkeypatch.setattr("segen.models.features.imagenet.pooled", colors)
    monkeypatch.setattr(identity.network, "discriminator_score", lambda drawing, *_: drawing[:, :1])
    known = {**registry._read_all(), card.name: card}
    monkeypatch.setattr(registry, "_read_all", lambda: known)
    monkeypatch.setattr(engine, "_predictor", lambda name: identity)
    found = evaluate(engine, card, tmp_path, "test")["metrics"]
    assert found["gap_closed"] == pytest.approx({"forward": 0, "backward": 0}, abs=1e-3)
    assert found["gap_closed_compressed"] == pytest.approx({"forward": 0, "backward": 0}, abs=1e-3)
    assert found["kernel_forward_untouched"] == pytest.approx(found["kernel_forward_translated"], abs=1e-3)
    assert found["kernel_forward_untouched"]["value"] > 10 * abs(found["kernel_forward_real"]["value"])
    assert min(found["cycle_psnr"].values()) > 60, "there and back, nothing is lost but for rounding"
