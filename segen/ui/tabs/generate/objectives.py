"""A generator's training objective and the measured quality of its pictures."""

from __future__ import annotations

from html import escape
from typing import Any

from segen.registry import ModelCard
from segen.registry.options import GenerateOptions
from segen.text import catalogue, split_name, words

SHARES = ("manifold_precision", "manifold_recall", "largest_class_share", "label_agreement")
"""Metrics that are shown as a percentage."""
NUMBERS = {"diversity": ".2f", "classes_hit": "d", "elbo": ".1f", "kl": ".1f"}
"""Other metrics of one number, and how it is written."""


def diffuses(card: ModelCard[GenerateOptions]) -> bool:
    """Whether the card draws by diffusion."""
    return card.options.diffusion


def objective(card: ModelCard, language: str) -> str:
    """What the card's network is trained for, as Markdown with LaTeX; empty for an unknown family."""
    family = card.options.family
    if f"generate.formulas_{family}" not in catalogue(language):
        return ""
    lines = words(language, f"generate.formulas_{family}").splitlines()
    formulas = "\n\n".join(f"$${line}$$" for line in lines)
    heading = words(language, "generate.objective")
    return f"#### {heading}\n\n{formulas}\n\n{words(language, f'generate.objective_{family}')}"


def measured(card: ModelCard, language: str) -> str:
    """The card's numbers beside floor and ceiling as an HTML table; empty before they were measured."""
    report = card.report()
    metrics: dict[str, Any] = report.get("metrics", {})
    if "frechet_distance" not in metrics:
        return ""
    rows = [
        _row(
            words(language, "generate.kernel"),
            *(_interval(metrics[f"kernel_{part}"]) for part in ("distance", "floor", "ceiling")),
        ),
        _row(
            words(language, "generate.frechet"),
            *(f"{metrics[f'frechet_{part}']:.2f}" for part in ("distance", "floor", "ceiling")),
        ),
    ]
    if fid := metrics.get("fid"):
        rows.append(_row(words(language, "generate.fid"), *(f"{value:.2f}" for value in fid.values())))
    rows += [
        _row(words(language, "generate.frechet_at", samples=samples), f"{value:.2f}")
        for samples, value in metrics["frechet_by_samples"].items()
    ]
    for name in (*SHARES, *NUMBERS):
        if (value := metrics.get(name)) is not None:
            shown = _share(value) if name in SHARES else format(value, NUMBERS[name])
            rows.append(_row(words(language, f"generate.{name}", classes=len(card.classes)), shown))
    for scale, agreement in metrics.get("agreement_by_guidance", {}).items():
        distance = metrics["frechet_by_guidance"][scale]
        rows += [
            _row(words(language, "generate.frechet_guided", guidance=scale), f"{distance:.2f}"),
            _row(words(language, "generate.agreement_guided", guidance=scale), _share(agreement)),
        ]
    heads = "".join(
        f"<th scope='col'>{escape(words(language, f'generate.{column}'))}</th>"
        for column in ("measure", "value", "floor", "ceiling")
    )
    how = words(
        language,
        "generate.measured_on",
        items=f"{report['items']:,}",
        real=f"{report['real_items']:,}",
        split=split_name(language, report["split"]),
        features=words(language, f"features.{'grey' if card.options.grey else 'color'}"),
    )
    return (
        f"<h3>{escape(words(language, 'generate.measured'))}</h3><p>{escape(how)}</p>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f"<p>{escape(words(language, 'generate.why_lies'))}</p>"
    )


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _row(name: str, *values: str) -> str:
    cells = "".join(f"<td>{value}</td>" for value in (*values, *[""] * (3 - len(values))))
    return f"<tr><th scope='row'>{escape(name)}</th>{cells}</tr>"


def _interval(found: dict[str, float]) -> str:
    value, low, high = (
        f"{round(found[part], 4) + 0.0:.4f}".replace("-", "−") for part in ("value", "low", "high")
    )
    return f"{value} <small>{low} … {high}</small>"
