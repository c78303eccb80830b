"""docs/generation.md states what was measured, and ranks only what the intervals bear out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks import generators, samplers
from benchmarks.generators import DATASETS, PAGE
from segen.evaluation import studies
from segen.evaluation.distances import differ
from segen.registry import ModelCard, card, cards
from segen.text import LANGUAGES
from segen.types import SAMPLER_TITLES
from segen.ui.tabs.generate.chosen import USUAL_SAMPLER, USUAL_STEPS
from segen.ui.tabs.generate.samplers import measured as measured_samplers

TEXT = PAGE.read_text(encoding="utf-8")
CARD = cards("generate")[0]


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_page_states_the_numbers(dataset: str) -> None:
    stated = TEXT.partition(f"<!-- {dataset} -->\n")[2].partition("\n<!-- end -->")[0]
    assert stated == generators.section(dataset), "run: python -m benchmarks generators"


def test_docs_and_page_state_the_numbers_of_samplers() -> None:
    report = studies.read("samplers")
    stated = TEXT.partition("<!-- samplers -->\n")[2].partition("\n<!-- end -->")[0]
    assert stated == samplers.table(report), "run: python -m benchmarks samplers"
    known = card(report["model"])
    for language in LANGUAGES:
        shown = measured_samplers(known, language)
        assert shown.count("<tr>") == 1 + len(report["ways"])
        for way in report["ways"]:
            assert f"{SAMPLER_TITLES[way['sampler']]}, {way['steps']}" in shown
            assert f"{way['kernel_distance']['value']:.4f}" in shown
        assert not measured_samplers(CARD, language), "of another card nothing is known"


def test_what_the_page_begins_with_is_not_shown_to_differ_from_ddim_with_50_steps() -> None:
    report = studies.read("samplers")
    known = card(report["model"]).report()
    ways = {(way["sampler"], way["steps"]): way["kernel_distance"] for way in report["ways"]}
    usual = ways[USUAL_SAMPLER, USUAL_STEPS]
    assert ways["ddim", 50] == known["metrics"]["kernel_distance"]
    assert not differ(usual, ways["ddim", 50])
    assert (report["items"], report["real_items"]) == (known["items"], known["real_items"])


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
