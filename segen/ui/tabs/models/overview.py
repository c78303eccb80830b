"""All cards: plots of quality against cost, a table to sort and to filter, and each card's details."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from segen.registry import TASKS, ModelCard, Reached, cards
from segen.text import split_name, words
from segen.ui.framework.figures import reliability
from segen.ui.framework.templates import render
from segen.ui.widgets import cards as facts

LOWER_IS_BETTER = {"kernel_distance", "feature_distance"}
"""Of the metrics that a card is known by; of the others, higher is better."""
WIDTH, HEIGHT, MARGIN, NAMES = 340, 150, 14, 200
"""Of a plot, the space around its points, and where their names begin, in the plot's own units."""
LEAST = 1e-4
"""Distances below are drawn as this one; an estimate can even be below 0."""
LINE = 11
"""From one name to the next below it at least."""


def overview(opened: str, language: str) -> Markup:
    """Plots and table as HTML; the details of the card `opened`, "" for none, are shown."""
    return render(
        "tabs/models/overview.html",
        language=language,
        tasks=TASKS,
        plots=[_plot(reached, group, language) for reached, group in _groups()],
        rows=[_row(card, language) for card in cards()],
        opened=opened,
    )


def _row(card: ModelCard, language: str) -> dict[str, Any]:
    """What a card's line shows, what it is sorted by, and what stands in its details."""
    reached = card.reached()
    details = {
        "architecture": card.architecture[language],
        "data": facts.data(card, language),
        "weights": card.licence["weights"][language],
        "source": card.source[language],
        "checkpoint": card.checkpoint[language],
        "int8": words(language, "models.int8_figures", **figures) if (figures := card.int8_figures()) else "",
    }
    return {
        "card": card,
        "title": card.title[language],
        "summary": card.summary[language],
        "reached": facts.reached(card, language),
        "parameters": facts.parameters(card, language),
        "cost": facts.cost(card, language),
        "millions": f"{card.parameters / 1e6:.1f}" if card.parameters else "",
        "giga": f"{card.multiply_adds / 1e9:.2g}" if card.multiply_adds else "",
        "rank": f"{reached.metric} {_rank(reached):012.6f}" if reached else "",
        "details": {key: text for key, text in details.items() if text},
        "calibration": _calibration(card, language),
    }


def _rank(reached: Reached) -> float:
    value = reached.value if math.isfinite(reached.value) else -1.0
    return 1000 - value if reached.metric in LOWER_IS_BETTER else value


def _calibration(card: ModelCard, language: str) -> Markup:
    """The reliability diagram with the expected calibration error, and how to read them."""
    report = card.report()
    bins, error = report.get("reliability"), report.get("metrics", {}).get("ece")
    if not bins or error is None:
        return Markup()
    return render(
        "tabs/models/calibration.html",
        language=language,
        diagram=reliability(bins, language),
        error=f"{error:.3f}",
        split=split_name(language, report["split"]),
    )


@dataclass(frozen=True)
class _Point:
    """A card in a plot; `low` and `high` are the ends of its interval, the value itself where it has none."""

    card: ModelCard
    value: float
    low: float
    high: float


def _groups() -> list[tuple[Reached, list[_Point]]]:
    """Cards that one plot can compare: three or more measured by one metric on one split of one data set."""
    groups: dict[tuple[str, str, str], tuple[Reached, list[_Point]]] = {}
    for card in cards():
        reached = card.reached()
        if reached and card.multiply_adds and math.isfinite(reached.value):
            low, high = (reached.beside.get(end, reached.value) for end in ("low", "high"))
            key = (card.dataset, reached.metric, reached.split)
            groups.setdefault(key, (reached, []))[1].append(_Point(card, reached.value, low, high))
    return [group for group in groups.values() if len(group[1]) > 2]


def _plot(reached: Reached, group: Sequence[_Point], language: str) -> dict[str, Any]:
    """A plot of quality, better upwards, against multiply-adds; costs and distances on logarithmic scales."""
    lower = reached.metric in LOWER_IS_BETTER
    costs = [math.log10(point.card.multiply_adds) for point in group]
    ends = [_upward(end, lower) for point in group for end in (point.value, point.low, point.high)]

    def across(point: _Point) -> float:
        share = _share(math.log10(point.card.multiply_adds), costs)
        return round(MARGIN + share * (NAMES - 3 * MARGIN), 1)

    def down(value: float) -> float:
        return round(HEIGHT - MARGIN - _share(_upward(value, lower), ends) * (HEIGHT - 2 * MARGIN), 1)

    dots = [
        {
            "name": point.card.name,
            "title": point.card.title[language],
            "value": f"{point.value:.3g}",
            "cost": facts.cost(point.card, language),
            "x": across(point),
            "y": down(point.value),
            "low": down(point.low),
            "high": down(point.high),
        }
        for point in group
    ]
    return {
        "tasks": " ".join(sorted({point.card.task for point in group})),
        "dataset": group[0].card.dataset,
        "metric": words(language, f"models.axis_{reached.metric}", name=reached.name.get(language, "")),
        "split": split_name(language, reached.split),
        "lower": lower,
        "dots": _named_apart(dots),
        "width": WIDTH,
        "names": NAMES,
        "height": HEIGHT,
    }


def _upward(value: float, lower: bool) -> float:
    return -math.log10(max(value, LEAST)) if lower else value


def _share(value: float, values: Sequence[float]) -> float:
    """Where a value lies from the lowest, 0, to the highest of `values`, 1."""
    low, high = min(values), max(values)
    return (value - low) / ((high - low) or 1)


def _named_apart(dots: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The dots from the top down, each with a height for its name at which no two names overlap."""
    ordered = sorted(dots, key=lambda dot: dot["y"])
    free = 0.0
    for dot in ordered:
        dot["line"] = max(free, dot["y"])
        free = dot["line"] + LINE
    last = float(HEIGHT)
    for dot in reversed(ordered):
        dot["line"] = min(last, dot["line"])
        last = dot["line"] - LINE
    return ordered
