"""The Cluster tab in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.imaging import images
from segen.types import ClusterRequest
from tests.browser.actions import assert_fits, upload

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize(("width", "model"), [(1440, "kmeans"), (390, "dbscan")])
def test_a_picture_is_clustered_and_measured(
    address: str, visit: Callable[..., Any], photo: Path, width: int, model: str
) -> None:
    page = visit(f"{address}/?tab=cluster&model={model}&k=3&space=rgb&eps=0.05&position=9", width)
    assert "position" in page.inner_text("#notice")
    kmeans = model == "kmeans"
    assert page.is_visible("#cluster-k") == kmeans
    assert page.is_visible("#cluster-eps") != kmeans
    upload(page, photo)
    page.wait_for_selector("#cluster-viewer [data-picture=photo] .legend button")
    page.wait_for_selector("#cluster-labels")
    from segen.engine import Engine

    expected = Engine().run(model, ClusterRequest(images.read(photo), k=3, space="rgb", eps=0.05)).value
    with page.expect_download() as download:
        page.click("#cluster-labels")
    assert np.array_equal(np.array(Pillow.open(download.value.path())), expected.labels)
    assert not page.is_visible("#cluster-viewer input[value=entropy] + span")
    stage = page.locator("#cluster-viewer .stage")
    stage.press("ArrowUp")
    height, width = expected.labels.shape
    cluster = expected.labels[height // 2, width // 2] + 1
    assert page.inner_text("#cluster-viewer .spoken") == f"x {width // 2}, y {height // 2}: cluster {cluster}"
    assert f"{expected.silhouette:.2f}" in page.inner_text("#cluster-viewer .sentence")
    page.click("#cluster-measured > button")
    plots = page.locator("#cluster-measured .vega-embed:visible")
    plots.nth(3 if kmeans else 1).wait_for()
    assert plots.count() == (4 if kmeans else 2)
    assert page.locator(".silhouettes tr").count() == len(expected.cluster_silhouettes)
    assert_fits(page)
