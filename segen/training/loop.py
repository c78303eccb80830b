"""One training loop for every recipe. It names no model.

A recipe brings networks, data, optimizers and one step; the loop brings devices, precision, averaging,
checkpoints, logs and Ctrl-C. A resumed run goes on to the same numbers as one that was never stopped.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.tracking import GeneralTracker, on_main_process
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader
from tqdm import tqdm

from segen.data import files
from segen.errors import DataError
from segen.imaging import images
from segen.training import snapshots
from segen.training.recipe import Config, Place, Recipe
from segen.training.sampler import Seeded, SeededSampler


def runs_root() -> Path:
    """Where runs live: `$SEGEN_RUNS`, else `~/.cache/segen/runs`."""
    return Path(os.environ.get("SEGEN_RUNS") or Path.home() / ".cache" / "segen" / "runs")


class _JsonLines(GeneralTracker):  # type: ignore[misc]  # accelerate has no types
    """One JSON object a logged step, in `log.jsonl`; lines after the step resumed from are dropped."""

    name = "jsonl"
    requires_logging_directory = False

    def __init__(self, path: Path, start: int) -> None:
        super().__init__()
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        kept = [line for line in lines if json.loads(line)["step"] <= start]
        files.write_text(path, "".join(f"{line}\n" for line in kept))

    @property
    def tracker(self) -> Path:
        return self.path

    def store_init_configuration(self, values: dict[str, Any]) -> None:
        """The configuration stands in config.json."""

    @on_main_process  # type: ignore[untyped-decorator]
    def log(self, values: dict[str, Any], step: int | None = None, **_: Any) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")


def _decay(longest: float) -> Callable[[Any, Any, Any], None]:
    """An average that forgets its first steps sooner: decay (1 + n) / (10 + n), at most `longest`."""

    def average(averages: Any, currents: Any, updates: Any) -> None:
        decay = min(longest, (1 + int(updates)) / (10 + int(updates)))
        get_ema_multi_avg_fn(decay)(averages, currents, updates)  # type: ignore[no-untyped-call]

    return average


def fit(recipe: Recipe, place: Place) -> Path:
    """Train to the end and return the folder of the exported weights.

    The run folder holds config.json, log.jsonl, tensorboard/, samples/, checkpoint.pt and export/,
    the latter with snapshots of the training where it `generates`.
    Raises DataError when `place.resume` finds another configuration, or a loss is no number any more, and
    KeyboardInterrupt when Ctrl-C was pressed and the run is saved.
    """
    config = recipe.config
    run = runs_root() / config.name
    (run / "samples").mkdir(parents=True, exist_ok=True)
    checkpoint, exported = run / "checkpoint.pt", run / "export"
    torch.manual_seed(config.seed)
    averages = {
        name: AveragedModel(network, multi_avg_fn=_decay(config.ema_decay))
        for name, network in recipe.networks.items()
    }
    optimizers = recipe.optimizers()
    schedulers = recipe.schedulers(optimizers)
    parts: dict[str, Any] = {}
    for kind, group in (
        ("network", recipe.networks),
        ("average", averages),
        ("optimizer", optimizers),
        ("scheduler", schedulers),
    ):
        parts |= {f"{kind}.{name}": part for name, part in group.items()}
    start = _restore(checkpoint, parts, config) if place.resume else 0
    files.write_text(run / "config.json", json.dumps(_plain(config), indent=2) + "\n")

    accelerator = Accelerator(
        mixed_precision=place.precision,
        log_with=[_JsonLines(run / "log.jsonl", start), "tensorboard"],
        project_dir=str(run),
        step_scheduler_with_optimizer=False,
    )
    accelerator.init_trackers("tensorboard")
    networks = {name: accelerator.prepare(network) for name, network in recipe.networks.items()}
    prepared = {name: accelerator.prepare(optimizer) for name, optimizer in optimizers.items()}
    for average in averages.values():
        average.to(accelerator.device)
    items = recipe.dataset()
    loader = accelerator.prepare(DataLoader(
        Seeded(items, config.seed), config.batch_size, drop_last=True, num_workers=place.workers,
        sampler=SeededSampler(len(items), config.seed, start * config.batch_size * accelerator.num_processes),
        generator=torch.Generator(),  # or each start of a run would draw once from the global one
    ))  # fmt: skip

    def update(name: str, loss: torch.Tensor) -> None:
        prepared[name].zero_grad()
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(networks[name].parameters(), config.clip)
        prepared[name].step()
        schedulers[name].step()

    def save(step: int) -> None:
        if accelerator.is_main_process:
            state = {name: part.state_dict() for name, part in parts.items()}
            with files.replacing(checkpoint) as temporary:
                torch.save(
                    {"step": step, "config": _plain(config), "rng": torch.get_rng_state(), **state}, temporary
                )

    def measure(step: int) -> None:
        if accelerator.is_main_process:
            shown = {name: average.module.eval() for name, average in averages.items()}
            with torch.random.fork_rng(), torch.inference_mode():
                accelerator.log(recipe.evaluate(shown), step=step)
                picture = images.encode(recipe.samples(shown))
            with files.replacing(run / "samples" / f"{step:07d}.png") as temporary:
                temporary.write_bytes(picture)

    stop = _stop_requested()
    bar = tqdm(total=config.steps, initial=start, disable=not accelerator.is_main_process)
    # The range comes first, so that no batch is loaded in vain after the last step.
    for step, batch in zip(range(start + 1, config.steps + 1), loader, strict=False):
        for network in networks.values():
            network.train()
        with accelerator.autocast():  # a step may call parts of a network, which are not wrapped themselves
            logged = recipe.step(networks, batch, update)
        for name, average in averages.items():
            average.update_parameters(accelerator.unwrap_model(networks[name]))
        numbers = {name: float(value.detach()) for name, value in logged.items()}
        if not all(map(math.isfinite, numbers.values())):
            raise DataError("not_finite", step=step)
        accelerator.log(numbers, step=step)
        bar.update()
        bar.set_postfix({name: f"{value:.3f}" for name, value in numbers.items()})
        last = step == config.steps
        if last or step % config.evaluate_every == 0:
            measure(step)
        if last or step % config.save_every == 0 or stop.is_set():
            save(step)
        if stop.is_set() and not last:
            print(f"\nStopped and saved at step {step}; add --resume to go on.", file=sys.stderr)
            raise KeyboardInterrupt
    accelerator.end_training()
    if accelerator.is_main_process:
        recipe.export({name: average.module.eval().cpu() for name, average in averages.items()}, exported)
        if config.generates:
            snapshots.write(run, exported)
    return exported


def _stop_requested() -> threading.Event:
    """An event that the first Ctrl-C sets, so that a step is never cut in two; the second Ctrl-C kills."""
    stop = threading.Event()
    previous = signal.getsignal(signal.SIGINT)

    def request(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, previous)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, request)
    return stop


def _plain(config: Config) -> dict[str, Any]:
    """The configuration as it reads back from JSON."""
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return plain


def _restore(checkpoint: Path, parts: dict[str, Any], config: Config) -> int:
    """Load a checkpoint into `parts` and return its step. Raises DataError for another configuration."""
    if not checkpoint.is_file():
        raise DataError("nothing_to_resume", name=config.name)
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    plain = _plain(config)
    for name in (each.name for each in fields(config)):
        if saved["config"].get(name) != plain[name]:
            raise DataError("resume_differs", field=name, was=saved["config"].get(name), now=plain[name])
    for name, part in parts.items():
        part.load_state_dict(saved[name])
    torch.set_rng_state(saved["rng"])
    return int(saved["step"])
