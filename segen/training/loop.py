"""One training loop for every recipe. It names no model.

A recipe brings networks, data, optimizers and one step; the loop brings devices, processes, precision,
averaging, checkpoints, logs and Ctrl-C. A resumed run goes on to the same numbers as one that was never
stopped.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import send_to_device
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset, default_collate
from tqdm import tqdm

from segen.data import files
from segen.errors import DataError, UsageError
from segen.imaging import images
from segen.training import cache, checkpoint, interrupt, processes, run_folder, snapshots
from segen.training.data import LabelledPictures
from segen.training.recipe import Place, Recipe, SizedDataset, plain
from segen.training.sampler import Plain, Seeded, SeededSampler, drawing

CACHE = "cache"
"""The folder of decoded pictures, within the run's, while it trains."""


def fit(recipe: Recipe, place: Place) -> Path:
    """Train to the end and return the folder of the exported weights.

    The run folder holds config.json, log.jsonl, tensorboard/, samples/, checkpoint.pt and export/, the
    latter with snapshots of the training where it `generates`. Of several processes the first one writes.
    Raises DataError when the folder is in use, when `place.resume` finds no checkpoint, a damaged one or one
    that cannot be continued with this configuration or data, and when a loss is not a number any more;
    UsageError when a batch cannot be divided among the processes; OSError when there is no space; and
    KeyboardInterrupt when Ctrl-C was pressed and the run is saved.
    """
    config = recipe.config
    run = run_folder.runs_root() / config.name
    accelerator = Accelerator(mixed_precision=place.precision)
    if config.batch_size % (parts := processes.count() * config.parts):
        raise UsageError("batch_not_shared", batch=config.batch_size, parts=parts)
    with run_folder.locked(run) if accelerator.is_main_process else nullcontext():
        training = _Training(recipe, accelerator)
        items = recipe.dataset()
        training.data = _told(recipe, items)
        start = training.restore(checkpoint.read(run / "checkpoint.pt", config)) if place.resume else 0
        if accelerator.is_main_process:
            shutil.rmtree(run / CACHE, ignore_errors=True)  # of one that was killed
            files.write_text(run / "config.json", json.dumps(plain(config), indent=2) + "\n")
        with _pictures(items, run, place, accelerator) as pictures:
            batches = _batches(training, pictures, start, place.workers)
            with closing(run_folder.Log(run, start, accelerator.is_main_process)) as log:
                _steps(training, run, batches, start, log)
        if accelerator.is_main_process:
            training.export(run)
    return run / "export"


class _Training:
    """What is trained, on its device: networks, their averages, optimizers and schedules."""

    def __init__(self, recipe: Recipe, accelerator: Accelerator) -> None:
        self.recipe, self.config, self.accelerator = recipe, recipe.config, accelerator
        self.data: dict[str, Any] = {}
        torch.manual_seed(self.config.seed)
        self.averages = {
            name: AveragedModel(network, multi_avg_fn=_decay(self.config.ema_decay)).to(accelerator.device)
            for name, network in recipe.networks.items()
        }
        optimizers = recipe.optimizers()
        self.schedulers = recipe.schedulers(optimizers)
        for network in recipe.networks.values():
            processes.join(network)
        # For precision alone: what several processes need is done here and in `processes`.
        self.networks = {
            name: accelerator.prepare_model(network, evaluation_mode=True)
            for name, network in recipe.networks.items()
        }
        self.optimizers = {name: accelerator.prepare(each) for name, each in optimizers.items()}
        for kept in recipe.kept.values():
            kept.to(accelerator.device)

    def step(self, batch: Any) -> dict[str, torch.Tensor]:
        """One step of the recipe and of the averages."""
        for network in self.networks.values():
            network.train()
        with (
            self.accelerator.autocast()
        ):  # a step may call parts of a network, which are not wrapped themselves
            logged = self.recipe.step(self.networks, batch, self.update)
        for name, average in self.averages.items():
            average.update_parameters(self.recipe.networks[name])
        return logged

    def update(self, name: str, loss: torch.Tensor) -> None:
        """One step of an optimizer, its gradients averaged over all processes and clipped."""
        self.optimizers[name].zero_grad()
        self.accelerator.backward(loss)
        processes.average_gradients(self.recipe.networks[name].parameters())
        self.accelerator.clip_grad_norm_(self.recipe.networks[name].parameters(), self.config.clip)
        self.optimizers[name].step()
        self.schedulers[name].step()

    def _stateful(self) -> dict[str, Any]:
        groups: dict[str, dict[str, Any]] = {
            "network": self.recipe.networks,
            "average": self.averages,
            "kept": self.recipe.kept,
        }
        found: dict[str, Any] = {
            f"{kind}.{name}": part for kind, group in groups.items() for name, part in group.items()
        }
        return found | ({"scaler": self.scaler} if self.scaler else {})

    @property
    def scaler(self) -> Any:
        """Accelerate's of gradients, or None but for fp16."""
        return self.accelerator.scaler

    def save(self, path: Path, step: int) -> None:
        """Write a checkpoint."""
        state = {name: part.state_dict() for name, part in self._stateful().items()}
        for name, optimizer in self.optimizers.items():
            state[f"optimizer.{name}"] = optimizer.state_dict()["state"]
            state[f"updates.{name}"] = self.schedulers[name].last_epoch
        told = {"step": step, "config": plain(self.config), "data": self.data}
        told["random"] = checkpoint.random_state()
        checkpoint.write(path, told | state)

    def restore(self, saved: dict[str, Any]) -> int:
        """Go on from a checkpoint and return its step. Raises DataError for one of other networks or data.

        Rates and schedules are those of the configuration, brought to where the training stands.
        """
        try:
            for name, part in self._stateful().items():
                if name != "scaler" or name in saved:  # there is none in a run of another precision
                    part.load_state_dict(saved[name])
            for name, optimizer in self.optimizers.items():
                with warnings.catch_warnings(action="ignore"):  # no step of the optimizer comes first
                    for _ in range(saved[f"updates.{name}"]):
                        self.schedulers[name].step()
                groups = optimizer.state_dict()["param_groups"]
                optimizer.load_state_dict({"state": saved[f"optimizer.{name}"], "param_groups": groups})
        except (KeyError, ValueError, RuntimeError):
            raise DataError("checkpoint_unlike", name=self.config.name) from None
        if saved.get("data", self.data) != self.data:  # earlier versions did not tell
            raise DataError("resume_data", name=self.config.name)
        checkpoint.set_random_state(saved["random"])
        return int(saved["step"])

    def measure(self, samples: Path, step: int) -> dict[str, float]:
        """Measure the averaged networks and write a picture of what they do."""
        shown = {name: average.module.eval() for name, average in self.averages.items()}
        with torch.random.fork_rng(), torch.inference_mode():
            measured = self.recipe.evaluate(shown)
            picture = images.encode(self.recipe.samples(shown))
        with files.replacing(samples / f"{step:07d}.png") as temporary:
            temporary.write_bytes(picture)
        return measured

    def export(self, run: Path) -> None:
        """Replace the folder of exported weights."""
        shown = {name: average.module.eval().cpu() for name, average in self.averages.items()}
        with files.replacing_folder(run / "export") as folder:
            self.recipe.export(shown, folder)
            if self.config.generates:
                snapshots.write(run, folder)


