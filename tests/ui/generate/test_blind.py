"""The blind test: pairs, answers, the interval, and nothing told before the click."""

from __future__ import annotations

import random
import re
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segen import registry
from segen.errors import InputError
from segen.imaging import images
from segen.registry.options import GenerateOptions
from segen.text import LANGUAGES, words
from segen.ui.tabs.generate import blind
from segen.ui.tabs.generate.blind import REAL, SIDES, Pair, Quiz
from tests.sentences import exactly

CARD = replace(
    registry.cards()[0],
    name="one",
    task="generate",
    title={"en": "First card", "zh": "第一"},
    dataset="fashion",
    input_size=(28, 28),
    options=GenerateOptions("gan"),
)
OTHER = replace(CARD, name="two", title={"en": "Second card", "zh": "第二"})
STRANGER = replace(CARD, name="three", dataset="yosemite")
BLACK, WHITE = (np.full((16, 28, 28, 3), level, dtype=np.uint8) for level in (0, 255))


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three cards and no data set."""
    mine = {card.name: card for card in (CARD, OTHER, STRANGER)}
    monkeypatch.setattr(registry, "cards", lambda _task=None: list(mine.values()))
    monkeypatch.setattr(registry, "card", lambda name, _task=None: mine[name])
    monkeypatch.delenv("SEGEN_DATA", raising=False)


def pairs(sources: tuple[str, str] = ("one", REAL), seed: int = 0) -> tuple[Pair, ...]:
    return blind.paired(sources, (BLACK, WHITE), random.Random(seed))


def opened(sources: tuple[str, str] = ("one", REAL)) -> Quiz:
    return replace(Quiz().between(sources), waiting=pairs(sources)).turned()


def test_the_order_is_drawn_for_each_pair_and_follows_the_pictures() -> None:
    drawn = pairs()
    sides = [SIDES[pair.sources.index(REAL)] for pair in drawn]
    assert set(sides) == {"left", "right"}
    assert [pair.sources for pair in drawn] == [pair.sources for pair in pairs()], "the seed rules"
    assert sides != [SIDES[pair.sources.index(REAL)] for pair in pairs(seed=1)]
    for pair in drawn:
        for picture, source in zip(pair.pictures, pair.sources, strict=True):
            assert picture.max() == (255 if source == REAL else 0)


@pytest.mark.parametrize("sources", [("one", REAL), (REAL, "one")])
def test_answers_are_counted(sources: tuple[str, str]) -> None:
    quiz = opened(sources)
    assert quiz.target == REAL
    assert quiz.open is not None
    side = SIDES[quiz.open.sources.index(REAL)]
    quiz, hit = quiz.answered(side)
    assert (hit, quiz.score) == (True, (1, 1))
    quiz = quiz.turned()
    assert quiz.open is not None
    quiz, hit = quiz.answered(SIDES[1 - quiz.open.sources.index(REAL)])
    assert (hit, quiz.score) == (False, (1, 2))
    other = quiz.between(("one", "two"))
    assert (other.target, other.score, other.open, other.waiting) == ("one", (0, 0), None, ())
    assert other.between(sources).score == (1, 2), "kept for the visit"


@pytest.mark.parametrize("side", ["", "middle", "real"])
def test_an_answer_that_is_none_gets_a_sentence(side: str) -> None:
    with pytest.raises(InputError, match=exactly("pair_over")):
        opened().answered(side)


def test_a_pair_is_answered_once() -> None:
    quiz, _ = opened().answered("left")
    with pytest.raises(InputError, match=exactly("pair_over")):
        quiz.answered("right")
    with pytest.raises(InputError, match=exactly("pair_over")):
        Quiz().answered("left")


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_told_before_the_click(language: str) -> None:
    quiz = opened(("one", "two"))
    shown = blind.question(quiz, language)
    asked = words(language, "generate.blind_question", source=CARD.title[language])
    assert asked in shown
    assert OTHER.title[language] not in shown
    assert quiz.open is not None
    swapped = replace(quiz, open=Pair(quiz.open.pictures, (quiz.open.sources[1], quiz.open.sources[0])))
    assert blind.question(swapped, language) == shown, "the same page whichever is which"
    left, right = (images.read(b64decode(source)) for source in re.findall(r'base64,([^"]*)"', shown))
    assert np.array_equal(left, quiz.open.pictures[0])
    assert np.array_equal(right, quiz.open.pictures[1])
    verdict = blind.verdict(quiz.open, True, language)
    names = [registry.card(source).title[language] for source in quiz.open.sources]
    assert words(language, "generate.blind_hit", left=names[0], right=names[1]) in verdict


def test_the_interval_is_wilsons() -> None:
    low, high = blind.interval(8, 10)
    z, share = 1.959964, 0.8
    middle = (share + z * z / 20) / (1 + z * z / 10)
    half = z / (1 + z * z / 10) * (share * (1 - share) / 10 + z * z / 400) ** 0.5
    assert (low, high) == pytest.approx((middle - half, middle + half), abs=1e-5)
    assert blind.interval(0, 0) == (0.0, 1.0)
    assert blind.interval(5, 5)[1] == pytest.approx(1)


@pytest.mark.parametrize(("hits", "meaning"), [(2, "worse"), (12, "chance"), (20, "better")])
def test_the_score_says_what_it_means(hits: int, meaning: str) -> None:
    for language in LANGUAGES:
        quiz = replace(Quiz(), sources=("one", "two"), scores={("one", "two"): (hits, 22)})
        assert words(language, f"generate.blind_{meaning}") in blind.told(quiz, language)
        assert blind.told(Quiz(), language) == ""


def test_sources_are_of_one_data_set_and_real_only_where_it_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert blind.known_sources(CARD) == ["one", "two"]
    monkeypatch.setenv("SEGEN_DATA", str(tmp_path / "nowhere"))
    assert blind.known_sources(CARD) == ["one", "two"]
    assert blind.known_sources(STRANGER) == ["three"]
    folder = tmp_path / registry.dataset_folder("yosemite") / "testA"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(images.encode(WHITE[0]))
    monkeypatch.setenv("SEGEN_DATA", str(tmp_path))
    assert blind.known_sources(STRANGER) == ["three", REAL]
    real = blind.real_pictures(replace(STRANGER, input_size=(14, 12)), 3, random.Random(0))
    assert real.shape == (3, 14, 12, 3)


@pytest.mark.parametrize("sources", [("one", "one"), ("one", "three"), ("one", REAL), ("../one", "two")])
def test_sources_that_cannot_be_compared_get_a_sentence(sources: tuple[str, str]) -> None:
    with pytest.raises(InputError):
        blind.between(CARD, *sources)


def test_a_source_may_be_none() -> None:
    with pytest.raises(InputError):
        blind.between(CARD, "one", None)  # type: ignore[arg-type]


def test_no_card_is_called_real() -> None:
    assert REAL not in registry._read_all()
