"""Commands of the pages as a shell runs them; those of Segen run in this process, where torch is loaded."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Sequence

from segen.cli.main import main as segen
from segen.data.synthetic.folder import main as draw
from segen.training.main import main as train

PROGRAMS: dict[tuple[str, ...], Callable[[Sequence[str]], int]] = {
    ("python", "train.py"): lambda given: train(list(given)),
    ("python", "-m", "segen.data.synthetic"): draw,
    ("segen",): segen,
}


def console(page: str) -> list[str]:
    """The lines of a page's blocks of commands."""
    blocks = re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def run(line: str) -> None:
    """Run one line in the current folder; it must succeed."""
    given = [os.path.expanduser(word) for word in shlex.split(line)]
    for program, main in PROGRAMS.items():
        if tuple(given[: len(program)]) == program:
            assert main(given[len(program) :]) == 0, line
            return
    subprocess.run(["bash", "-e", "-c", line], check=True)
