"""docs/generation.md states what was measured, and ranks only what the intervals bear out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks import generators
from benchmarks.generators import DATASETS, PAGE
from segen.registry import ModelCard, cards

TEXT = PAGE.read_text(encoding="utf-8")
CARD = cards("generate")[0]


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_page_states_the_numbers(dataset: str) -> None:
    stated = TEXT.partition(f"<!-- {dataset} -->\n")[2].partition("\n<!-- end -->")[0]
    assert stated == generators.section(dataset), "run: python -m benchmarks generators"


def test_every_generator_has_its_table() -> None:
    assert {card.dataset for card in cards("generate")} == set(DATASETS)


def test_one_table_holds_distances_of_equally_many_pictures() -> None:
    for dataset in DATASETS:
        sizes = {
            (report["items"], report["real_items"])
            for card in cards("generate")
            if card.dataset == dataset and (report := card.report())
        }
        assert len(sizes) == 1, dataset


def measured(kernel: float) -> dict[str, Any]:
    interval = {"value": kernel, "low": kernel - 0.01, "high": kernel + 0.01}
    return {
        "split": "test",
        "items": 2_000,
        "real_items": 10_000,
        "metrics": {
            **{f"kernel_{which}": interval for which in ("distance", "floor", "ceiling")},
            **{f"frechet_{which}": 10 * kernel for which in ("distance", "floor", "ceiling")},
        },
    }


def test_what_the_intervals_do_not_bear_out_is_no_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    reports = {"near": measured(0.1), "far": measured(0.115), "farther": measured(0.2)}
    known = [replace(CARD, name=name, dataset="fashion") for name in reports]
    monkeypatch.setattr(generators, "cards", lambda task: known)
    monkeypatch.setattr(ModelCard, "report", lambda card: reports[card.name])
    found = generators.section("fashion")
    assert "| `far` | 0.1150 (0.1050 to 0.1250) | 1.15 |" in found
    assert "no difference is shown, of `near` and `far`.\n" in found
    assert "--model far --data DIR --split test`: 2,000 generated, 10,000 real" in found
    del reports["far"], known[1]
    assert "The intervals of no two models overlap." in generators.section("fashion")
