"""How good a generator's pictures are, as measured: its numbers beside floor and ceiling."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from segen.registry import ModelCard
from segen.text import split_name, words
from segen.ui.framework.templates import render

PARTS = ("distance", "floor", "ceiling")
SHARES = ("manifold_precision", "manifold_recall", "largest_class_share", "label_agreement")
"""Metrics that are shown as a percentage."""
NUMBERS = {"diversity": ".2f", "classes_hit": "d", "elbo": ".1f", "kl": ".1f"}
"""Other metrics of one number, and how it is written."""


def measured(card: ModelCard, language: str) -> Markup:
    """The card's numbers beside floor and ceiling as an HTML table; empty before they were measured."""
    report = card.report()
    metrics: dict[str, Any] = report.get("metrics", {})
    if "frechet_distance" not in metrics:
        return Markup()
    features = "grey" if card.options.grey else "color"
    how = words(
        language,
        "generate.measured_on",
        items=f"{report['items']:,}",
        real=f"{report['real_items']:,}",
        split=split_name(language, report["split"]),
        features=words(language, f"features.{features}"),
    )
    rows = [*_distances(metrics, language), *_others(card, metrics, language), *_guided(metrics, language)]
    return render("tabs/generate/quality.html", language=language, how=how, rows=rows)


Row = tuple[str, list[Any]]
"""The name of a measure, and its values: of the model, and where there are any the floor and ceiling."""


def _distances(metrics: dict[str, Any], language: str) -> list[Row]:
    rows: list[Row] = [
        (words(language, f"generate.{name}"), [write(metrics[f"{name}_{part}"]) for part in PARTS])
        for name, write in (("kernel", interval), ("frechet", "{:.2f}".format))
    ]
    if fid := metrics.get("fid"):
        rows.append((words(language, "generate.fid"), [f"{value:.2f}" for value in fid.values()]))
    rows += [
        (words(language, "generate.frechet_at", samples=samples), [f"{value:.2f}"])
        for samples, value in metrics["frechet_by_samples"].items()
    ]
    return rows


def _others(card: ModelCard, metrics: dict[str, Any], language: str) -> list[Row]:
    rows: list[Row] = []
    for name in (*SHARES, *NUMBERS):
        if (value := metrics.get(name)) is not None:
            shown = _share(value) if name in SHARES else format(value, NUMBERS[name])
            rows.append((words(language, f"generate.{name}", classes=len(card.classes)), [shown]))
    return rows


def _guided(metrics: dict[str, Any], language: str) -> list[Row]:
    rows: list[Row] = []
    for scale, agreement in metrics.get("agreement_by_guidance", {}).items():
        distance = metrics["frechet_by_guidance"][scale]
        rows += [
            (words(language, "generate.frechet_guided", guidance=scale), [f"{distance:.2f}"]),
            (words(language, "generate.agreement_guided", guidance=scale), [_share(agreement)]),
        ]
    return rows


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def interval(found: dict[str, float]) -> Markup:
    """A figure with what holds 95 % of its bootstrap samples."""
    value, low, high = (
        f"{round(found[part], 4) + 0.0:.4f}".replace("-", "−") for part in ("value", "low", "high")
    )
    return Markup("{} <small>{} … {}</small>").format(value, low, high)
