"""Several processes that train one network, each on its part of every batch, with the numbers of one process.

`accelerate launch --num_processes N train.py …` starts them. Of a batch, item i goes to process i modulo N.
Random numbers are drawn for the whole batch in every process alike, and each takes its part of them; batch
norm, dropout and losses that are no mean over items look at the whole batch; gradients are averaged. So the
weights of all processes stay equal.

DistributedDataParallel is not used: it expects one forward and one backward pass through the whole of a
network, while a GAN goes through the same one several times, through parts of it, and through gradients of
gradients. SyncBatchNorm is not used either, as it runs on GPUs alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any

import torch
from accelerate import PartialState
from torch import distributed, nn
from torch.nn import functional

PATIENCE = timedelta(hours=3)
"""The others wait for the first process so long, which decodes pictures, measures and writes."""


class _Sum(torch.autograd.Function):
    """The sum of a tensor over all processes; its gradient is the sum of theirs."""

    @staticmethod
    def forward(context: Any, value: torch.Tensor) -> torch.Tensor:
        summed = value.clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(summed)
        return summed

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> torch.Tensor:
        return _Sum.forward(context, gradient)


def begin() -> PartialState:
    """Join the processes that a launcher started beside this one, on GPUs, else on processors."""
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    return PartialState(cpu=several and not torch.accelerator.is_available(), timeout=PATIENCE)


def count() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def index() -> int:
    """The number of this one, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def own(whole: torch.Tensor) -> torch.Tensor:
    """This process's items of a whole batch."""
    return whole[index() :: count()]


def drawn(draw: Callable[..., torch.Tensor], items: int, *shape: int, device: torch.device) -> torch.Tensor:
    """`items` x shape random numbers of this process, by torch.rand or torch.randn."""
    return own(draw(items * count(), *shape, device=device))


def normal_like(part: torch.Tensor) -> torch.Tensor:
    """Standard normal numbers of the shape of this process's part of a batch."""
    return own(torch.randn_like(torch.cat([part] * count())))


def gathered(part: torch.Tensor) -> torch.Tensor:
    """The whole batch, in its order, of the parts that all processes have; gradients flow back to each."""
    if count() == 1:
        return part
    whole = part.new_zeros(len(part) * count(), *part.shape[1:])
    whole[index() :: count()] = part
    summed: torch.Tensor = _Sum.apply(whole)
    return summed


def mean(value: torch.Tensor) -> torch.Tensor:
    """The mean of a tensor over all processes; gradients flow back to each."""
    summed: torch.Tensor = _Sum.apply(value) if count() > 1 else value
    return summed / count()


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace the gradients, those that there are, by their mean over all processes."""
    gradients = [each.grad for each in parameters if each.grad is not None]
    if count() > 1 and gradients:
        vector = torch.cat([each.reshape(-1) for each in gradients])
        distributed.all_reduce(vector)
        means = torch.split(vector / count(), [each.numel() for each in gradients])
        for gradient, average in zip(gradients, means, strict=True):
            gradient.copy_(average.view(gradient.shape))


def join(network: nn.Module) -> None:
    """Make batch norm and dropout in a network act on the whole batch of all processes."""
    for module in network.modules() if count() > 1 else ():
        if isinstance(module, nn.BatchNorm2d):
            module.forward = partial(_normalized, module)  # type: ignore[method-assign]
        elif isinstance(module, nn.Dropout):
            module.forward = partial(_dropped, module)  # type: ignore[method-assign]


def _normalized(module: nn.BatchNorm2d, maps: torch.Tensor) -> torch.Tensor:
    """Batch norm with mean and variance over the parts of all processes, which have equal sizes."""
    if not module.training:
        return nn.BatchNorm2d.forward(module, maps)
    values = maps.float()
    center = mean(values.mean(dim=(0, 2, 3)))[None, :, None, None]
    variance = mean((values - center).square().mean(dim=(0, 2, 3)))
    positions = count() * values.numel() / values.shape[1]
    assert module.running_mean is not None
    assert module.running_var is not None
    assert module.num_batches_tracked is not None
    assert module.momentum is not None
    with torch.no_grad():
        module.num_batches_tracked += 1
        module.running_mean.lerp_(center.flatten(), module.momentum)
        module.running_var.lerp_(variance * positions / (positions - 1), module.momentum)
    scale, shift = (each[None, :, None, None] for each in (module.weight, module.bias))
    spread = (variance + module.eps).sqrt()[None, :, None, None]
    return ((values - center) / spread * scale + shift).to(maps.dtype)


def _dropped(module: nn.Dropout, values: torch.Tensor) -> torch.Tensor:
    """Dropout whose choice is drawn for the whole batch."""
    ones = torch.ones_like(torch.cat([values.detach()] * count()))
    return values * own(functional.dropout(ones, module.p, module.training))
