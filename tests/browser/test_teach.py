"""The view "Teach it" in a browser: strokes with a pointer and with touch, classes of one's own, files."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from segen.data import classifiers
from segen.text import words
from tests.browser.actions import assert_fits, stroke

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def wait_for_answer(page: Any) -> None:
    """Wait until the ring marks a place and no classification is under way."""
    page.wait_for_selector("#teach-board .mark:not([hidden])")
    page.wait_for_selector("#teach-stop:disabled")


def colored(page: Any) -> int:
    """How many pixels of the board have a stroke."""
    return int(
        page.evaluate(
            """() => {
              const board = document.querySelector("#teach-board canvas[data-part=board]");
              const { data } = board.getContext("2d").getImageData(0, 0, board.width, board.height);
              return data.filter((value, at) => at % 4 === 3 && value).length;
            }"""
        )
    )


def answers(page: Any) -> str:
    """The answer that lies under the strokes, as an address."""
    return str(page.evaluate("document.querySelector('#teach-board [data-part=answer]').toDataURL()"))


def test_strokes_teach_a_classifier(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=segment&view=teach&lang=en")
    wait_for_answer(page)
    assert_fits(page)
    board = page.locator("#teach-board canvas[data-part=board]")
    before, first = colored(page), answers(page)
    assert before > 500, "an example brings its strokes"
    page.click("#teach-board [data-part=add]")
    page.fill("#teach-board [data-part=name]", "<b>eye</b>")
    assert page.locator("#teach-board .palette [aria-checked=true]").inner_text() == "<b>eye</b>"
    choices = page.locator("#teach-board .palette button")
    for choice in (choices.first, choices.last):
        choice.press("Enter")
        assert choice.get_attribute("aria-checked") == "true"
        assert choice.evaluate("node => node === document.activeElement")
    stroke(page, board, (0.37, 0.33), (0.4, 0.42))
    settled = "first => document.querySelector('#teach-board [data-part=answer]').toDataURL() !== first"
    page.wait_for_function(settled, arg=first)
    wait_for_answer(page)
    assert colored(page) > before
    page.click("#teach-files")
    page.wait_for_selector("#teach-classifier")
    with page.expect_download() as download:
        page.click("#teach-classifier")
    kept = classifiers.read(download.value.path().read_bytes())
    assert [each.name for each in kept.classes] == ["background", "cat", "<b>eye</b>"]
    with page.expect_download() as download:
        page.click("#teach-regions")
    found = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert "<b>eye</b>" in [region["name"]["en"] for region in found["regions"]]
    page.click("#teach-board [data-do=undo]")
    assert colored(page) == before


def test_an_answer_waits_for_its_picture_in_a_slow_browser(address: str, visit: Callable[..., Any]) -> None:
    slow = """const decode = createImageBitmap;
        window.createImageBitmap = async (...given) => {
          await new Promise((resolve) => setTimeout(resolve, 3000));
          return decode(...given);
        };"""
    page = visit(f"{address}/?tab=segment&view=teach", script=slow)
    wait_for_answer(page)
    assert colored(page) > 500, "its strokes are there, too"


def test_touch_and_chinese_on_a_phone(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=segment&view=teach&lang=zh", 390, "dark")
    wait_for_answer(page)
    assert_fits(page)
    assert words("zh", "teach.uncertain") in page.inner_text("#teach-told")
    before = colored(page)
    page.evaluate(
        """() => {
          const board = document.querySelector("#teach-board canvas[data-part=board]");
          const box = board.getBoundingClientRect();
          board.setPointerCapture = () => {};
          const send = (kind, x, y) => board.dispatchEvent(new PointerEvent(kind, {
            pointerId: 5, pointerType: "touch", bubbles: true,
            clientX: box.left + x * box.width, clientY: box.top + y * box.height,
          }));
          const palm = (kind, x, y) => board.dispatchEvent(new PointerEvent(kind, {
            pointerId: 6, pointerType: "touch", bubbles: true,
            clientX: box.left + x * box.width, clientY: box.top + y * box.height,
          }));
          send("pointerdown", 0.5, 0.5);
          palm("pointerdown", 0.1, 0.95); // draws nothing, nor does it end what the finger draws
          send("pointermove", 0.55, 0.5);
          palm("pointermove", 0.2, 0.95);
          palm("pointerup", 0.2, 0.95);
          send("pointermove", 1.4, 0.5); // beyond the picture
          send("pointermove", 1.4, 1.4);
          send("pointerup", 1.4, 1.4);
        }"""
    )
    after = colored(page)
    assert before < after < before + 0.6 * 640 * 12, "nothing is drawn along the edge"
    wait_for_answer(page)
    page.click("#teach-board [data-do=clear]")
    page.wait_for_function(
        "text => document.querySelector('#teach-told').innerText.includes(text)",
        arg=words("zh", "teach.empty"),
    )
    assert colored(page) == 0
