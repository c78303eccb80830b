"""Model cards in words: beside the choice of a model, and as the table of all models."""

from __future__ import annotations

from html import escape

from segen.registry import ModelCard, cards
from segen.text import split_name, words
from segen.ui.framework.figures import reliability


def beside(card: ModelCard, language: str) -> str:
    """The card in a few lines of HTML: what it does, reaches and costs, and whose data it learned from."""
    known = [fact for fact in (_reached(card, language), *_costs(card, language)) if fact]
    facts = "".join(f"<li>{fact}</li>" for fact in known)
    return (
        f"<p>{escape(card.summary[language])}</p><ul class='facts'>{facts}</ul>"
        f"<p class='credit'>{_data(card, language)}</p>"
    )


def table(language: str) -> str:
    """All cards as an HTML table: one row of numbers each, and one with its sources."""
    heads = "".join(
        f"<th scope='col'>{escape(words(language, f'models.{column}'))}</th>"
        for column in ("model", "task", "reached", "parameters", "cost")
    )
    rows = "".join(_rows(card, language) for card in cards())
    return f"<table class='cards'><thead><tr>{heads}</tr></thead>{rows}</table>"


def _rows(card: ModelCard, language: str) -> str:
    parameters, cost = _costs(card, language)
    details = {
        "architecture": escape(card.architecture[language]),
        "data": _data(card, language),
        "weights": escape(card.licence["weights"][language]),
        "source": escape(card.source[language]),
        "training": f"<code>{escape(card.training)}</code>" if card.training else "",
        "checkpoint": escape(card.checkpoint[language]),
        "calibration": _calibration(card, language),
    }
    entries = "".join(
        f"<dt>{escape(words(language, f'models.{key}'))}</dt><dd>{text}</dd>"
        for key, text in details.items()
        if text
    )
    numbers = {
        "task": escape(words(language, f"tasks.{card.task}")),
        "reached": _reached(card, language),
        "parameters": parameters,
        "cost": cost,
    }
    cells = "".join(
        f"<td data-column='{escape(words(language, f'models.{column}'))}'>{content or '–'}</td>"
        for column, content in numbers.items()
    )
    return (
        f"<tbody><tr><th scope='row'>{escape(card.title[language])}<code>{card.name}</code></th>{cells}</tr>"
        f"<tr><td colspan='5'><p>{escape(card.summary[language])}</p><dl>{entries}</dl></td></tr></tbody>"
    )


def _reached(card: ModelCard, language: str) -> str:
    found = card.reached()
    return escape(found.phrase(language)) if found else ""


def _calibration(card: ModelCard, language: str) -> str:
    """The reliability diagram with the expected calibration error, and how to read them."""
    report = card.report()
    bins, error = report.get("reliability"), report.get("metrics", {}).get("ece")
    if not bins or error is None:
        return ""
    figure = words(language, "models.ece", value=f"{error:.3f}", split=split_name(language, report["split"]))
    return (
        f"<div class='calibration'>{reliability(bins, language)}"
        f"<p><b>{escape(figure)}</b> {escape(words(language, 'models.reliability'))}</p></div>"
    )


def _costs(card: ModelCard, language: str) -> tuple[str, str]:
    height, width = card.input_size
    giga = card.multiply_adds / 1e9
    value = f"{giga:.1f}" if giga >= 0.1 else f"{giga:.1g}"
    cost = words(language, "models.multiply_adds", value=value, width=width, height=height)
    parameters = words(language, "models.millions", value=f"{card.parameters / 1e6:.1f}")
    return parameters if card.parameters else "", cost if card.multiply_adds else ""


def _data(card: ModelCard, language: str) -> str:
    licence, credit = (escape(card.licence[part][language]) for part in ("data", "credit"))
    return credit and words(language, "models.data_credit", credit=credit, licence=licence)
