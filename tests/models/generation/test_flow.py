"""The learned prior: what it changes can be undone, and its density is one."""

import pytest
import torch

from segen.models.generation.flow import Flow
from segen.models.generation.vae import Encoded, Vae, divergence, learned_divergence


@pytest.fixture
def flow() -> Flow:
    """A flow of five numbers that no longer changes nothing."""
    torch.manual_seed(0)
    found = Flow(5, 4)
    for parameter in found.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.2)
    return found


def test_a_flow_begins_by_changing_nothing_but_the_order() -> None:
    noise = torch.randn(7, 5)
    changed = Flow(5, 3)(noise)
    assert torch.equal(changed.sort(dim=1).values, noise.sort(dim=1).values)
    assert torch.equal(Flow(5, 0)(noise), noise)


def test_a_flow_can_be_undone(flow: Flow) -> None:
    noise = torch.randn(7, 5)
    changed = flow(noise)
    assert not torch.allclose(changed.sort(dim=1).values, noise.sort(dim=1).values, atol=0.1)
    torch.testing.assert_close(flow.inverse(changed)[0], noise, atol=1e-4, rtol=1e-4)


def test_the_density_is_that_of_the_noise_by_the_change_of_variables(flow: Flow) -> None:
    noise = torch.randn(3, 5)
    stretched = torch.stack([
        torch.autograd.functional.jacobian(lambda one: flow(one[None])[0], each).det().abs().log()
        for each in noise
    ])  # fmt: skip
    normal = torch.distributions.Normal(0, 1).log_prob(noise).sum(dim=1)
    torch.testing.assert_close(flow.log_density(flow(noise)), normal - stretched, atol=1e-4, rtol=1e-4)


def test_without_couplings_the_learned_divergence_is_the_closed_form_on_average() -> None:
    network = Vae(4, (4, 4, 4))
    mean, log_variance = torch.tensor([[1.0, 0.0, -2.0, 0.5]]), torch.tensor([[0.0, -1.0, -2.0, 0.5]])
    torch.manual_seed(0)
    means, variances = mean.repeat(100_000, 1), log_variance.repeat(100_000, 1)
    latents = means + torch.randn_like(means) * (variances / 2).exp()
    found = learned_divergence(network, Encoded(latents, latents, means, variances))
    assert float(found.mean()) == pytest.approx(float(divergence(mean, log_variance)), abs=0.05)


def test_pictures_are_drawn_through_the_prior() -> None:
    torch.manual_seed(0)
    network = Vae(4, (4, 4, 4), couplings=2).eval()
    torch.nn.init.normal_(network.prior.couplings[1].says[-1].weight)
    noise = torch.randn(3, 4)
    assert torch.equal(network.draw(noise), network.decode(network.prior(noise)))
    assert not torch.equal(network.draw(noise), network.decode(noise))


def test_first_weights_are_the_decoders_where_the_prior_changes_nothing() -> None:
    plain = Vae(4, (4, 4, 4))
    torch.testing.assert_close(plain.first_weights(), plain.first.weight.flatten(1).T)


@pytest.mark.parametrize("size", [2, 3, 4, 5, 16])
def test_every_number_is_changed_in_its_turn(size: int) -> None:
    torch.manual_seed(0)
    found = Flow(size, 8)
    for parameter in found.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.2)
    noise = torch.randn(9, size)
    assert (found(noise) - noise).abs().amax(dim=0).min() > 1e-3