def _steps(training: _Training, run: Path, batches: Iterator[Any], start: int, log: run_folder.Log) -> None:
    """All steps after `start`, with logging, evaluation and checkpoints."""
    config, main = training.config, training.accelerator.is_main_process
    with interrupt.requested() as stop, tqdm(total=config.steps, initial=start, disable=not main) as bar:
        # The range comes first, so that no batch is loaded in vain after the last step.
        for step, batch in zip(range(start + 1, config.steps + 1), batches, strict=False):
            logged = training.step(batch)
            numbers, stopping = _agreed(logged, stop.is_set())
            if not all(map(math.isfinite, numbers.values())):
                raise DataError("not_finite", step=step)
            log.write(step, numbers)
            bar.update()
            bar.set_postfix({name: f"{value:.3f}" for name, value in numbers.items()})
            last = step == config.steps
            if main and (last or step % config.evaluate_every == 0):
                log.write(step, training.measure(run / "samples", step))
            if main and (last or step % config.save_every == 0 or stopping):
                training.save(run / "checkpoint.pt", step)
            if stopping and not last:
                if main:
                    print(f"\nStopped and saved at step {step}; add --resume to go on.", file=sys.stderr)
                raise KeyboardInterrupt


def _told(recipe: Recipe, items: SizedDataset) -> dict[str, Any]:
    """What a resumed run must find again: the number of pictures, and the classes of labelled ones."""
    known = getattr(getattr(recipe, "train", None), "classes", ())
    count = getattr(items, "before", len(items))
    return {"items": count, "classes": [each.name["en"] for each in known]}


@contextmanager
def _pictures(
    items: SizedDataset, run: Path, place: Place, accelerator: Accelerator
) -> Iterator[SizedDataset]:
    """A recipe's data set; if `place` says so its pictures are decoded first, into a folder of the run."""
    main = accelerator.is_main_process
    if not (place.cache and isinstance(items, LabelledPictures)):
        yield items
        return
    try:
        with accelerator.main_process_first():
            items = cache.read_once(items, run / CACHE, place.workers, main)
        yield items
    finally:
        if main:
            shutil.rmtree(run / CACHE, ignore_errors=True)


def _batches(training: _Training, items: SizedDataset, start: int, workers: int) -> Iterator[Any]:
    """This process's part of each batch after step `start`, on its device."""
    config, device = training.config, training.accelerator.device
    sampler = SeededSampler(
        len(items), config.seed, start * config.batch_size + processes.index(), processes.count()
    )

    def loaded(source: Dataset[Any], workers: int, **options: Any) -> DataLoader[Any]:
        return DataLoader(
            source,
            config.batch_size // processes.count(),
            sampler=sampler,
            num_workers=workers,
            generator=torch.Generator(),  # or each start of a run would draw once from the global one
            **options,
        )

    if not isinstance(items, cache.Decoded):
        for batch in loaded(Seeded(items, config.seed), workers):
            yield send_to_device(batch, device)
        return
    # A worker would only copy the pictures twice.
    for drawn in loaded(Plain(items), 0, collate_fn=list, pin_memory=device.type == "cuda"):
        ready = []
        for image, labels, number in send_to_device(drawn, device, non_blocking=True):
            with drawing(config.seed, number):
                ready.append(items.augmented(image, labels))
        yield default_collate(ready)


def _agreed(logged: dict[str, torch.Tensor], stop: bool) -> tuple[dict[str, float], bool]:
    """What to log, the mean over all processes, and whether any of them is to stop."""
    values = [value.detach().float() for value in logged.values()]
    together = processes.mean(torch.stack([*values, values[0].new_tensor(float(stop))]))
    *means, stopping = together.tolist()
    return dict(zip(logged, means, strict=True)), stopping > 0


def _decay(longest: float) -> Callable[[Any, Any, Any], None]:
    """An average that forgets its first steps sooner: decay (1 + n) / (10 + n), at most `longest`."""

    def average(averages: Any, currents: Any, updates: Any) -> None:
        decay = min(longest, (1 + int(updates)) / (10 + int(updates)))
        get_ema_multi_avg_fn(decay)(averages, currents, updates)  # type: ignore[no-untyped-call]

    return average
