"""Training translations, with pairs and without, on pictures that the code draws."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from segen import registry
from segen.errors import UsageError
from segen.imaging import images, lines
from segen.models import weights
from segen.models.features.imagenet import FeatureDistance
from segen.models.translation.pix2pix import DISCRIMINATOR, PatchDiscriminator
from segen.models.translation.predictor import ResnetGenerator
from segen.training import data as training_data
from segen.training import feature_discriminator, loop
from segen.training.domains import Microscopy, Photographs
from segen.training.guide import Guide
from segen.training.main import main
from segen.training.pairs import PAIRS, apart
from segen.training.recipe import Place
from segen.training.recipes import RECIPES, build
from segen.training.recipes.cyclegan import CycleGan, History
from segen.training.recipes.paired import FEATURE_BLOCKS
from segen.training.recipes.translation import TranslationConfig
from tests.sentences import exactly, sentence

SYNTHETIC = Place(data="synthetic")
SMALL = {"channels": 4, "blocks": 1, "discriminator_channels": 4, "evaluate_every": 4, "save_every": 100}
FAMILY = [config for config in RECIPES.values() if isinstance(config, TranslationConfig)]
TINY = replace(
    RECIPES["cyclegan-nuclei"], name="tiny", steps=4, batch_size=2, side=32, history=3, noise=0.1, **SMALL
)


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path))
    monkeypatch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 3, "val": 2})
    return tmp_path


@pytest.mark.parametrize("config", FAMILY, ids=lambda config: config.name)
def test_every_recipe_trains_a_step_and_ships_both_kinds_of_network(config: Any, runs: Path) -> None:
    side = config.side if config.dataset == "emoji" else 64
    small = replace(config, **SMALL, steps=1, batch_size=1, side=side)
    recipe = build(small, SYNTHETIC)
    folder = loop.fit(recipe, SYNTHETIC)
    lines = [json.loads(line) for line in (runs / config.name / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 1]
    assert all(np.isfinite(value) for line in lines for value in line.values())
    assert any(name.startswith("val/") for name in lines[1])
    assert images.read(runs / config.name / "samples" / "0000001.png").shape[2] == 3
    directions = {"a_to_b": "forward", "b_to_a": "backward"}
    expected = {directions[part] for part in recipe.parts}
    assert {path.name for path in folder.glob("*ward")} == expected
    sealed = (folder / weights.SUMS).read_text()
    for direction in expected:
        generator = weights.network(type(recipe.generators["a_to_b"]), folder / direction)
        assert next(generator.parameters()).dtype == torch.float32
        weights.network(PatchDiscriminator, folder / direction / DISCRIMINATOR)
        assert f"  {direction}/{DISCRIMINATOR}/model.safetensors\n" in sealed
    assert not list(folder.rglob("README.md"))


@pytest.mark.parametrize("aid", ["", "unet-camvid"])
def test_a_resumed_cyclegan_gives_the_bytes_of_one_never_stopped(
    runs: Path, interrupted: Callable[[Any, int], Any], aid: str
) -> None:
    """With its schedule, which falls by then, and its history, which is full when it is stopped."""
    tiny = replace(TINY, feature_discriminator=aid)
    whole = loop.fit(CycleGan(tiny, SYNTHETIC), SYNTHETIC)
    expected = (whole.parent / "log.jsonl").read_text()
    whole.parent.rename(runs / "whole")
    with pytest.raises(KeyboardInterrupt):
        loop.fit(interrupted(CycleGan(tiny, SYNTHETIC), 3), SYNTHETIC)
    saved = torch.load(runs / "tiny" / "checkpoint.pt", weights_only=True)
    assert saved["kept.history"]["a_to_b_kept"] == TINY.history
    assert saved["kept.history"]["a_to_b"].abs().sum() > 0
    for part in ("network.discriminators", "average.discriminators"):
        assert saved[part]
        assert not any("history" in name for name in saved[part]), "which is not averaged"
    assert saved["updates.generators"] == 3
    resumed = replace(SYNTHETIC, resume=True)
    recipe = CycleGan(tiny, resumed)
    again = loop.fit(recipe, resumed)
    assert (again.parent / "log.jsonl").read_text() == expected
    for name in ("forward/model.safetensors", f"backward/{DISCRIMINATOR}/model.safetensors"):
        assert (again / name).read_bytes() == (runs / "whole/export" / name).read_bytes()


def test_an_encoder_aids_the_discriminators_and_never_changes() -> None:
    """Its features' heads learn beside those of patches, and the generators from both."""
    recipe = CycleGan(replace(TINY, feature_discriminator="unet-camvid"), SYNTHETIC)
    before = {name: tensor.clone() for name, tensor in recipe.encoder.state_dict().items()}
    batch = [torch.stack(part) for part in zip(recipe.train[0], recipe.train[1], strict=True)]
    optimizers = recipe.optimizers()

    def update(name: str, loss: torch.Tensor) -> None:
        optimizers[name].zero_grad()
        loss.backward()
        optimizers[name].step()

    for network in recipe.networks.values():
        network.train()
    heads = {
        name: tensor.clone() for name, tensor in recipe.discriminators["b_to_a_features"].named_parameters()
    }
    recipe.step(recipe.networks, batch, update)
    assert all(torch.equal(tensor, recipe.encoder.state_dict()[name]) for name, tensor in before.items())
    moved = dict(recipe.discriminators["b_to_a_features"].named_parameters())
    assert heads
    assert all(not torch.equal(tensor, moved[name]) for name, tensor in heads.items())
    scores = recipe.discriminators["a_to_b_features"](
        recipe.encoder(batch[0].expand(-1, 3, -1, -1))[feature_discriminator.STAGES]
    )
    assert scores.shape == (2, 3)
    loss = recipe._judged(recipe.discriminators, "a_to_b", batch[0].requires_grad_(), real=True)
    plain = CycleGan(TINY, SYNTHETIC)._judged(recipe.discriminators, "a_to_b", batch[0], real=True)
    assert loss > plain > 0


