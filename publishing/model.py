"""A card as a model repository: its folder of weights, whose README.md is the hub's model card, too."""

from __future__ import annotations

from publishing.upload import Repository
from segen import registry
from segen.registry import sums


def repository_name(owner: str, card: registry.ModelCard) -> str:
    """Where a card of this owner's is on the hub."""
    return f"{owner}/segen-{card.name}"


def published() -> list[registry.ModelCard]:
    """The cards that have weights of their own."""
    return [card for card in registry.cards() if card.parameters]


def assemble(name: str, owner: str) -> Repository:
    """The repository of the card `name`, one of `published`. Raises WeightsError for a changed file."""
    card = registry.card(name)
    sums.verify(card.weights)
    files = {
        path.relative_to(card.weights).as_posix(): path
        for path in sorted(card.weights.rglob("*"))
        if path.is_file()
    }
    return Repository(repository_name(owner, card), "model", files)
