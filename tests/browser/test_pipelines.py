"""The tab Pipelines in a browser: a first result, edits, undo, recipes saved, opened and repeated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segen.evaluation.pipelines.recipe import KEYWORD, parse
from segen.imaging.png_text import text_in
from segen.text import words
from segen.ui import app
from segen.ui.tabs.pipelines import tab as pipelines
from segen.ui.tabs.pipelines.ready import READY
from segen.ui.tabs.translate import tab as translate
from tests.browser.actions import assert_fits
from tests.browser.engines import QuickEngine

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CARDS = "#pipelines-chain li"


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch, serve: Callable[[Any], str]) -> str:
    """Where a page with these two tabs alone is served."""
    monkeypatch.setattr(app, "TABS", (translate, pipelines))
    return serve(QuickEngine())


def _wait_for_results(page: Any, count: int) -> None:
    """Until every step has the picture of the chain as it is."""
    page.wait_for_function(
        f"count => document.querySelectorAll('{CARDS}:not(.stale) figure img').length === count", arg=count
    )
    page.wait_for_selector("#pipelines-zip", state="visible")


def _saved(page: Any, button: str) -> Path:
    with page.expect_download() as download:
        page.click(button)
    return Path(download.value.path())


def test_a_chain_runs_by_itself_and_is_edited_undone_saved_and_opened(
    address: str, visit: Callable[..., Any], tmp_path: Path
) -> None:
    page = visit(f"{address}?tab=pipelines&lang=en")
    assert page.evaluate("document.querySelector('#pipelines-told').offsetHeight") == 0, "nothing is told"
    _wait_for_results(page, 2)
    assert "read as asked" in page.inner_text(f"{CARDS}:last-child .agreement")
    assert_fits(page)

    page.select_option(f"{CARDS}:last-child header select", "fcn-camvid")
    page.click("#pipelines-chain .adds button >> nth=1")
    assert page.locator(CARDS).count() == 3
    page.click("#pipelines-chain [data-do=undo]")
    assert page.locator(CARDS).count() == 2
    seed = page.get_by_role("textbox", name=words("en", "pipelines.option_seed"))
    seed.fill(str(2**63 - 1))
    seed.press("Tab")
    assert page.locator(f"{CARDS}.stale").count() == 2
    assert page.is_visible("#pipelines-chain [data-part=stale]")
    page.click("#pipelines-run")
    _wait_for_results(page, 2)

    recipe = parse(_saved(page, "#pipelines-chain [data-do=save]").read_text())
    assert [step.model for step in recipe.steps] == ["pix2pix-camvid-photo", "fcn-camvid"]
    assert recipe.steps[0].options["seed"] == 2**63 - 1
    page.click(f"{CARDS}:last-child summary")
    picture = _saved(page, f"{CARDS}:last-child details a >> nth=0").read_bytes()
    assert parse(text_in(picture, KEYWORD)) == recipe

    page.locator(f"{CARDS}:first-child .moves button >> nth=1").press("Enter")
    focused = "document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(focused) == words("en", "pipelines.up", step=1), "it follows the step"
    page.locator("#pipelines-chain .adds button >> nth=1").press("Enter")
    assert page.evaluate("document.activeElement.matches('.adds button:nth-child(2)')")
    page.locator(f"{CARDS}:last-child .moves button >> nth=2").press("Enter")
    assert page.evaluate(focused) == words("en", "pipelines.remove", step=1), "the one before is in its place"
    first = page.locator(f"{CARDS}:first-child header select")
    assert first.input_value() == "fcn-camvid"
    assert page.locator(f"{CARDS}:first-child .settings select").input_value() == "image"
    (tmp_path / "mine.json").write_text(recipe.text())
    page.set_input_files("#pipelines-open input, input[type=file][accept*=json]", tmp_path / "mine.json")
    page.wait_for_function(
        f"document.querySelector('{CARDS}:first-child header select').value === 'pix2pix-camvid-photo'"
    )
    assert not page.locator(f"{CARDS} figure img").count(), "what a file asks for waits for Run"
    (tmp_path / "bad.json").write_text('{"version": 2, "steps": []}')
    page.set_input_files("#pipelines-open input, input[type=file][accept*=json]", tmp_path / "bad.json")
    page.wait_for_selector(".toast-body")
    assert words("en", "errors.recipe_newer", version=2, known=1) in page.inner_text(".toast-body")


def test_a_result_is_sent_on_to_a_chain_that_begins_with_it(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}?tab=translate&lang=zh", width=390, scheme="dark")
    page.wait_for_selector("#translate-view img >> nth=1", state="attached")
    page.locator(".onward a[href*=seasons]").locator("visible=true").first.click()
    steps = len(READY["seasons"].recipe.steps)
    _wait_for_results(page, steps)
    assert page.locator(CARDS).count() == steps
    assert "chain=seasons" in page.url
    assert_fits(page)
