"""Going on with a training: what may change, what is refused, and what a fault leaves."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from segen.errors import DataError
from segen.training import checkpoint, loop, run_folder
from segen.training import data as training_data
from segen.training.main import run
from segen.training.recipe import Place
from segen.training.recipes.vae import VaeConfig, VaeRecipe
from tests.sentences import exactly, sentence

TINY = VaeConfig(
    "tiny", steps=3, batch_size=2, latent=3, channels=(4, 4, 4), evaluate_every=100, save_every=1
)
SYNTHETIC = Place(data="synthetic")
RESUMED = replace(SYNTHETIC, resume=True)
SIZES = {"train": 6, "val": 2}


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path))
    monkeypatch.setattr(training_data, "SYNTHETIC_SIZES", SIZES)
    monkeypatch.setattr("segen.training.recipes.vae.MEASURED", 4)
    return tmp_path


def fit(config: VaeConfig, place: Place) -> Path:
    return loop.fit(VaeRecipe(config, place), place)


def logged(folder: Path, name: str) -> list[float]:
    lines = (folder / "log.jsonl").read_text().splitlines()
    return [json.loads(line)[name] for line in lines if name in line]


def test_a_run_goes_on_for_longer_at_another_rate(runs: Path) -> None:
    fit(TINY, SYNTHETIC)
    longer = replace(TINY, steps=5, lr=1e-5, evaluate_every=4, save_every=7)
    recipe = VaeRecipe(longer, RESUMED)
    optimizers: list[torch.optim.Optimizer] = []
    made = recipe.optimizers
    recipe.optimizers = lambda: optimizers.append(made()["network"]) or {"network": optimizers[0]}  # type: ignore[method-assign,func-returns-value]
    loop.fit(recipe, RESUMED)
    assert logged(runs / "tiny", "step") == [1, 2, 3, 3, 4, 4, 5, 5]
    assert json.loads((runs / "tiny" / "config.json").read_text())["lr"] == 1e-5
    (group,) = optimizers[0].param_groups
    assert group["initial_lr"] == 1e-5
    assert group["lr"] == pytest.approx(0, abs=1e-9), "the schedule of five steps is at its end"
    (state, *_) = optimizers[0].state.values()
    assert int(state["step"]) == 5, "the optimizer remembers the first three"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"latent": 4}, "latent"),
        ({"seed": 1}, "seed"),
        ({"batch_size": 4}, "batch_size"),
        ({"steps": 2}, "step 3"),
    ],
)
def test_what_cannot_be_continued_is_refused(changed: dict[str, Any], told: str) -> None:
    fit(TINY, SYNTHETIC)
    with pytest.raises(DataError, match=told):
        fit(replace(TINY, **changed), RESUMED)


class Harmful:
    """What a pickle could do."""

    def __reduce__(self) -> Any:
        return (os.mkdir, ("harm",))


def test_a_damaged_checkpoint_is_refused_in_one_sentence(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(TINY, SYNTHETIC)
    path = runs / "tiny" / "checkpoint.pt"
    whole = path.read_bytes()
    places = np.random.default_rng(0).integers(0, len(whole), 40).tolist()
    flipped = [whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :] for at in [0, len(whole) - 1, *places]]
    monkeypatch.chdir(runs)
    for content in (b"", whole[:-1], whole[: len(whole) // 2], pickle.dumps(Harmful()), *flipped):
        path.write_bytes(content)
        with pytest.raises(DataError) as told:
            checkpoint.read(path, TINY)
        assert told.value.key == "checkpoint_damaged"
    assert not (runs / "harm").exists()
    capsys.readouterr()
    assert run(TINY, RESUMED) == 1
    assert capsys.readouterr().err.splitlines()[-1] == sentence("checkpoint_damaged", name="tiny")
    path.write_bytes(whole)
    assert checkpoint.read(path, TINY)["step"] == 3


def test_a_checkpoint_of_other_classes_is_refused(runs: Path) -> None:
    """As when classes.json changes, which is no part of the configuration."""
    fit(TINY, SYNTHETIC)
    recipe = VaeRecipe(TINY, RESUMED)
    recipe.network.encoder[0] = torch.nn.Conv2d(2, 4, 3)
    with pytest.raises(DataError, match=exactly("checkpoint_unlike", name="tiny")):
        loop.fit(recipe, RESUMED)


def test_other_pictures_are_refused(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would come in another order than in a run that was never stopped."""
    fit(TINY, SYNTHETIC)
    monkeypatch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 7, "val": 2})
    with pytest.raises(DataError, match=exactly("resume_data", name="tiny")):
        fit(replace(TINY, steps=4), RESUMED)


def test_a_line_of_the_log_that_was_cut_is_left_out(runs: Path) -> None:
    fit(TINY, SYNTHETIC)
    log = runs / "tiny" / "log.jsonl"
    whole = log.read_text()
    log.write_text(whole + '{"step": 4, "lo')
    fit(TINY, RESUMED)
    assert [line["step"] for line in run_folder.log_lines(log)] == [1, 2, 3, 3]
    assert log.read_text() == whole


