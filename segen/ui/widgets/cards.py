"""A model card in words: in a few lines beside the choice of a model, and fact by fact."""

from __future__ import annotations

from markupsafe import Markup

from segen.registry import ModelCard
from segen.text import words
from segen.ui.framework.templates import render


def beside(card: ModelCard, language: str) -> Markup:
    """The card in a few lines of HTML: what it does, reaches and costs, and whose data it learned from."""
    told = (parameters, cost) if card.task == "translate" else (reached, parameters, cost)
    facts = [fact(card, language) for fact in told]  # of translations, pictures say more than a figure
    return render(
        "widgets/card.html",
        summary=card.summary[language],
        facts=[fact for fact in facts if fact],
        credit=data(card, language),
    )


def reached(card: ModelCard, language: str) -> str:
    """The figure that the card is known by, as a phrase; "" where nothing was measured."""
    found = card.reached()
    return found.phrase(language) if found else ""


def parameters(card: ModelCard, language: str) -> str:
    """How many parameters the networks have, in millions; "" for a method without."""
    millions = f"{card.parameters / 1e6:.1f}"
    return words(language, "models.millions", value=millions) if card.parameters else ""


def cost(card: ModelCard, language: str) -> str:
    """What one picture costs, in billions of multiply-adds; "" for a method without a network."""
    height, width = card.input_size
    giga = card.multiply_adds / 1e9
    value = f"{giga:.1f}" if giga >= 0.1 else f"{giga:.1g}"
    said = words(language, "models.multiply_adds", value=value, width=width, height=height)
    return said if card.multiply_adds else ""


def data(card: ModelCard, language: str) -> str:
    """Whose data the card learned from, and their licence; "" for a method that learned from none."""
    licence, credit = (card.licence[part][language] for part in ("data", "credit"))
    return credit and words(language, "models.data_credit", credit=credit, licence=licence)
