"""Snapshots of a training: its samples as a short film, and the numbers that were logged.

`fit` keeps them beside the weights of whatever generates; for a run that is finished,
`python -m segen.training.snapshots RUN WEIGHTS` does the same.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from segen.data import files
from segen.errors import DataError, SegenError, UsageError, sentence
from segen.imaging import films, images
from segen.models import weights
from segen.registry import FILM, SNAPSHOTS
from segen.training import run_folder
from segen.types import Pictures

MAX_SNAPSHOTS = 24
MAX_BYTES = 300_000
"""Of the film."""
QUALITIES = (90, 80, 70, 60, 50, 40, 30)
SCALES = (1.0, 0.75, 0.5, 0.25)
"""Tried from the best to the least, quality before scale, until the film is small enough."""


def write(run: Path, folder: Path) -> None:
    """Keep the snapshots of a run's folder in a weights folder, and seal that anew.

    The film has a frame for each of at most MAX_SNAPSHOTS samples, evenly spread, the first and the last
    among them. Raises DataError for a run without samples, WeightsError for a folder that is not as sealed.
    """
    weights.verify(folder)
    lines = run_folder.log_lines(run / "log.jsonl")
    samples = _samples(run, lines)
    if not samples:
        raise DataError("no_samples", run=run.name)
    chosen = np.linspace(0, len(samples) - 1, min(len(samples), MAX_SNAPSHOTS)).round().astype(int)
    steps = [list(samples)[index] for index in chosen]
    film = pack(np.stack([images.read(samples[step]) for step in steps]))
    told = {"steps": steps, "numbers": numbers(lines, steps)}
    with files.replacing(folder / FILM) as temporary:
        temporary.write_bytes(film)
    files.write_text(folder / SNAPSHOTS, json.dumps(told, indent=1) + "\n")
    weights.seal(folder)


def _samples(run: Path, lines: list[dict[str, Any]]) -> dict[int, Path]:
    """The samples by step. A step that was measured has two lines; others are left from an earlier run."""
    logged = Counter(line["step"] for line in lines)
    found = {int(path.stem): path for path in sorted((run / "samples").glob("*.png"))}
    return {step: path for step, path in found.items() if logged[step] > 1}


def pack(frames: Pictures) -> bytes:
    """N x H x W x 3 frames as a lossy film of at most MAX_BYTES, at the best quality that fits."""
    height, width = frames.shape[1:3]
    film = b""
    for scale in SCALES:
        size = max(1, round(height * scale)), max(1, round(width * scale))
        scaled = np.stack([images.resize(frame, *size) for frame in frames])
        for quality in QUALITIES:
            film = films.encode(scaled, quality)
            if len(film) <= MAX_BYTES:
                return film
    return film


def numbers(lines: list[dict[str, Any]], steps: list[int]) -> dict[str, list[float | None]]:
    """What was logged, by name, one number for each snapshot; None where there is none, or not a finite one.

    Losses are averaged over the steps since the snapshot before. What was measured, whose name has a slash
    in it ("val/..."), is that of the step itself.
    """
    names = list(dict.fromkeys(name for line in lines for name in line if name != "step"))
    found: dict[str, list[float | None]] = {name: [] for name in names}
    for before, step in zip([0, *steps], steps, strict=False):
        for name, values in found.items():
            first = step if "/" in name else before + 1
            logged = [line[name] for line in lines if name in line and first <= line["step"] <= step]
            mean = float(np.mean(logged)) if logged else math.nan
            values.append(float(f"{mean:.6g}") if math.isfinite(mean) else None)
    return found


def main(run: tyro.conf.Positional[Path], folder: tyro.conf.Positional[Path]) -> int:
    """Keep the snapshots of a finished run.

    Args:
        run: The folder of the run, under $SEGEN_RUNS.
        folder: The weights folder.
    """
    from segen.training.recipes import RECIPES  # which import this module

    config = run / "config.json"
    try:
        if not config.is_file():
            raise DataError("no_samples", run=run.name)
        name = json.loads(config.read_text(encoding="utf-8"))["name"]
        if name not in RECIPES or not RECIPES[name].generates:
            raise UsageError("samples_of_data", run=run.name)
        write(run, folder)
    except SegenError as error:
        print(sentence(error), file=sys.stderr)
        return 1
    size = (folder / FILM).stat().st_size
    print(f"{folder / FILM}: {size:,} bytes", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
