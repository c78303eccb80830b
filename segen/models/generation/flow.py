"""A prior that is learned: a flow from standard normal numbers to the latent vectors of training pictures.

Sources: Dinh, Sohl-Dickstein and Bengio 2017 (Real NVP: affine couplings, the change of variables); Dai and
Wipf 2019 (the prior is fitted to the codes of a VAE that was trained with a standard normal one). We depart
from the first in shifting the numbers between couplings where they take turns, and from the second in a flow
where they have a second VAE.
"""

from __future__ import annotations

import math

import torch
from torch import nn

HIDDEN = 128
"""Units in each of a coupling's two hidden layers."""


class Coupling(nn.Module):
    """Scales, by e^-1 to e, and shifts the second half of N x d numbers as the first half says."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.first = size // 2
        self.says = nn.Sequential(
            nn.Linear(self.first, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, 2 * (size - self.first)),
        )
        for parameter in self.says[-1].parameters():
            nn.init.zeros_(parameter)  # it begins by changing nothing

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        """The numbers, changed."""
        first, second = torch.tensor_split(numbers, [self.first], dim=1)
        scale, shift = self.says(first).chunk(2, dim=1)
        return torch.cat([first, second * scale.tanh().exp() + shift], dim=1)

    def inverse(self, changed: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The numbers before, and the logarithm of the inverse's Jacobian determinant, N."""
        first, second = torch.tensor_split(changed, [self.first], dim=1)
        scale, shift = self.says(first).chunk(2, dim=1)
        scale = scale.tanh()
        return torch.cat([first, (second - shift) * (-scale).exp()], dim=1), -scale.sum(dim=1)


class Flow(nn.Module):
    """So many couplings, between which N x d numbers are shifted round by half of them and one."""

    def __init__(self, size: int, couplings: int) -> None:
        super().__init__()
        self.couplings = nn.ModuleList(Coupling(size) for _ in range(couplings))
        self.shifted = size // 2 + 1 if size > 2 else 1  # each number is changed in its turn

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        """Latent vectors, N x d, of standard normal numbers."""
        for coupling in self.couplings:
            noise = coupling(noise.roll(self.shifted, dims=1))
        return noise

    def inverse(self, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The standard normal numbers, N x d, and the logarithm of the inverse's Jacobian determinant, N."""
        total = latents.new_zeros(len(latents))
        for coupling in reversed(self.couplings):
            assert isinstance(coupling, Coupling)
            latents, determinant = coupling.inverse(latents)
            latents, total = latents.roll(-self.shifted, dims=1), total + determinant
        return latents, total

    def log_density(self, latents: torch.Tensor) -> torch.Tensor:
        """log p(z) of each latent vector in nats, N: that of its noise, and how the flow stretches space."""
        noise, determinant = self.inverse(latents)
        normal = -0.5 * (noise.square() + math.log(2 * math.pi)).sum(dim=1)
        return normal + determinant
