"""Names from outside hold a script: of a file, of classes and cards, in a link. Nothing of it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from segen import registry
from segen.data.synthetic import scenes
from segen.imaging import images
from segen.registry import cards
from tests.browser.actions import settle
from tests.browser.engines import KnownEngine
from tests.ui.test_poison import POISON, poisoned

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_no_script_runs(
    serve: Callable[..., str], visit: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {card.name: poisoned(card) for card in cards()}
    monkeypatch.setattr(registry, "_read_all", lambda: known)
    file = tmp_path / f"{POISON}.png"
    file.write_bytes(images.encode(scenes.street(5, 330, 250)[0]))
    url = serve(KnownEngine("attention", "discriminator_score"))
    ran: list[str] = []
    page = visit(f"{url}?tab=segment&model={quote(POISON)}&view={quote(POISON)}&example={quote(POISON)}")
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    assert page.is_visible("#notice")
    page.wait_for_selector("#segment-viewer .legend button")
    page.click("#segment-picture button >> nth=0")
    page.wait_for_selector("#segment-picture img", state="detached")
    page.set_input_files("#segment-picture input[type=file]", file)
    page.wait_for_function(
        "document.querySelector('#segment-viewer [data-picture]').dataset.picture.includes('onerror')"
    )
    assert "onerror" in page.inner_text("#segment-viewer .legend"), "the name is there, as text"
    page.click("#segment-model input")
    page.keyboard.press("Escape")
    page.click("#tabs [data-tab-id=models]")
    page.wait_for_selector("#models-table [data-card=unet-camvid]")
    page.click("[data-card=unet-camvid] button")
    page.wait_for_selector("[data-of=unet-camvid]", state="visible")
    page.click("#tabs [data-tab-id=translate]")
    page.wait_for_selector("#translate-model input")
    settle(page)
    assert page.locator("img[src=x]").count() == 0
    assert ran == []
