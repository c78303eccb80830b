"""kill -9 at random moments: what a command wrote is whole or not there, and the next run removes the rest.

`python -m benchmarks kills` prints the figures of 200; $SEGEN_KILLS sets another number. Trainings have
a test of their own (tests/training/test_resume.py).
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import signal
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from time import perf_counter

from segen import models, registry
from segen.cli.main import main as segen
from segen.data.synthetic import scenes
from segen.imaging import images

RECIPE = {
    "version": 1,
    "steps": [{"task": "cluster", "model": "kmeans"}, {"task": "segment", "model": "unet-camvid"}],
}
PICTURES = 4


def commands(folder: Path) -> dict[str, list[str]]:
    """Command lines by name, without the folder of their results, over pictures that are drawn here."""
    pictures = [folder / f"{number}.png" for number in range(PICTURES)]
    for number, path in enumerate(pictures):
        path.write_bytes(images.encode(scenes.street(number, 160, 120)[0]))
    (folder / "recipe.json").write_text(json.dumps(RECIPE))
    given = [str(path) for path in pictures]
    return {
        "segment": ["segment", *given, "--model", "unet-camvid", "--also", "masks", "geojson"],
        "cluster": ["cluster", *given, "--model", "kmeans"],
        "generate": ["generate", "--model", "dcgan-fashion", "--count", "20"],
        "run": ["run", str(folder / "recipe.json"), *given],
    }


def killed(line: list[str], out: Path, count: int, dice: random.Random) -> tuple[int, int, int]:
    """Of `count` kills: how many came at work, how many files were not whole, and what was left over.

    What is left over is counted after one more run, which is not killed.
    """
    line = [*line, "--out", str(out)]
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
        work = _begun(line)
        work.join(dice.random() * seconds * 1.2)
        if work.is_alive() and work.pid:
            os.kill(work.pid, signal.SIGKILL)
            hits += 1
        work.join()
        found = {path.name: path.read_bytes() for path in out.iterdir() if not path.name.startswith(".")}
        broken += sum(whole.get(name) != content for name, content in found.items())
    _begun(line).join()
    return hits, broken, len({path.name for path in out.iterdir()} ^ set(whole))


def _begun(line: list[str]) -> multiprocessing.process.BaseProcess:
    """The command in a process of its own, which finds imported what is imported here."""
    import_module("segen.engine")
    import_module("segen.cli.commands")
    models.load(registry.card(line[line.index("--model") + 1] if "--model" in line else "unet-camvid"))
    work = multiprocessing.get_context("fork").Process(target=_run, args=(line,))
    work.start()
    return work


def _run(line: list[str]) -> None:
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        code = segen(line)
    assert code == 0, f"{line[0]} ended with {code}"


def main() -> Iterator[str]:
    """A line for each command."""
    count, dice = int(os.environ.get("SEGEN_KILLS", "200")), random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        lines = commands(Path(folder))
        for name, line in lines.items():
            hits, broken, left = killed(line, Path(folder, f"out-{name}"), count // len(lines), dice)
            yield f"{name}: killed {hits} times at work, {broken} files not whole, {left} left over"
