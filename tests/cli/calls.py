"""Calls of the `segen` command, and the files that they leave."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from segen.cli.main import main
from segen.imaging import export
from segen.registry import cards

CARD = next(card for card in cards("segment") if len(card.classes) > 2)


def segment(*paths: Path | str, out: Path | str, model: str = CARD.name) -> int:
    return main(["segment", *map(str, paths), "--model", model, "--out", str(out)])


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def results(*stems: str) -> set[str]:
    return {f"{stem}{ending}" for stem in stems for ending in export.SEGMENTATION_ENDINGS}


def segen(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "segen", *arguments]
    return subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload]