def test_the_rate_is_constant_and_then_falls_to_nought() -> None:
    config = replace(TINY, steps=10, discriminator_rate=4.0)
    recipe = CycleGan(config, SYNTHETIC)
    optimizers = recipe.optimizers()
    assert optimizers["discriminators"].param_groups[0]["lr"] == 4 * config.lr
    scheduler = recipe.schedulers(optimizers)["generators"]
    rates = []
    for _ in range(config.steps):
        rates.append(optimizers["generators"].param_groups[0]["lr"] / config.lr)
        optimizers["generators"].step()
        scheduler.step()
    assert rates == pytest.approx([1, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2])
    assert optimizers["generators"].param_groups[0]["lr"] == 0


def test_the_history_gives_older_drawings_half_of_the_time() -> None:
    torch.manual_seed(0)
    history = History(5, 1, 2)
    drawings = [torch.full((1, 1, 2, 2), float(number + 1)) for number in range(400)]
    shown = [int(history.shown("a_to_b", drawing)[0, 0, 0, 0]) for drawing in drawings]
    assert shown[:5] == [1, 2, 3, 4, 5], "what there is room for is shown itself"
    older = [number for number, seen in enumerate(shown[5:], start=6) if seen < number]
    assert 0.4 < len(older) / 395 < 0.6
    assert max(Counter(seen for seen in shown if seen > 5).values()) == 1, "a drawing is shown once at most"
    assert history.b_to_a.abs().sum() == 0, "each direction has its own"
    assert (History(0, 1, 2).shown("b_to_a", drawings[0]) == 1).all()


def gradients(recipe: Any, batch: Any) -> dict[str, dict[str, bool]]:
    """Which networks each update of a step gives a gradient."""
    moved: dict[str, dict[str, bool]] = {}

    def update(name: str, loss: torch.Tensor) -> None:
        for network in recipe.networks.values():
            network.zero_grad()
        loss.backward()
        moved[name] = {
            each: any(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in network.parameters())
            for each, network in recipe.networks.items()
        }

    recipe.step(recipe.networks, batch, update)
    return moved


