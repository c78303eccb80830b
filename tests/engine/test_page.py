"""A page in a browser whose models are the cluster's: `python app.py --serve`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

import httpx
import pytest

from benchmarks.server import serving
from tests.browser.conftest import ARGUMENTS, CHROMIUM, WAIT

if TYPE_CHECKING:
    from tests.engine.conftest import Served

pytestmark = [pytest.mark.cluster, pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def page_address(served: Served, tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path, "--serve", f"127.0.0.1:{served.port}") as address:
        yield address


def answered(served: Served, card: str) -> float:
    """How many requests for a card the replicas have answered, as they tell Prometheus."""
    told = httpx.get(f"http://127.0.0.1:{served.port + 1}/metrics", timeout=10).text
    lines = [line for line in told.splitlines() if line.startswith("ray_segen_requests_total{")]
    ours = [line for line in lines if f'card="{card}"' in line and 'outcome="answered"' in line]
    return sum(float(line.split()[-1]) for line in ours)


def test_a_visitor_segments_and_draws_with_the_replicas(served: Served, page_address: str) -> None:
    if not CHROMIUM.exists():
        pytest.skip("no Chromium")
    from playwright.sync_api import sync_playwright

    before = {name: answered(served, name) for name in ("unet-camvid", "dcgan-fashion")}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page()
        page.set_default_timeout(WAIT)
        page.goto(f"{page_address}?tab=segment&model=unet-camvid")
        page.wait_for_selector("#segment-viewer .legend button")
        page.goto(f"{page_address}?tab=generate&model=dcgan-fashion")
        page.click("#generate-run")
        page.wait_for_selector("#generate-zip")
        browser.close()
    until = monotonic() + 60
    while any(answered(served, name) <= count for name, count in before.items()):
        assert monotonic() < until, "the replicas tell of both"
        sleep(1)
