"""The front matter of a weights folder says to hubs what the card says to people."""

from __future__ import annotations

import pytest
from huggingface_hub import ModelCard as HubCard

from segen.evaluation.model_card import LICENCES, metadata
from segen.registry import ModelCard, cards

SHIPPED = [card for card in cards() if card.parameters]


@pytest.mark.parametrize("card", SHIPPED, ids=lambda card: card.name)
def test_hubs_read_licence_task_and_main_figure(card: ModelCard) -> None:
    told = HubCard.load(card.weights / "README.md").data
    if told.license == "other":
        assert told.license_name == card.licence["weights"]["en"]
    else:
        assert told.license in LICENCES
        assert card.licence["weights"]["en"].lower().replace(" ", "-").startswith(told.license)
    assert told.model_name == card.name
    reached = card.reached()
    assert reached
    main = next(each for each in told.eval_results or [] if each.metric_type == reached.metric)
    assert main.metric_value == round(reached.value, 4)
    assert (main.dataset_split, main.dataset_type) == (reached.split, card.dataset)


def test_what_may_not_be_sold_or_is_for_research_alone_says_so() -> None:
    licences = {card.name: metadata(card).license for card in SHIPPED}
    assert {licences[card.name] for card in SHIPPED if card.dataset == "camvid"} == {"cc-by-nc-4.0"}
    assert {licences[card.name] for card in SHIPPED if card.dataset in ("yosemite", "animals")} == {"other"}


def test_every_data_set_has_its_limits_in_the_card() -> None:
    for card in SHIPPED:
        readme = (card.weights / "README.md").read_text("utf-8")
        assert "## What it is for, and what not" in readme
        assert "look before you believe" not in readme
