"""Samplers of diffusion at few steps against DDIM's 50: distances of 2,000 pictures, the table of docs.

Its last row is the student that was taught to need four steps, as `segen evaluate` measured it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from benchmarks import marked
from segen.data import files
from segen.engine import Engine
from segen.evaluation import generation, studies
from segen.evaluation.distances import differ
from segen.registry import card
from segen.types import SAMPLER_TITLES, Sampler

CARD, STUDENT, SPLIT = "ddpm-fashion", "distilled-fashion", "test"
WAYS: tuple[tuple[Sampler, int], ...] = (("dpm-solver", 15), ("ddim", 15), ("dpm-solver", 10))
REFERENCE: tuple[Sampler, int] = ("ddim", 50)
"""What `segen evaluate` measured, and wrote beside the weights."""
PAGE = marked.DOCS / "generation.md"


def main() -> Iterator[str]:
    """Measure each way in turn; the report and the table hold what is done, with the reference first."""
    engine, measured = Engine(), card(CARD).report()
    report: dict[str, Any] = {
        "model": CARD,
        "split": SPLIT,
        "items": measured["items"],
        "real_items": measured["real_items"],
        "ways": [_way(*REFERENCE, measured["metrics"])],
    }
    for sampler, steps in WAYS:
        found = generation.measure_sampler(engine, card(CARD), None, SPLIT, sampler, steps, iter)
        report["ways"].append(_way(sampler, steps, found))
        files.write_text(studies.path("samplers"), json.dumps(report, indent=1) + "\n")
        marked.write(PAGE, "samplers", table(report))
        yield f"{SAMPLER_TITLES[sampler]}, {steps}: {found['kernel_distance']}"


def _way(sampler: Sampler, steps: int, metrics: dict[str, Any]) -> dict[str, Any]:
    kept = ("kernel_distance", "frechet_distance")
    return {"sampler": sampler, "steps": steps, **{name: metrics[name] for name in kept}}


def table(report: dict[str, Any]) -> str:
    """The report in Markdown, and which ways are not shown to differ from the reference."""
    reference = report["ways"][0]["kernel_distance"]
    rows = [
        [
            "sampler, steps",
            "kernel distance",
            "squared Fréchet distance",
            f"shown to differ from {_name(report['ways'][0])}",
        ]
    ]
    student = (f"`{STUDENT}`, {len(card(STUDENT).options.timesteps)}", card(STUDENT).report()["metrics"])
    for name, found in (*((_name(way), way) for way in report["ways"]), student):
        value, low, high = (f"{found['kernel_distance'][part]:.4f}" for part in ("value", "low", "high"))
        apart = "yes" if differ(found["kernel_distance"], reference) else "no"
        rows.append([name, f"{value} ({low} to {high})", f"{found['frechet_distance']:.2f}", apart])
    return marked.table(rows)


def _name(way: dict[str, Any]) -> str:
    return f"{SAMPLER_TITLES[way['sampler']]}, {way['steps']}"
