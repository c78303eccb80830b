"""What the studies measured: one training done several ways, its numbers kept as JSON beside this file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

COLORS = {
    "scratch": "#d97706",
    "frozen": "#7c6ee6",
    "fine_tuned": "#0d9488",
    "cross_entropy": "#64748b",
    "weighted": "#d97706",
    "focal": "#7c6ee6",
    "dice": "#0d9488",
    "alone": "#64748b",
    "augmented": "#d97706",
    "gan": "#7c6ee6",
    "unguided": "#64748b",
    "guided": "#0d9488",
}
"""Colours of the studies' variants, distinct on light and on dark backgrounds."""


@dataclass(frozen=True)
class Outcome:
    """One metric, 0 to 1, of one way at one number of pictures."""

    values: tuple[float, ...]
    """By seed."""
    mean: float
    deviation: float | None
    """The sample standard deviation; None for one seed."""

    def __str__(self) -> str:
        return f"{self.mean:.3f}" + ("" if self.deviation is None else f" ± {self.deviation:.3f}")


def path(name: str) -> Path:
    """Where the report of a study is kept in the package."""
    return Path(str(files(__name__))) / f"{name}.json"


def pictures(name: str) -> Path:
    """Where the generated pictures of a study are kept in the package, if it has any."""
    return path(name).with_suffix(".webp")


def read(name: str) -> dict[str, Any]:
    """The report of a study as `segen.training.studies.report` describes it."""
    kept: dict[str, Any] = json.loads(path(name).read_text(encoding="utf-8"))
    return kept


def outcome(report: dict[str, Any], way: str, pictures: int | None, measure: str) -> Outcome:
    """What a way reached with so many training pictures."""
    alike = [each for each in report["runs"] if (each["way"], each["pictures"]) == (way, pictures)]
    summary = next(each for each in report["summary"] if (each["way"], each["pictures"]) == (way, pictures))
    values = tuple(each["metrics"][measure] for each in alike)
    return Outcome(values, summary["mean"][measure], summary["deviation"].get(measure))