def _hold(run: Path, ready: Any, done: Any) -> None:
    with run_folder.locked(run):
        ready.set()
        done.wait(60)


def test_a_folder_has_one_training_at_a_time(runs: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(runs / "tiny", ready, done))
    other.start()
    try:
        assert ready.wait(60)
        with pytest.raises(DataError, match=exactly("run_in_use", name="tiny")):
            fit(TINY, SYNTHETIC)
    finally:
        done.set()
        other.join()
    fit(TINY, SYNTHETIC)


def _train_on_a_full_disk(errors: Path) -> None:
    import resource  # which Windows has not

    torch.set_num_threads(1)
    sys.stderr = errors.open("w")
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    sys.exit(run(TINY, SYNTHETIC))


@pytest.mark.skipif(os.name == "nt", reason="limits of POSIX")
def test_a_full_disk_is_told_in_one_sentence_and_what_was_there_is_whole(
    runs: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fit(TINY, SYNTHETIC)
    before = (runs / "tiny" / "checkpoint.pt").read_bytes()
    errors = tmp_path_factory.mktemp("told") / "stderr"
    training = multiprocessing.get_context("spawn").Process(target=_train_on_a_full_disk, args=(errors,))
    training.start()
    training.join()
    told = errors.read_text()
    assert training.exitcode == 1, told
    assert "Traceback" not in told
    assert told.splitlines()[-1] == sentence("not_written", reason="File too large")
    assert (runs / "tiny" / "checkpoint.pt").read_bytes() == before
    assert not list((runs / "tiny").glob(".*"))


def test_the_state_of_every_device_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """With stand-ins for two GPUs and Apple's."""
    states = {0: torch.tensor([1]), 1: torch.tensor([2]), "mps": torch.tensor([3])}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: [states[0].clone(), states[1].clone()])
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, device: states.update({device: state}))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda: states["mps"].clone())
    monkeypatch.setattr(torch.mps, "set_rng_state", lambda state: states.update({"mps": state}))
    kept = checkpoint.random_state()
    states.update({0: torch.tensor([7]), 1: torch.tensor([8]), "mps": torch.tensor([9])})
    number = torch.rand(())
    checkpoint.set_random_state(kept)
    assert {name: int(state) for name, state in states.items()} == {0: 1, 1: 2, "mps": 3}
    assert torch.rand(()) == number


class Scaler:
    """Stands in for the gradient scaler of fp16, which is on a GPU alone."""

    def __init__(self, scale: float) -> None:
        self.scale = scale

    def state_dict(self) -> dict[str, float]:
        return {"scale": self.scale}

    def load_state_dict(self, state: dict[str, float]) -> None:
        self.scale = state["scale"]


def test_the_gradient_scalers_state_is_kept(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = Scaler(1024.0)
    monkeypatch.setattr(loop._Training, "scaler", property(lambda self: saved))
    fit(TINY, SYNTHETIC)
    assert checkpoint.read(runs / "tiny" / "checkpoint.pt", TINY)["scaler"] == {"scale": 1024.0}
    fresh = Scaler(65536.0)
    monkeypatch.setattr(loop._Training, "scaler", property(lambda self: fresh))
    fit(TINY, RESUMED)
    assert fresh.scale == 1024.0


def _train_on(config: VaeConfig, place: Place, begins: Any) -> None:
    torch.set_num_threads(1)
    training_data.SYNTHETIC_SIZES = SIZES  # no fixture reaches this process
    begins.set()
    sys.exit(run(config, place))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_training_killed_at_any_moment_can_be_gone_on_with(runs: Path) -> None:
    """kill -9 again and again: each next run begins from a whole checkpoint and cleans up."""
    # Forked from a process that has imported all, but has no threads of autograd, which PyTorch refuses.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    kept, long = runs / "tiny" / "checkpoint.pt", replace(TINY, steps=100_000, evaluate_every=2)
    steps = [0]
    for number, pause in enumerate(np.random.default_rng(0).uniform(0, 0.5, 5)):
        begins, before = context.Event(), kept.exists() and kept.stat().st_mtime_ns
        training = context.Process(target=_train_on, args=(long, RESUMED if before else SYNTHETIC, begins))
        training.start()
        assert begins.wait(180)
        while number % 4 and training.is_alive() and (kept.exists() and kept.stat().st_mtime_ns) == before:
            time.sleep(0.01)  # every fourth is killed while it starts, the others while they train
        time.sleep(pause)
        training.kill()
        training.join()
        assert training.exitcode == -signal.SIGKILL, "it was killed while it trained"
        if kept.exists():
            steps.append(checkpoint.read(kept, replace(TINY, steps=100_000))["step"])
    assert len(set(steps)) > 3
    assert steps == sorted(steps)
    (runs / "tiny" / ".checkpoint.pt.abcd1234.pt").write_bytes(b"what a killed writer leaves")
    last = replace(TINY, steps=steps[-1] + 1)
    assert (fit(last, RESUMED) / "SHA256SUMS").is_file()
    assert not list((runs / "tiny").rglob(".*"))
    assert [line["step"] for line in run_folder.log_lines(runs / "tiny" / "log.jsonl")][-1] == last.steps
