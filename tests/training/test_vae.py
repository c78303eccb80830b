"""Training variational autoencoders and their learned priors, on pictures that the code draws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from segen.errors import UsageError
from segen.models.generation.vae import Vae
from segen.training import data as training_data
from segen.training import start
from segen.training.recipe import Place
from segen.training.recipes.vae import VaeConfig, VaeRecipe
from tests.sentences import exactly
from tests.training_steps import Recorder, batch_of

SYNTHETIC = Place(data="synthetic")
VAE = VaeConfig("tiny", batch_size=6, latent=3, channels=(4, 4, 4))


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path))
    monkeypatch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 12, "val": 6})
    return tmp_path


def test_beta_weighs_the_divergence() -> None:
    losses = []
    for beta in (0.0, 1.0, 4.0):
        recipe = VaeRecipe(replace(VAE, beta=beta), SYNTHETIC)
        torch.manual_seed(0)
        logged = recipe.step(recipe.networks, batch_of(recipe), lambda *_: None)
        losses.append(float(logged["loss"].detach()))
        assert losses[-1] == pytest.approx(
            beta * float(logged["kl"].detach()) - float(logged["log_likelihood"].detach()), rel=1e-5
        )
    assert losses[0] < losses[1] < losses[2]


def test_sizes_of_the_vae() -> None:
    told = Vae(3, (4, 4, 4))(torch.zeros(2, 1, 32, 32), torch.zeros(2, 3))
    assert [each.shape for each in told] == [(2, 3), (2, 1, 32, 32), (2, 3), (2, 3)]


def test_the_flow_learns_without_changing_encoder_and_decoder() -> None:
    config = replace(VAE, couplings=2)
    recipe, plain = VaeRecipe(config, SYNTHETIC), VaeRecipe(replace(config, couplings=0), SYNTHETIC)
    plain.network.load_state_dict(recipe.network.state_dict(), strict=False)
    batch = batch_of(recipe)
    gradients = []
    for each in (recipe, plain):
        calls = Recorder()
        torch.manual_seed(0)
        each.step(each.networks, batch, calls)
        calls.calls[0][1].backward()
        gradients.append([part.grad for name, part in each.network.named_parameters() if "prior" not in name])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)
    assert any(part.grad.abs().sum() > 0 for part in recipe.network.prior.parameters())


def test_a_perceptual_term_is_logged_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    class Apart(nn.Module):
        def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
            return (first - second).abs().mean(dim=(1, 2, 3))

    recipe = VaeRecipe(replace(VAE, perceptual=100.0), SYNTHETIC)
    assert recipe.apart is None, "drawn pictures need no weights to be learned from"
    batch = batch_of(recipe)
    losses = []
    for apart in (None, Apart()):
        calls = Recorder()
        torch.manual_seed(0)
        recipe.apart = apart  # type: ignore[assignment]
        logged = recipe.step(recipe.networks, batch, calls)
        losses.append(float(calls.calls[0][1].detach()))
    assert losses[1] - losses[0] == pytest.approx(100 * float(logged["features"].detach()), rel=1e-3)


def test_the_prior_can_be_trained_alone(runs: Path) -> None:
    with pytest.raises(UsageError, match=exactly("prior_of_nothing")):
        VaeRecipe(replace(VAE, prior_alone=True), SYNTHETIC)
    recipe = VaeRecipe(replace(VAE, prior_alone=True), replace(SYNTHETIC, resume=True))
    calls = Recorder()
    logged = recipe.step(recipe.networks, batch_of(recipe), calls)
    assert set(logged) == {"prior"}
    calls.calls[0][1].backward()
    changed = {
        name for name, each in recipe.network.named_parameters() if each.grad is not None and each.grad.any()
    }
    assert changed
    assert all(name.startswith("prior.") for name in changed)
    assert not recipe.network.encoder[1].num_batches_tracked, "batch norm stays as it is"


def test_grey_pictures_have_no_perceptual_term() -> None:
    with pytest.raises(UsageError, match=exactly("perceptual_grey", name=VAE.name)):
        replace(VAE, perceptual=1.0).check()
    replace(VAE, perceptual=1.0, colors=3).check()
    replace(VAE, couplings=0).check()


def test_a_vae_without_a_prior_can_be_gone_on_from(tmp_path: Path) -> None:
    before, now = Vae(3, (4, 4, 4)), Vae(3, (4, 4, 4), couplings=2)
    before.save_pretrained(tmp_path)
    start.whole(now, tmp_path / "model.safetensors", "old", new="prior.")
    assert torch.equal(now.first.weight, before.first.weight)
    with pytest.raises(UsageError, match=exactly("init_unlike", model="old")):
        start.whole(Vae(4, (4, 4, 4), couplings=2), tmp_path / "model.safetensors", "old", new="prior.")
