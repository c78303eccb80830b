"""The folder of a run: one training at a time, its log, and what a killed one left behind."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from torch.utils.tensorboard import SummaryWriter

from segen.data import files
from segen.errors import DataError


def runs_root() -> Path:
    """Where runs live: `$SEGEN_RUNS`, else `~/.cache/segen/runs`."""
    return Path(os.environ.get("SEGEN_RUNS") or Path.home() / ".cache" / "segen" / "runs")


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Hold the folder of a run, made if it is not there, and remove what a killed training left in it.

    Raises DataError while another training holds it.
    """
    (run / "samples").mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(run / "lock", timeout=0):
            for folder in (run, run / "samples"):
                files.remove_leftovers(folder)
            yield
    except Timeout:
        raise DataError("run_in_use", name=run.name) from None


def log_lines(path: Path) -> list[dict[str, Any]]:
    """What was logged, one object a line. A line that was cut when a training was killed is left out."""
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else ():
        try:
            values = json.loads(line)
            int(values["step"])
        except (ValueError, TypeError, KeyError):
            continue
        found.append(values)
    return found


class Log:
    """`log.jsonl`, one JSON object a logged step, and the same as curves under `tensorboard/`."""

    def __init__(self, run: Path, start: int, writes: bool) -> None:
        """Lines after the step `start`, from which the run goes on, are dropped.

        Of several processes one alone `writes`.
        """
        self.writes = writes
        if not writes:
            return
        self.path = run / "log.jsonl"
        kept = [line for line in log_lines(self.path) if line["step"] <= start]
        files.write_text(self.path, "".join(f"{json.dumps(line)}\n" for line in kept))
        self.curves = SummaryWriter(str(run / "tensorboard"), purge_step=start + 1)

    def write(self, step: int, numbers: dict[str, float]) -> None:
        """Add one line."""
        if not self.writes:
            return
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **numbers}) + "\n")
        for name, value in numbers.items():
            self.curves.add_scalar(name, value, step)

    def close(self) -> None:
        """Write what is left of the curves."""
        if self.writes:
            self.curves.close()
