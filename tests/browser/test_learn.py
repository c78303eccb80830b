"""Chapters in a browser: guesses and progress stay, buttons set up the lab, a chapter is printed alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from segen.text import LANGUAGES
from segen.ui.tabs.learn.lesson import lessons
from tests.browser.actions import go, wait_for_result

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FIRST, SECOND = list(lessons("en"))[:2]


def test_a_guess_and_progress_are_remembered_in_the_browser(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?lang=en")
    page.click("#start .doors a[href*=learn]")
    page.check("#learn-guess input[value='2']")
    page.wait_for_selector("#learn-guess .kept", state="visible")
    page.click("#learn-rest details >> nth=0")
    assert page.locator("#learn-contents .done:visible").count() == 0, "what happens is not yet the check"
    page.click("#learn-rest details:last-of-type summary >> nth=-1")
    page.wait_for_selector(f"#learn-contents [data-lesson='{FIRST}'] .done", state="visible")
    page.reload()
    page.wait_for_selector("html[data-tab]")
    page.click("[role=tab][data-tab-id=learn]")
    page.wait_for_selector("#learn-guess input[value='2']:checked")
    page.wait_for_selector(f"#learn-contents [data-lesson='{FIRST}'] .done", state="visible")
    page.click("#learn-foot a")
    page.wait_for_url(f"**chapter={SECOND}*")
    page.wait_for_function("!document.querySelector('#learn-guess input:checked')")


def test_a_button_sets_up_the_lab(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?lang=en&tab=learn&chapter={FIRST}")
    page.click("#learn-guess .labs .primary")
    wait_for_result(page, "pagoda")
    go(page, tab="learn", chapter="questions")
    page.click("#learn-rest a[href*='model=kmeans']")
    page.wait_for_url("**view=cluster*model=kmeans*")
    assert page.is_visible("#cluster-viewer")


@pytest.mark.parametrize(("language", "width"), [*zip(LANGUAGES, (390, 1440), strict=True)])
def test_formulas_are_set_and_everything_fits(
    address: str, visit: Callable[..., Any], language: str, width: int
) -> None:
    page = visit(f"{address}/?lang={language}&tab=learn", width)
    for name in list(lessons(language))[2:9:6]:
        page.evaluate("document.querySelector('#learn-rest .katex-display')?.classList.add('of-before')")
        go(page, tab="learn", chapter=name)
        page.get_by_role("heading", name=lessons(language)[name].title, exact=True).wait_for()
        page.wait_for_selector("#learn-rest .of-before", state="detached")
        page.wait_for_selector("#learn-rest .katex-display .katex-html")
        assert page.locator(".katex-error").count() == 0
        page.wait_for_function(
            """[...document.querySelectorAll("#learn-rest .katex-display")].every(
                (formula) => formula.tabIndex === (formula.scrollWidth > formula.clientWidth ? 0 : -1))"""
        )
        assert "$" not in page.inner_text("#learn-rest")
        assert page.evaluate(
            "document.documentElement.scrollWidth <= innerWidth"
        )  # long formulas scroll alone


def test_a_chapter_is_printed_alone(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?lang=en&tab=learn&chapter={FIRST}", scheme="dark")
    page.wait_for_selector("#learn-rest .katex")
    page.emulate_media(media="print")
    for kept in ("#learn-lead", "#learn-guess fieldset", "#learn-rest"):
        assert page.is_visible(kept)
    for left in ("#header", "#tabs > .tab-wrapper", "#learn-contents", "#learn-foot", "#learn-guess .labs"):
        assert not page.is_visible(left)
    assert page.evaluate("getComputedStyle(document.querySelector('#learn-lead p')).color") == "rgb(0, 0, 0)"
