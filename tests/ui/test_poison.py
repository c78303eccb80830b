"""Texts from outside reach the page as text, whatever they hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from jinja2 import meta

from segen import registry, text
from segen.registry import ModelCard, cards
from segen.ui.framework import figures
from segen.ui.framework.templates import TEMPLATES
from segen.ui.tabs.models.overview import overview
from segen.ui.tabs.models.studies import studies
from segen.ui.tabs.translate.translation import _told
from segen.ui.widgets.cards import beside
from segen.ui.widgets.examples import STREETS
from segen.ui.widgets.gallery import gallery

POISON = "<img src=x onerror=alert(1)>"
BINS = [{"confidence": 0.5, "accuracy": 0.5, "share": 1.0}]


class _Poisoned(dict[str, str]):
    """A catalogue whose every sentence ends in an image that is none of ours."""

    def __getitem__(self, key: str) -> str:
        return super().__getitem__(key) + POISON


def poisoned(card: ModelCard) -> ModelCard:
    words = {"en": POISON, "zh": POISON}
    classes = tuple(replace(known, name=words) for known in card.classes)
    licence = dict.fromkeys(card.licence, words)
    return replace(
        card,
        title=words,
        summary=words,
        architecture=words,
        source=words,
        checkpoint=words,
        licence=licence,
        classes=classes,
        training=POISON,
    )


@pytest.fixture
def _poison(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {language: _Poisoned(text.catalogue(language)) for language in text.LANGUAGES}
    known = {card.name: poisoned(card) for card in cards()}
    monkeypatch.setattr(text, "catalogue", lambda language: kept[language])
    monkeypatch.setattr(registry, "_read_all", lambda: known)


SHOWN: dict[str, Callable[[str], str]] = {
    "overview": lambda language: overview("unet-camvid", language),
    "studies": studies,
    "beside": lambda language: "".join(beside(card, language) for card in cards()),
    "gallery": lambda language: gallery(STREETS, language),
    "figure": lambda _: figures.figure(POISON, POISON, POISON),
    "empty": lambda _: figures.empty(POISON),
    "reliability": lambda language: figures.reliability(BINS, language),
    "told": lambda _: _told(POISON, POISON, POISON),
}


@pytest.mark.usefixtures("_poison")
@pytest.mark.parametrize("shown", SHOWN)
def test_no_text_becomes_an_element(shown: str) -> None:
    for language in text.LANGUAGES:
        html = SHOWN[shown](language)
        assert "onerror" in html, "the text is there"
        assert not re.search(r"<img src=x\b", html)


def test_every_template_escapes() -> None:
    root = Path(str(files("segen.ui")))
    names = [str(path.relative_to(root)) for path in root.rglob("*.html")]
    ours = [name for name in names if not (root / name).with_suffix(".js").exists()]
    assert len(ours) > 10
    for name in ours:
        source = (root / name).read_text(encoding="utf-8")
        assert "|safe" not in source.replace(" ", ""), name
        assert "autoescape" not in source, name
        meta.find_undeclared_variables(TEMPLATES.parse(source))