@pytest.mark.parametrize("name", ["cyclegan-nuclei", "pix2pix-nuclei"])
def test_each_network_learns_from_its_own_loss(name: str) -> None:
    recipe = build(replace(RECIPES[name], **SMALL, side=64), SYNTHETIC)
    batch = [part[None] for part in recipe.dataset()[0]]
    assert gradients(recipe, batch) == {
        "generators": {"generators": True, "discriminators": False},
        "discriminators": {"generators": False, "discriminators": True},
    }


def test_a_perceptual_loss_teaches_the_generator_alone(imagenet: None) -> None:
    recipe = build(replace(RECIPES["pix2pix-camvid-photo"], **SMALL, side=64), SYNTHETIC)
    assert recipe.apart is None, "drawn pictures need no ImageNet weights"
    recipe.apart = FeatureDistance(FEATURE_BLOCKS)
    given, true = (part[None] for part in recipe.dataset()[0])
    assert gradients(recipe, (given, true))["discriminators"] == {"generators": False, "discriminators": True}
    assert float(recipe.apart(true, true)) == 0
    logged = recipe.step(recipe.networks, (given, true), lambda name, loss: None)
    assert float(logged["features"].detach()) > 0
    assert all(weight.grad is None for weight in recipe.apart.parameters())


def test_a_guide_teaches_the_generator_alone_and_never_changes() -> None:
    recipe = build(replace(RECIPES["pix2pix-camvid-photo"], **SMALL, side=64, guide="unet-camvid"), SYNTHETIC)
    guide = recipe.guide
    before = {name: tensor.clone() for name, tensor in guide.state_dict().items()}
    batch = [part[None] for part in recipe.dataset()[0]]
    assert gradients(recipe, batch) == {
        "generators": {"generators": True, "discriminators": False},
        "discriminators": {"generators": False, "discriminators": True},
    }
    assert float(recipe.step(recipe.networks, batch, lambda name, loss: None)["guide"].detach()) > 0
    assert all(weight.grad is None for weight in guide.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in guide.state_dict().items())
    assert not guide.train().network.training


def test_a_guide_rewards_what_it_reads_as_asked() -> None:
    """The street that was drawn of a map, against that map, the same upside down, and none."""
    (streets,) = PAIRS["camvid"]("synthetic", "camvid", ["train"], 64)
    guide = Guide("unet-camvid", "camvid", streets.given)
    given, drawn = (part[None] for part in streets.whole(0))
    assert float(guide(drawn, given)) < 0.5 * float(guide(drawn, given.flip(2)))
    assert float(guide(drawn, torch.full_like(given, -1))) == 0


@pytest.mark.parametrize("guide", ["unet-nuclei", "deeplabv3plus-animals"])
def test_what_reads_other_classes_cannot_guide(guide: str) -> None:
    config = replace(RECIPES["pix2pix-camvid-photo"], **SMALL, side=64, guide=guide)
    with pytest.raises(UsageError, match=exactly("guide_unlike", model=guide, dataset="camvid")):
        build(config, SYNTHETIC)


