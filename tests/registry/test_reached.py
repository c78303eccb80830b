"""The figure that a card is known by names its interval, its split and its size."""

from __future__ import annotations

import math
from typing import Any

import pytest

from segen.registry import Reached, cards
from segen.registry.reached import main_figure
from segen.text import LANGUAGES, split_name


def report(metrics: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"split": "test", "items": 2_000, "metrics": metrics, **more}


def test_a_generator_is_known_by_its_kernel_distance_with_its_interval() -> None:
    kernel = {"value": 0.0046, "low": 0.003, "high": 0.0067}
    found = main_figure(
        report({"kernel_distance": kernel, "frechet_distance": 0.7156}, real_items=10_000), "", {}
    )
    assert found
    assert (found.metric, found.value) == ("kernel_distance", 0.0046)
    for language in LANGUAGES:
        told = found.phrase(language, "fashion test")
        assert all(
            part in told for part in ("0.0046", "0.0030", "0.0067", "0.72", "2,000", "10,000", "fashion test")
        )


def test_the_smaller_share_of_a_gap_is_told_with_its_interval() -> None:
    gaps = {
        "forward": {"value": 0.5, "low": 0.3, "high": 0.6},
        "backward": {"value": 0.4, "low": 0.2, "high": 0.7},
    }
    found = main_figure(report({"gap_closed": gaps}), "", {})
    assert found
    assert (
        found.phrase("en")
        == "0.400 of the gap in kernel distance closed (0.200 to 0.700) on test (2,000 pictures)"
    )
    none = main_figure(report({"gap_closed": {**gaps, "backward": None}}), "", {})
    assert none
    assert math.isnan(none.value)
    for language in LANGUAGES:
        assert "nan" not in none.phrase(language)
        assert "2,000" in none.phrase(language)


def test_nothing_measured_is_no_figure() -> None:
    assert main_figure({}, "", {}) is None
    assert main_figure(report({"pixel_accuracy": 0.9}), "", {}) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_names_its_split_and_size(language: str) -> None:
    measured = [(card, card.reached()) for card in cards()]
    figures = [(card, found) for card, found in measured if isinstance(found, Reached)]
    assert figures
    for card, found in figures:
        told = found.phrase(language)
        assert split_name(language, found.split) in told, card.name
        assert f"{card.report()['items']:,}" in told, card.name
