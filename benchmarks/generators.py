"""The tables of docs/generation.md, from what `segen evaluate` wrote beside the weights of the cards."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from benchmarks import marked
from segen.evaluation.distances import differ
from segen.evaluation.model_card import size
from segen.registry import cards

PAGE = marked.DOCS / "generation.md"
DATASETS = ("fashion", "yosemite")
BOUNDS = {"floor": "as many real training pictures", "ceiling": "as many pictures of noise"}
"""What the rows that are no cards are called."""


def main() -> Iterator[str]:
    """Write each table between its marks, and say where."""
    for dataset in DATASETS:
        marked.write(PAGE, dataset, section(dataset))
        yield f"{PAGE}: {dataset}"


def section(dataset: str) -> str:
    """What was measured of a data set's generators in Markdown, and which are not shown to differ."""
    reports = {
        card.name: report
        for card in cards("generate")
        if card.dataset == dataset and (report := card.report())
    }
    rows = [["", "kernel distance", "squared Fréchet distance"]]
    rows += [_row(f"`{name}`", report, "distance") for name, report in reports.items()]
    rows += [_row(name, next(iter(reports.values())), bound) for bound, name in BOUNDS.items()]
    parts = [marked.table(rows), _ranks(reports)]
    parts += [
        f"`segen evaluate --model {name} --data DIR --split {report['split']}`: {size(report)}"
        for name, report in reports.items()
    ]
    return "\n\n".join(parts)


def _row(name: str, report: dict[str, Any], which: str) -> list[str]:
    metrics = report["metrics"]
    value, low, high = (f"{metrics[f'kernel_{which}'][part]:.4f}" for part in ("value", "low", "high"))
    return [name, f"{value} ({low} to {high})", f"{metrics[f'frechet_{which}']:.2f}"]


def _ranks(reports: dict[str, Any]) -> str:
    kernels = {name: report["metrics"]["kernel_distance"] for name, report in reports.items()}
    alike = [
        f"`{first}` and `{second}`"
        for first, second in combinations(kernels, 2)
        if not differ(kernels[first], kernels[second])
    ]
    if not alike:
        return "The intervals of no two models overlap."
    return f"The intervals overlap, so that no difference is shown, of {'; '.join(alike)}."