def test_only_what_draws_label_maps_can_be_guided(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pix2pix-emoji", "--guide", "unet-camvid", "--data", "synthetic"]) == 2
    assert capsys.readouterr().err.endswith(sentence("guide_without_labels", name="pix2pix-emoji") + "\n")
    assert main(["pix2pix-camvid-photo", "--guide", "none-such", "--data", "synthetic"]) == 2
    known = ", ".join(each.name for each in registry.cards())
    assert capsys.readouterr().err.endswith(sentence("unknown_card", known=known) + "\n")


def test_losses_are_nought_where_there_is_nothing_to_learn() -> None:
    """Generators that leave all as it is, and discriminators that are never sure."""
    recipe = CycleGan(replace(TINY, noise=0.0), SYNTHETIC)
    for generator in recipe.generators.values():
        nn.init.zeros_(generator.last.weight)
        nn.init.zeros_(generator.last.bias)
    batch = [part[None] for part in recipe.dataset()[0]]
    logged = recipe.step(recipe.networks, batch, lambda name, loss: None)
    for name in ("cycle_first", "cycle_second", "identity_first", "identity_second"):
        assert float(logged[name].detach()) == 0
    assert float(logged["discriminator_forward"].detach()) > 0


def test_without_weight_the_identity_loss_is_not_taken() -> None:
    recipe = CycleGan(replace(TINY, identity=0.0), SYNTHETIC)
    calls = []
    for name, generator in recipe.generators.items():
        generator.register_forward_hook(lambda *_, name=name: calls.append(name))
    batch = [part[None] for part in recipe.dataset()[0]]
    logged = recipe.step(recipe.networks, batch, lambda name, loss: None)
    assert sorted(calls) == ["a_to_b", "a_to_b", "b_to_a", "b_to_a"], "each direction, of both domains"
    assert {name.partition("_")[0] for name in logged} == {"fooled", "cycle", "discriminator"}


def test_microscopy_reads_no_label(tmp_path: Path) -> None:
    for split in ("train", "val"):
        (tmp_path / split / "images").mkdir(parents=True)
        for number in range(2):
            pixels = np.random.default_rng(number).integers(0, 90, (100, 120, 3), dtype=np.uint8)
            (tmp_path / split / "images" / f"{number}.png").write_bytes(images.encode(pixels))
    items = Microscopy(str(tmp_path), "nuclei", "train", 32)
    torch.manual_seed(0)
    (picture, mask), (_, other) = items[0], items[0]
    assert picture.shape == mask.shape == (1, 32, 32)
    assert -1 <= picture.min() < picture.max() <= 1
    assert not torch.equal(mask, other), "another mask each time"
    assert items.held_back(str(tmp_path), "nuclei", 32).labels == []


def test_photographs_of_both_domains_are_not_paired() -> None:
    items = Photographs("synthetic", "yosemite", "train", 64)
    torch.manual_seed(1)
    pairs = [items[0] for _ in range(6)]
    assert all(part.shape == (3, 64, 64) for pair in pairs for part in pair)
    first, second = ([part[number].mean() for part in pairs] for number in (0, 1))
    assert float(torch.stack(second).mean()) > float(torch.stack(first).mean()), "snow is bright"


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_keep_together_when_they_are_cropped(name: str) -> None:
    (items,) = PAIRS[name]("synthetic", name, ["train"], 64)
    torch.manual_seed(3)
    given, drawn = items[1]
    assert given.shape == (items.given, 64, 64)
    assert drawn.shape == (items.drawn, 64, 64)
    if name == "nuclei":
        inside, outside = drawn[given > 0.9], drawn[given < -0.9]
        assert inside.mean() > outside.mean() + 0.5


def test_touching_nuclei_are_kept_apart() -> None:
    numbers = np.zeros((6, 8), np.int32)
    numbers[1:5, 1:4], numbers[1:5, 4:7] = 1, 2
    mask = apart(numbers)
    assert mask[2].tolist() == [0, 255, 255, 0, 0, 255, 255, 0]


def test_a_training_can_start_from_shipped_networks(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = loop.fit(CycleGan(TINY, SYNTHETIC), SYNTHETIC)
    monkeypatch.setattr("segen.models.weights.checked", lambda card: folder)
    monkeypatch.setattr(registry, "card", lambda name, task: None)
    again = CycleGan(TINY, replace(SYNTHETIC, init="tiny"))
    shipped = weights.network(ResnetGenerator, folder / "forward")
    for name, tensor in again.generators["a_to_b"].state_dict().items():
        assert torch.equal(tensor, shipped.state_dict()[name])
    with pytest.raises(UsageError, match=exactly("init_unlike", model="tiny")):
        CycleGan(replace(TINY, channels=6), replace(SYNTHETIC, init="tiny"))


def test_even_a_pale_drawing_has_lines() -> None:
    """One without any would be flat, and gradients of instance norm over flat maps have no bounds."""
    pale = np.full((64, 64, 3), 255, np.uint8)
    pale[20:40, 20:40] = 247
    assert all(lines.drawing(pale, seed).min() < 128 for seed in (None, *range(40)))
    flat = np.full((64, 64, 3), 255, np.uint8)
    assert (lines.drawing(flat, 3) == 255).all()
