"""Models of the user's own: `segen pack` makes a card of a run, and `--cards` lets commands use it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import tyro

from segen.registry import folders

Cards = Annotated[Path | None, tyro.conf.arg(metavar="DIR")]


def add_cards(folder: Path | None) -> None:
    """Let the cards of a folder be found by name. Raises UsageError as `folders.add_all`."""
    if folder:
        folders.add_all(folder)


def tell_masks(report: dict[str, Any]) -> None:
    """Say on standard error how the masks behind a report were read, where their values are no ids."""
    if "masks" in report:
        print(f"{report['split']}: {report['masks']}", file=sys.stderr)


def pack(
    run: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    *,
    out: Annotated[Path, tyro.conf.arg(metavar="DIR")],
    name: Annotated[str, tyro.conf.arg(metavar="NAME")] = "",
    data: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None,
    split: Annotated[str, tyro.conf.arg(metavar="NAME")] = "val",
) -> int:
    """Make a card's folder of a finished run, for --cards of this command and of app.py.

    Where it cannot be measured on the data, there is no folder.

    Args:
        run: The name of the run of a segmentation recipe, or its folder.
        out: The new folder, for card.toml, the weights, SHA256SUMS and README.md.
        name: The name of the card; that of the run by default.
        data: A data set to measure the card on, for metrics.json.
        split: Which part of it.
    """
    from segen.training import packing

    card = packing.pack(run, out, name)
    if data:
        from segen.cli.pictures import progress
        from segen.engine import Engine
        from segen.evaluation.runner import evaluate, store

        try:
            folders.add_all(out)
            report = evaluate(Engine(), card, data, split, progress)
            tell_masks(report)
            store(card, report)
        except BaseException:
            shutil.rmtree(out)
            raise
    print(f"{card.name}: {out}")
    return 0
