"""kill -9 at random moments: what was written is whole or not there, and the next run removes the rest.

`python -m benchmarks kills` prints the figures of 200; $SEGEN_KILLS sets another number. A training that is
gone on with after each kill gives in the end the bytes of one that was let alone.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from time import perf_counter

import torch

from segen import models, registry
from segen.cli.main import main as segen
from segen.data.synthetic import scenes
from segen.imaging import images
from segen.training import checkpoint, loop
from segen.training import data as training_data
from segen.training.recipe import Place
from segen.training.recipes import vae

RECIPE = {
    "version": 1,
    "steps": [{"task": "cluster", "model": "kmeans"}, {"task": "segment", "model": "unet-camvid"}],
}
PICTURES = 4
OUT = "OUT"
TRAINING = vae.VaeConfig(
    "killed", steps=12, batch_size=2, latent=3, channels=(4, 4, 4), evaluate_every=5, save_every=1
)


def commands(folder: Path) -> dict[str, list[str]]:
    """Command lines by name, over pictures that are drawn here; OUT is the folder of their results."""
    pictures = [folder / f"{number}.png" for number in range(PICTURES)]
    for number, path in enumerate(pictures):
        path.write_bytes(images.encode(scenes.street(number, 160, 120)[0]))
    (folder / "recipe.json").write_text(json.dumps(RECIPE))
    given = [str(path) for path in pictures]
    return {
        "segment": ["segment", *given, "--model", "unet-camvid", "--also", "masks", "geojson", "--out", OUT],
        "cluster": ["cluster", *given, "--model", "kmeans", "--out", OUT],
        "generate": ["generate", "--model", "dcgan-fashion", "--count", "20", "--out", OUT],
        "run": ["run", str(folder / "recipe.json"), *given, "--out", OUT],
        "export": ["export", "--model", "fcn-camvid", "--format", "onnx", "--out", f"{OUT}/fcn.onnx"],
    }


def killed(line: list[str], out: Path, count: int, dice: random.Random) -> tuple[int, int, int]:
    """Of `count` kills: how many came at work, how many files were not whole, and what was left over.

    What is left over is counted after one more run, which is not killed.
    """
    line = [each.replace(OUT, str(out)) for each in line]
    began = perf_counter()
    _begun(line).join()
    seconds = perf_counter() - began
    whole = {path.name: path.read_bytes() for path in out.iterdir()}
    assert whole, "the command wrote nothing"
    hits = broken = 0
    for _ in range(count):
        for path in out.iterdir():
            if not path.name.startswith(".") and dice.random() < 0.5:
                path.unlink()
        hits += _killed_after(dice.random() * seconds * 1.2, _begun(line))
        found = {path.name: path.read_bytes() for path in out.iterdir() if not path.name.startswith(".")}
        broken += sum(whole.get(name) != content for name, content in found.items())
    _begun(line).join()
    return hits, broken, len({path.name for path in out.iterdir()} ^ set(whole))


def killed_trainings(runs: Path, count: int, dice: random.Random) -> tuple[int, int, int]:
    """As `killed`, of a training that goes on after each kill until it is done, and then begins anew.

    Not whole is a checkpoint that cannot be read, and weights with other bytes than those of a training that
    was let alone.
    """
    os.environ["SEGEN_RUNS"] = str(runs)
    training_data.SYNTHETIC_SIZES.update(train=6, val=2)
    vae.MEASURED = 4
    kept, weights = runs / TRAINING.name / "checkpoint.pt", runs / TRAINING.name / "export/model.safetensors"
    began = perf_counter()
    _forked(_train).join()
    seconds = perf_counter() - began
    whole, hits, broken = weights.read_bytes(), 0, 0
    shutil.rmtree(kept.parent)
    for _ in range(count):
        hits += _killed_after(dice.random() * seconds, _forked(_train))
        if kept.exists():
            checkpoint.read(kept, TRAINING)
        if weights.exists():
            broken += weights.read_bytes() != whole
            shutil.rmtree(kept.parent)
    _forked(_train).join()
    broken += weights.read_bytes() != whole
    return hits, broken, len([path for path in kept.parent.rglob(".*") if path.name != ".lock"])


def _killed_after(seconds: float, work: multiprocessing.process.BaseProcess) -> bool:
    """Whether it was still at work by then; it has ended afterwards."""
    work.join(seconds)
    at_work = work.is_alive()
    work.kill()
    work.join()
    return at_work


def _train() -> None:
    kept = Path(os.environ["SEGEN_RUNS"], TRAINING.name, "checkpoint.pt")
    place = Place(data="synthetic", resume=kept.exists())
    loop.fit(vae.VaeRecipe(TRAINING, place), place)


def _begun(line: list[str]) -> multiprocessing.process.BaseProcess:
    """The command in a process of its own, which finds imported what is imported here."""
    import_module("segen.engine")
    import_module("segen.cli.commands")
    models.load(registry.card(line[line.index("--model") + 1] if "--model" in line else "unet-camvid"))

    def run() -> None:
        code = segen(line)
        assert code == 0, f"{line[0]} ended with {code}"

    return _forked(run)


def _forked(work: Callable[[], None]) -> multiprocessing.process.BaseProcess:
    def quietly() -> None:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
            work()

    begun = multiprocessing.get_context("fork").Process(target=quietly)
    begun.start()
    return begun


def main() -> Iterator[str]:
    """A line for each command."""
    torch.set_num_threads(1)  # a process that is forked waits for ever for the threads of its parent
    count, dice = int(os.environ.get("SEGEN_KILLS", "200")), random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        lines = commands(Path(folder))
        for name, line in lines.items():
            found = killed(line, Path(folder, f"out-{name}"), count // (len(lines) + 1), dice)
            yield _told(name, *found)
        rest = count - count // (len(lines) + 1) * len(lines)
        yield _told("train", *killed_trainings(Path(folder, "runs"), rest, dice))


def _told(name: str, hits: int, broken: int, left: int) -> str:
    return f"{name}: killed {hits} times at work, {broken} files not whole, {left} left over"
