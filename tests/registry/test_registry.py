"""Cards as data: found by name, described as JSON, listed without torch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import segen
from segen import registry
from segen.errors import CardError
from segen.registry import TASKS, card, cards, describe
from segen.registry.options import OF_TASK, TranslateOptions, read
from tests.sentences import exactly


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
        assert (fields["version"], fields["name"]) == (1, known.name)
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


@pytest.mark.parametrize(
    ("given", "key", "option"),
    [
        ({"max_sides": 640}, "option_unknown", "max_sides"),
        ({"max_side": "640"}, "option_unfit", "max_side"),
        ({"max_side": True}, "option_unfit", "max_side"),
        ({"zoom": []}, "option_unfit", "zoom"),
    ],
)
def test_a_wrong_option_names_card_and_key(given: dict[str, object], key: str, option: str) -> None:
    with pytest.raises(CardError) as error:
        read("some-card", "segment", "segen.models.segmentation.smp:load", given)
    assert error.value.key == key
    assert "some-card" in str(error.value)
    assert option in str(error.value)


def test_a_missing_option_is_named() -> None:
    with pytest.raises(
        CardError, match=exactly("option_unfit", card="some-card", option="family", kind="str")
    ):
        read("some-card", "generate", "segen.models.flow:load", {})


def test_options_take_lists_and_tables() -> None:
    words = {"en": "a", "zh": "b"}
    given = {"domains": [words, words], "given": {"forward": "lines"}, "grey": ["forward"]}
    found = read("some-card", "translate", "segen.models.translation.predictor:load", given)
    assert found == TranslateOptions((words, words), {"forward": "lines"}, grey=("forward",))
    for wrong in ({"given": {"sideways": "lines"}}, {"given": {"forward": "smell"}}, {"domains": [words]}):
        with pytest.raises(CardError):
            read("some-card", "translate", "segen.models.translation.predictor:load", {**given, **wrong})


def test_every_card_has_the_options_of_its_task() -> None:
    for known in cards():
        assert isinstance(known.options, OF_TASK[known.task])
