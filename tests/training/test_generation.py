"""Training what generates, on garments that the code draws: steps, losses, averages, and going on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from segen import registry
from segen.data.synthetic import garments
from segen.errors import DataError, UsageError
from segen.imaging import images
from segen.models import latents, weights
from segen.models.features.classifier import Classifier
from segen.models.generation.gan import ConvolutionalDiscriminator, ConvolutionalGenerator
from segen.models.generation.vae import divergence, reconstruction_term
from segen.models.weights import read_tensors
from segen.training import data as training_data
from segen.training import diffaugment, loop
from segen.training.diffaugment import augmented
from segen.training.pictures import DRAWN, Pictures
from segen.training.recipe import Place
from segen.training.recipes import RECIPES, build
from segen.training.recipes.classifier import ClassifierConfig
from segen.training.recipes.gan import Gan, GanConfig, recalibrate_batch_norm
from segen.training.recipes.vae import VaeConfig
from tests.sentences import exactly
from tests.training_steps import Recorder, batch_of

SYNTHETIC = Place(data="synthetic")
TINY = GanConfig(
    "tiny",
    steps=4,
    batch_size=6,
    channels=(8, 8, 8),
    discriminator_channels=(8, 8, 8),
    latent=5,
    evaluate_every=4,
    save_every=100,
)
FAMILY = [
    config for config in RECIPES.values() if isinstance(config, GanConfig | VaeConfig | ClassifierConfig)
]


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path))
    monkeypatch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 12, "val": 6})
    monkeypatch.setattr("segen.training.recipes.gan.MEASURED", 64)
    monkeypatch.setattr("segen.training.recipes.vae.MEASURED", 64)
    return tmp_path


@pytest.mark.parametrize("config", FAMILY, ids=lambda config: config.name)
def test_every_recipe_trains_a_step_and_logs_numbers(config: Any, runs: Path) -> None:
    folder = loop.fit(build(replace(config, steps=1, batch_size=6), SYNTHETIC), SYNTHETIC)
    lines = [json.loads(line) for line in (runs / config.name / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 1]
    assert all(np.isfinite(value) for line in lines for value in line.values())
    assert images.read(runs / config.name / "samples" / "0000001.png").shape[2] == 3
    assert (folder / weights.SUMS).is_file()


@pytest.mark.parametrize(
    "config",
    [TINY, replace(TINY, loss="wasserstein", gradient_penalty=10.0, n_critic=2)],
    ids=["dcgan", "wgan"],
)
def test_a_resumed_gan_gives_the_bytes_of_one_never_stopped(
    config: GanConfig, runs: Path, interrupted: Callable[[Any, int], Any]
) -> None:
    whole = loop.fit(Gan(config, SYNTHETIC), SYNTHETIC)
    expected = (whole.parent / "log.jsonl").read_text()
    whole.parent.rename(runs / "whole")
    with pytest.raises(KeyboardInterrupt):
        loop.fit(interrupted(Gan(config, SYNTHETIC), 2), SYNTHETIC)
    resumed = replace(SYNTHETIC, resume=True)
    again = loop.fit(Gan(config, resumed), resumed)
    assert (again.parent / "log.jsonl").read_text() == expected
    for name in ("model.safetensors", "discriminator/model.safetensors"):
        assert (again / name).read_bytes() == (runs / "whole/export" / name).read_bytes()


def test_the_exported_networks_are_the_averaged_ones(runs: Path) -> None:
    recipe = Gan(TINY, SYNTHETIC)
    folder = loop.fit(recipe, SYNTHETIC)
    generator = weights.network(ConvolutionalGenerator, folder)
    discriminator = weights.network(ConvolutionalDiscriminator, folder / "discriminator")
    assert next(generator.parameters()).dtype == torch.float32
    assert not torch.equal(generator.first.weight, recipe.generator.first.weight), "averaged, not the last"
    assert discriminator(torch.zeros(2, 1, 32, 32)).shape == (2,)


class Fixed(nn.Module):
    """A discriminator that says `real` of brighter pictures, `fake` of black ones."""

    def __init__(self, real: float, fake: float) -> None:
        super().__init__()
        self.real, self.fake = nn.Parameter(torch.tensor(real)), nn.Parameter(torch.tensor(fake))

    def forward(self, pixels: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        bright = pixels.flatten(1).mean(dim=1) > -0.99
        return torch.where(bright, self.real, self.fake) + 0 * pixels.flatten(1).sum(dim=1)


class Black(nn.Module):
    """A generator of black pictures."""

    def forward(self, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return torch.full((len(noise), 1, 32, 32), -1.0) + 0 * noise.sum()


@pytest.mark.parametrize("loss", ["non_saturating", "wasserstein"])
def test_losses_are_the_published_ones(loss: Any) -> None:
    recipe = Gan(replace(TINY, loss=loss, gradient_penalty=10.0), SYNTHETIC)
    recorded, real, fake = Recorder(), 1.5, -0.5
    logged = recipe.step(
        {"generator": Black(), "discriminator": Fixed(real, fake)}, batch_of(recipe), recorded
    )
    (first, discriminator), (second, generator) = recorded.calls
    assert (first, second) == ("discriminator", "generator")
    log = lambda x: float(np.log(1 / (1 + np.exp(-x))))  # noqa: E731
    if loss == "wasserstein":
        assert float(logged["wasserstein"].detach()) == pytest.approx(real - fake)
        assert float(logged["penalty"].detach()) == pytest.approx(1), "this critic is flat"
        assert float(discriminator.detach()) == pytest.approx(fake - real + 10)
        assert float(generator.detach()) == pytest.approx(-fake)
    else:
        assert float(discriminator.detach()) == pytest.approx(-(log(real) + log(-fake)), rel=1e-5)
        assert float(generator.detach()) == pytest.approx(-log(fake), rel=1e-5)


def test_the_critic_is_updated_so_often_on_parts_of_the_batch() -> None:
    recipe = Gan(replace(TINY, loss="wasserstein", n_critic=3), SYNTHETIC)
    recorded = Recorder()
    recipe.step(recipe.networks, batch_of(recipe), recorded)
    assert [name for name, _ in recorded.calls] == ["discriminator"] * 3 + ["generator"]
    assert not any(isinstance(module, nn.BatchNorm2d) for module in recipe.discriminator.modules())
    assert all(parameter.requires_grad for parameter in recipe.discriminator.parameters())


def test_the_generators_loss_leaves_the_discriminator_alone() -> None:
    recipe = Gan(TINY, SYNTHETIC)

    def update(name: str, loss: torch.Tensor) -> None:
        for network in recipe.networks.values():
            network.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        touched = {
            key
            for key, network in recipe.networks.items()
            if any(p.grad is not None for p in network.parameters())
        }
        assert touched == {name}

    recipe.step(recipe.networks, batch_of(recipe), update)


def test_augmentation_is_seen_by_the_discriminator_alone_and_lets_gradients_through() -> None:
    torch.manual_seed(0)
    pixels = torch.rand(8, 3, 32, 32, requires_grad=True)
    changed = augmented(pixels)
    assert changed.shape == pixels.shape
    assert all(not torch.allclose(one, other) for one, other in zip(changed, pixels, strict=True))
    changed.sum().backward()  # type: ignore[no-untyped-call]
    assert pixels.grad is not None
    cut = (changed == 0).all(dim=1).float().mean(dim=(1, 2))
    assert (cut > 0.05).all(), "a square is cut out of each, though it may stand over the edge"
    assert (cut < 0.5).all(), "a quarter is cut out, and less than another is moved in"
    seen: list[torch.Tensor] = []

    class Watching(Fixed):
        def forward(self, pixels: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            seen.append(pixels)
            return super().forward(pixels, labels)

    recipe = Gan(replace(TINY, differentiable_augmentation=True), SYNTHETIC)
    batch = batch_of(recipe)
    recipe.step({"generator": Black(), "discriminator": Watching(1.0, 0.0)}, batch, Recorder())
    assert len(seen) == 3
    assert not torch.equal(seen[0], batch[0])


def test_what_is_moved_in_is_grey_as_published() -> None:
    torch.manual_seed(0)
    moved = diffaugment._translated(torch.ones(16, 3, 32, 32))
    assert set(moved.unique().tolist()) == {0.0, 1.0}


def test_the_generators_graph_is_built_for_its_own_update_alone() -> None:
    recipe = Gan(replace(TINY, loss="wasserstein", n_critic=3), SYNTHETIC)
    learned_from: list[bool] = []
    recipe.generator.register_forward_hook(lambda *given: learned_from.append(given[2].requires_grad))
    recipe.step(recipe.networks, batch_of(recipe), Recorder())
    assert learned_from == [False, False, True]


def test_batch_norm_settles_on_the_weights_it_is_given() -> None:
    torch.manual_seed(0)
    generator = ConvolutionalGenerator(5, (8, 8, 8))
    norm = next(module for module in generator.modules() if isinstance(module, nn.BatchNorm2d))
    assert norm.running_mean is not None
    norm.running_mean += 100
    noise = torch.from_numpy(latents.noise(range(64), (5,)))
    recalibrate_batch_norm(generator, [(noise, torch.zeros(64))])
    seen = generator.first(noise[:, :, None, None])
    torch.testing.assert_close(norm.running_mean, seen.mean(dim=(0, 2, 3)))
    assert (norm.momentum, generator.training) == (0.1, False)


def test_a_condition_changes_picture_and_judgement() -> None:
    recipe = Gan(replace(TINY, conditional=True), SYNTHETIC)
    assert recipe.classes == 10
    noise, pixels = torch.zeros(2, 5), torch.ones(2, 1, 32, 32)
    labels = torch.tensor([1, 2])
    for network, given in ((recipe.generator, noise), (recipe.discriminator, pixels)):
        one, other = network.eval()(given, labels)
        assert not torch.allclose(one, other)


def test_the_divergence_is_that_of_torch() -> None:
    mean, log_variance = torch.randn(5, 3), torch.randn(5, 3)
    normal = torch.distributions.Normal(mean, (log_variance / 2).exp())
    expected = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0, 1)).sum(dim=1)
    torch.testing.assert_close(divergence(mean, log_variance), expected)
    pixels, decoded, scale = torch.randn(5, 1, 4, 4), torch.randn(5, 1, 4, 4), torch.tensor(-0.7)
    density = torch.distributions.Normal(decoded, scale.exp()).log_prob(pixels).sum(dim=(1, 2, 3))
    torch.testing.assert_close(reconstruction_term(pixels, decoded, scale), density)


def test_what_shipped_can_be_gone_on_from(
    every_weights_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = every_weights_folder
    monkeypatch.setenv("SEGEN_WEIGHTS", str(folder))
    ours = [
        card
        for card in registry.cards("generate")
        if isinstance(RECIPES.get(card.name), GanConfig | VaeConfig)
    ]
    assert len(ours) > 1
    for card in ours:
        recipe = build(RECIPES[card.name], replace(SYNTHETIC, init=card.name))
        network = recipe.networks.get("generator", recipe.networks.get("network"))
        assert network
        shipped = read_tensors(folder / card.name / "model.safetensors")
        own = network.state_dict()
        assert all(torch.equal(tensor.to(own[name].dtype), own[name]) for name, tensor in shipped.items())
        with pytest.raises(UsageError, match=exactly("init_unlike", model=card.name)):
            Gan(replace(TINY, latent=7), replace(SYNTHETIC, init=card.name))


def test_a_folder_of_pictures_trains_what_needs_no_class(tmp_path: Path) -> None:
    folder = tmp_path / "own" / "train" / "images"
    folder.mkdir(parents=True)
    for seed in range(6):
        (folder / f"{seed}.png").write_bytes(
            images.encode(garments.garment(seed)[0].repeat(2, 0).repeat(2, 1))
        )
    place = Place(data=str(tmp_path / "own"))
    recipe = Gan(TINY, place)
    pixels, _ = recipe.train[0]
    assert pixels.shape == (1, 32, 32)
    assert (pixels[:, :2] == -1).all()
    with pytest.raises(DataError, match=exactly("no_labels")):
        Gan(replace(TINY, conditional=True), place)


def test_drawn_garments_are_of_ten_kinds() -> None:
    found = Pictures("synthetic", "fashion", "train")
    assert found.pictures.shape == (12, 28, 28, 1)
    assert found.labels.tolist() == [index % 10 for index in range(12)]
    means = [
        np.mean([garments.garment(10 * seed + kind)[0] for seed in range(8)], axis=0) for kind in range(10)
    ]
    apart = [np.abs(one - other).mean() for i, one in enumerate(means) for other in means[:i]]
    assert min(apart) > 4, "the kinds look different"
    with pytest.raises(DataError, match=exactly("nothing_drawn", dataset="camvid", known=", ".join(DRAWN))):
        Pictures("synthetic", "camvid", "train")


def test_the_classifiers_features_are_its_last_hidden_layer() -> None:
    network = Classifier(classes=4, channels=(2, 3, 4), hidden=5).eval()
    pixels = torch.rand(3, 1, 28, 28)
    features = network.features(pixels)
    assert features.shape == (3, 5)
    assert (features >= 0).all()
    torch.testing.assert_close(network.classify(features), network(pixels))


def test_rates_fall_to_nothing_only_where_they_should() -> None:
    for decay, last in ((False, TINY.lr), (True, 0.0)):
        recipe = Gan(replace(TINY, decay=decay, n_critic=2), SYNTHETIC)
        optimizers = recipe.optimizers()
        schedules = recipe.schedulers(optimizers)
        for name, updates in (("generator", TINY.steps), ("discriminator", 2 * TINY.steps)):
            for _ in range(updates):
                optimizers[name].step()
                schedules[name].step()
            assert optimizers[name].param_groups[0]["lr"] == pytest.approx(last)
