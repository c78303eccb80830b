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
WIDTH, HEIGHT, MARGIN, NAME = 340, 190, 14, 165
"""Of a plot, the space around its points, and the longest name beside one, in the plot's own units."""
LINE = 11
"""From one name to the next below it at least."""


def overview(opened: str, language: str) -> Markup:
    """Plots and table as HTML; the details of the card `opened`, "" for none, are shown."""
    return render(
        "tabs/models/overview.html",
        language=language,
        tasks=TASKS,
        plots=[_plot(group, language) for group in _groups()],
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
    return 1000 - reached.value if reached.metric in LOWER_IS_BETTER else reached.value


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
    card: ModelCard
    value: float
    split: str


def _groups() -> list[list[_Point]]:
    """Cards that one plot can compare: measured by one metric on one split of one data set."""
    groups: dict[tuple[str, str, str], list[_Point]] = {}
    for card in cards():
        reached = card.reached()
        if reached and card.multiply_adds:
            key = (card.dataset, reached.metric, reached.split)
            groups.setdefault(key, []).append(_Point(card, reached.value, reached.split))
    return [group for group in groups.values() if len(group) > 1]


def _plot(group: Sequence[_Point], language: str) -> dict[str, Any]:
    """A plot of quality, better upwards, against multiply-adds, whose scale is logarithmic."""
    reached = group[0].card.reached()
    assert reached is not None
    lower = reached.metric in LOWER_IS_BETTER
    across = _scale([math.log10(point.card.multiply_adds) for point in group])
    upward = _scale([-math.log10(point.value) if lower else point.value for point in group])
    dots = []
    for point, x, y in zip(group, across, upward, strict=True):
        dots.append(
            {
                "name": point.card.name,
                "title": point.card.title[language],
                "value": f"{point.value:.3g}" if lower else f"{point.value:.3f}",
                "cost": facts.cost(point.card, language),
                "x": round(MARGIN + x * (WIDTH - NAME), 1),
                "y": round(HEIGHT - MARGIN - y * (HEIGHT - 2 * MARGIN), 1),
            }
        )
    return {
        "tasks": " ".join(sorted({point.card.task for point in group})),
        "dataset": group[0].card.dataset,
        "metric": words(language, f"models.axis_{reached.metric}", name=reached.name.get(language, "")),
        "split": split_name(language, reached.split),
        "lower": lower,
        "dots": _named_apart(dots),
        "width": WIDTH,
        "height": HEIGHT,
    }


def _scale(values: Sequence[float]) -> list[float]:
    """The values from 0, the lowest, to 1, the highest."""
    low, high = min(values), max(values)
    return [(value - low) / ((high - low) or 1) for value in values]


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
