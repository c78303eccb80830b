"""The first view of the Chinese page has no English but names: in no text seen, in no label read out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from segen.registry import cards
from segen.text import catalogue, words
from tests.browser.actions import wait_for_result

pytestmark = [pytest.mark.browser, pytest.mark.slow]
UNSEEN = ("errors.", "metrics.", "cli.")
"""Sections of the catalogue that the page does not show by itself; some name options of the command line."""
VALUES = {"val", "test", "train", "cpu", "cuda", "blur", "fog", "rain", "night"}
"""English words that the code uses as values."""
WORD = re.compile(r"[A-Za-z]{3,}")
SEEN = """() => [...document.querySelectorAll("body *")]
    .filter((node) => node.checkVisibility() && !node.closest("script, style, code, .katex, [hreflang]"))
    .flatMap((node) => [
        ...["aria-label", "title", "alt", "placeholder"].map((name) => node.getAttribute(name)),
        ...[...node.childNodes].filter((part) => part.nodeType === Node.TEXT_NODE).map((part) => part.data),
    ])
    .filter((text) => text?.trim())"""
"""JavaScript that gives every text that is seen or read out."""


def english_words() -> set[str]:
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
    return found["en"] - found["zh"]


def english(page: Any, forbidden: set[str]) -> list[str]:
    """The texts on the page that hold an English word."""
    return [
        text for text in page.evaluate(SEEN) if any(word.lower() in forbidden for word in WORD.findall(text))
    ]


def test_the_words_of_both_languages_are_told_apart() -> None:
    forbidden = english_words()
    assert {"upload", "generated", "the", "picture", "number", "empty", "capture", "road"} <= forbidden
    assert not {"mobilenetv", "cyclegan", "vaswani", "softmax"} & forbidden


def test_no_english_is_left_where_a_picture_is_segmented(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=segment&show=labels")
    page.click("#header a[hreflang=zh]")
    page.wait_for_url(re.compile("lang=zh.*show=labels"))
    page.wait_for_selector("[data-example=coffee]")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    forbidden = english_words()
    page.wait_for_function("!document.body.innerText.includes('Drop')")  # Gradio's own words follow
    assert english(page, forbidden) == []
    page.click("[data-example=coffee]")
    wait_for_result(page, "coffee")
    page.locator("#segment-viewer .stage").press("ArrowUp")
    assert words("zh", "viewer.legend") in page.inner_text("body")
    assert english(page, forbidden) == []
