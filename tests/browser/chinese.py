"""What is English on the Chinese page: no text that is seen, no label that is read out."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from segen.registry import cards
from segen.text import catalogue

UNSEEN = ("errors.", "metrics.", "cli.")
"""Sections of the catalogue that the page does not show by itself; some name options of the command line."""
WORD = re.compile(r"[A-Za-z]{3,}")
PLACE = re.compile(r"[\w$.-]*[/_$][\w$./-]*|--\w+", re.ASCII)
"""A file or an option, which has one name in every language."""
SEEN = """() => [...document.querySelectorAll("body *")]
    .filter((node) => node.checkVisibility() && !node.closest("script, style, code, .katex, [hreflang]"))
    .flatMap((node) => [
        ...["aria-label", "title", "alt", "placeholder"].map((name) => node.getAttribute(name)),
        ...[...node.childNodes].filter((part) => part.nodeType === Node.TEXT_NODE).map((part) => part.data),
    ])
    .filter((text) => text?.trim())"""
"""JavaScript that gives every text that is seen or read out."""


@cache
def english_words() -> frozenset[str]:
    """The words of English sentences that are in no Chinese one: of Latin words, those have names alone."""
    found: dict[str, set[str]] = {}
    for language in ("en", "zh"):
        sentences = catalogue(language).items()
        texts = [re.sub(r"\{.*?\}", "", text) for key, text in sentences if not key.startswith(UNSEEN)]
        for card in cards():
            texts += [card.title[language], card.summary[language], card.checkpoint[language]]
            texts += [card.architecture[language], card.source[language]]
            texts += [text[language] for text in card.licence.values()]
            texts += [known.name[language] for known in card.classes]
        found[language] = {word.lower() for text in texts for word in WORD.findall(text)}
    named = {word for card in cards() for word in WORD.findall(card.name)}
    return frozenset(found["en"] - found["zh"] - named)


def assert_chinese(page: Any) -> None:
    """No English is on the page but names."""
    page.wait_for_function("!document.body.innerText.includes('Drop')")  # Gradio's own words follow late
    seen = page.evaluate(SEEN)
    assert seen
    english = {
        text
        for text in seen
        if {word.lower() for word in WORD.findall(PLACE.sub("", text))} & english_words()
    }
    assert not english, english
