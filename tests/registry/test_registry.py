"""Cards as data: found by name, described as JSON, listed without torch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import segen
from segen import registry
from segen.errors import CardError
from segen.registry import TASKS, card, cards, describe


def test_cards_are_in_order_of_name() -> None:
    names = [card.name for card in cards()]
    assert names
    assert names == sorted(set(names))
    assert sorted(names) == sorted(card.name for task in TASKS for card in cards(task))


@pytest.mark.parametrize(
    "name",
    ["", "no-such-card", "../unet-camvid", "/etc/passwd", "unet-camvid/", "UNET-CAMVID", "unet-camvid.toml"],
)
def test_any_other_string_is_no_card(name: str) -> None:
    with pytest.raises(CardError, match="unet-camvid") as error:
        card(name)
    assert error.value.key == "unknown_card"
    assert "/" not in str(error.value)


def test_a_card_of_another_task_is_told() -> None:
    assert card("unet-camvid", "segment") is card("unet-camvid")
    with pytest.raises(CardError, match="unet-camvid is not for the task generate"):
        card("unet-camvid", "generate")


def test_description_is_json_and_holds_the_contract() -> None:
    for known in cards():
        fields = json.loads(json.dumps(describe(known)))
        assert fields["name"] == known.name
        assert fields.keys() >= {
            "name", "task", "title", "summary", "architecture", "dataset", "classes", "directions",
            "input_size", "parameters", "multiply_adds", "licence", "source", "training", "metrics",
        }  # fmt: skip
        assert fields["licence"].keys() == {"weights", "data", "credit"}
        for entry in fields["classes"]:
            assert entry.keys() == {"id", "name", "color"}


def test_metrics_are_read_from_beside_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGEN_WEIGHTS", str(tmp_path))
    known = cards()[0]
    assert known.metrics() == {}
    known.weights.mkdir()
    (known.weights / "metrics.json").write_text('{"camvid": {"val": {"items": 3}}}')
    assert describe(known)["metrics"] == {"camvid": {"val": {"items": 3}}}


def test_palette_is_indexed_by_class_id() -> None:
    for known in cards():
        for info in known.classes:
            assert known.palette()[info.id] == info.color


def test_weights_are_looked_for_in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEGEN_WEIGHTS", raising=False)
    assert registry.weights_root() == Path(__file__).resolve().parents[2] / "assets" / "weights"


def test_public_names() -> None:
    for name in segen.__all__:
        assert getattr(segen, name).__doc__
    assert segen.card is registry.card
    with pytest.raises(AttributeError, match="nonsense"):
        _ = segen.nonsense
