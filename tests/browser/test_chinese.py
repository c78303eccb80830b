"""No view of the Chinese page has English but names, in no text seen, in no label read out.

All fit a phone, and axe-core finds nothing serious in the dark.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from segen.registry import cards
from segen.text import words
from tests.browser.actions import assert_fits, go, serious_faults
from tests.browser.chinese import assert_chinese, english_words
from tests.browser.places import requests, rest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CHOICES = ("#generate-way", "#inside-view")
"""What shows one of several parts of a view."""
UNFOLD = """() => {
    const folds = [...document.querySelectorAll("button.label-wrap:not(.open)")];
    const seen = folds.filter((each) => each.checkVisibility());
    seen.forEach((each) => each.click());
    return seen.length;
}"""
"""JavaScript that opens all that is folded, which may hold more; how many it opened."""


def test_the_words_of_both_languages_are_told_apart() -> None:
    assert {"upload", "generated", "the", "picture", "number", "empty", "capture", "road"} <= english_words()
    assert not {"mobilenetv", "cyclegan", "vaswani", "softmax"} & english_words()


def test_no_english_is_left_on_any_tab_or_view_and_all_are_open_to_everybody(
    address: str, visit: Callable[..., Any]
) -> None:
    page = visit(address, 390, "dark", "zh-TW")
    waiting = requests(page)
    assert page.evaluate("document.documentElement.lang") == "zh-CN", "as the browser prefers"
    assert words("zh", "start.lead") in page.inner_text("#start")
    tabs = page.locator("#tabs > .tab-wrapper [role=tab]:visible")
    names = [tab.get_attribute("data-tab-id") for tab in tabs.all()]
    seen: set[str] = set()
    for name in names:
        page.click(f"#tabs > .tab-wrapper [role=tab][data-tab-id={name}]")
        _look_into_views(page, name, seen, waiting)
    of_each_family = {each.options.family: each for each in cards("generate")}.values()
    for card in (*of_each_family, *cards("translate")):
        go(page, tab=card.task, model=card.name)
        _look_into_views(page, card.task, seen, waiting)
    views = {"segment cluster", "generate diffusion", "translate pad", "translate street", "translate cycle"}
    assert views < seen


def _look_into_views(page: Any, tab: str, seen: set[str], waiting: set[Any]) -> None:
    """Read what the tab shows, and each of its views that was not seen before."""
    _read(page, waiting)
    if tab not in seen:
        seen.add(tab)
        assert serious_faults(page) == [], tab
    while True:
        inner = page.locator("[role=tabpanel] [role=tab]:visible").all()
        names = [view.get_attribute("data-tab-id") for view in inner]
        view = next((name for name in names if f"{tab} {name}" not in seen), None)
        if view is None:
            return
        seen.add(f"{tab} {view}")
        inner[names.index(view)].click()
        _read(page, waiting)
        assert serious_faults(page) == [], view
        for choices in CHOICES:
            for choice in page.locator(f"{choices}:visible input").all():
                choice.check(force=True)
                _read(page, waiting)


def _read(page: Any, waiting: set[Any]) -> None:
    """Everything on the page, what is folded too, is Chinese and fits, once the view has its result."""
    while page.evaluate(UNFOLD):
        page.evaluate("new Promise(requestAnimationFrame)")
    rest(page, waiting)
    assert_chinese(page)
    assert_fits(page)
    assert not page.locator("mstyle[mathcolor='#cc0000']").count(), "KaTeX can read every formula"
