"""The loop's arithmetic, on a network of one number whose every step can be counted by hand."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from segen.training import loop
from segen.training.recipe import Config, Place, Update
from segen.types import Image

PLACE = Place()
CONFIG = Config("one", steps=3, batch_size=2, clip=1e9, ema_decay=0.5, evaluate_every=100, save_every=100)
RATE = 0.1


class One:
    """One number, which falls by RATE times `slope` in each step, whatever the batch."""

    def __init__(self, config: Config = CONFIG, slope: float = 2.0) -> None:
        self.config, self.slope = config, slope
        self.network = nn.Linear(1, 1, bias=False)
        nn.init.constant_(self.network.weight, 1.0)
        self.networks: dict[str, nn.Module] = {"network": self.network}
        self.kept: dict[str, nn.Module] = {}

    def dataset(self) -> list[torch.Tensor]:
        return [torch.full((1,), float(2**number)) for number in range(4)]

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"network": torch.optim.SGD(self.network.parameters(), RATE)}

    def schedulers(
        self, optimizers: dict[str, torch.optim.Optimizer]
    ) -> dict[str, torch.optim.lr_scheduler.LRScheduler]:
        return {"network": torch.optim.lr_scheduler.ConstantLR(optimizers["network"], 1.0)}

    def step(self, networks: dict[str, nn.Module], batch: Any, update: Update) -> dict[str, torch.Tensor]:
        assert networks["network"].training
        loss = self.slope * (networks["network"](batch) / batch).mean()
        update("network", loss)
        weight = self.network.weight.detach().clone()[0, 0]
        return {"weight": weight, "draw": torch.rand(()), "batch": batch.sum()}

    def evaluate(self, networks: dict[str, nn.Module]) -> dict[str, float]:
        assert not networks["network"].training
        return {"val/draw": float(torch.rand(()))}

    def samples(self, networks: dict[str, nn.Module]) -> Image:
        return np.zeros((1, 1, 3), np.uint8)

    def export(self, networks: dict[str, nn.Module], folder: Path) -> None:
        (folder / "weight").write_text(str(networks["network"].weight.item()))


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path))
    return tmp_path


def logged(run: Path, name: str) -> list[float]:
    lines = map(json.loads, (run / "log.jsonl").read_text().splitlines())
    return [line[name] for line in lines if name in line]


def test_each_update_has_the_gradient_of_its_own_loss_alone(runs: Path) -> None:
    loop.fit(One(), PLACE)
    assert logged(runs / "one", "weight") == pytest.approx([0.8, 0.6, 0.4])


def test_gradients_are_clipped(runs: Path) -> None:
    loop.fit(One(replace(CONFIG, clip=0.5)), PLACE)
    assert logged(runs / "one", "weight") == pytest.approx([0.95, 0.9, 0.85])


@pytest.mark.parametrize(("longest", "decays"), [(0.9, (2 / 11, 3 / 12)), (0.2, (2 / 11, 0.2))])
def test_the_average_forgets_its_first_steps_sooner(longest: float, decays: tuple[float, float]) -> None:
    folder = loop.fit(One(replace(CONFIG, ema_decay=longest)), PLACE)
    average = 0.8  # the first one counts whole
    for decay, weight in zip(decays, (0.6, 0.4), strict=True):
        average = decay * average + (1 - decay) * weight
    assert float((folder / "weight").read_text()) == pytest.approx(average, rel=1e-5)


def test_measuring_changes_no_random_number_of_the_training(runs: Path) -> None:
    loop.fit(One(), PLACE)
    expected = logged(runs / "one", "draw")
    loop.fit(One(replace(CONFIG, name="measured", evaluate_every=1)), PLACE)
    assert len(logged(runs / "measured", "val/draw")) == 3
    assert logged(runs / "measured", "draw") == expected
    assert len(set(expected)) == 3


def test_ctrl_c_in_the_last_step_leaves_a_finished_run(interrupted: Callable[[Any, int], Any]) -> None:
    assert float((loop.fit(interrupted(One(), 3), PLACE) / "weight").read_text()) < 1
    with pytest.raises(KeyboardInterrupt):
        loop.fit(interrupted(One(), 2), PLACE)


def test_after_a_training_ctrl_c_is_what_it_was_before(runs: Path) -> None:
    loop.fit(One(), PLACE)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_average_and_batches_go_on_where_a_run_was_stopped(
    interrupted: Callable[[Any, int], Any], runs: Path
) -> None:
    whole = (loop.fit(One(), PLACE) / "weight").read_text()
    stopped = replace(CONFIG, name="stopped")
    with pytest.raises(KeyboardInterrupt):
        loop.fit(interrupted(One(stopped), 1), PLACE)
    assert (loop.fit(One(stopped), replace(PLACE, resume=True)) / "weight").read_text() == whole
    for name in ("batch", "draw"):
        assert logged(runs / "stopped", name) == logged(runs / "one", name)
    first, second, _ = logged(runs / "one", "batch")
    assert first + second == sum(2**number for number in range(4)), "an epoch shows each item once"
    assert len({first, second}) == 2
