"""The view Cluster of the tab Segment in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.engine import Engine
from segen.imaging import images
from segen.types import ClusterRequest
from tests.browser.actions import assert_fits, settle, upload

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_picture_is_clustered_and_measured(address: str, visit: Callable[..., Any], photo: Path) -> None:
    page = visit(f"{address}/?tab=cluster&model=dbscan&k=7&space=rgb&eps=0.05&position=9", 390)
    assert "position" in page.inner_text("#notice")
    upload(page, photo)
    for model, plots in (("dbscan", 2), ("kmeans", 4)):
        expected = Engine().run(model, ClusterRequest(images.read(photo), k=7, space="rgb", eps=0.05)).value
        page.check(f"#cluster-model input[value={model}]", force=True)
        told = page.locator("[data-picture=photo] .sentence", has_text=f"clusters: {expected.clusters}.")
        told.wait_for()
        assert f"{expected.silhouette:.2f}" in told.inner_text()
        _assert_shown(page, expected.labels)
        assert page.is_visible("#cluster-k") == (model == "kmeans")
        assert page.is_visible("#cluster-eps") == (model == "dbscan")
        if not page.is_visible(".silhouettes tr"):
            page.click("#cluster-measured > button")
        drawn = page.locator("#cluster-measured .vega-embed:visible")
        drawn.nth(plots - 1).wait_for()
        assert drawn.count() == plots
        assert page.locator(".silhouettes tr").count() == len(expected.cluster_silhouettes)
        assert_fits(page)

    page.click("#cluster-best")
    page.wait_for_selector("#cluster-best", state="hidden")
    best = page.input_value("#cluster-k input[type=number]")
    assert best != "7"
    page.wait_for_function(f"document.querySelectorAll('#cluster-viewer .legend button').length === {best}")


def _assert_shown(page: Any, labels: Any) -> None:
    """The clusters are those of the file to take home, and one is read in the middle."""
    settle(page, "cluster")
    with page.expect_download() as download:
        page.click("#cluster-labels")
    assert np.array_equal(np.array(Pillow.open(download.value.path())), labels)
    assert not page.is_visible("#cluster-viewer input[value=entropy] + span")
    page.locator("#cluster-viewer .stage").press("ArrowUp")
    height, width = labels.shape
    cluster = labels[height // 2, width // 2] + 1
    assert page.inner_text("#cluster-viewer .spoken") == f"x {width // 2}, y {height // 2}: cluster {cluster}"
