"""Pictures for the `segen` command, and an engine that answers at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.imaging import images
from segen.types import Run, Segmentation, SegmentRequest


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with two pictures of odd sizes."""
    folder = tmp_path / "in"
    folder.mkdir()
    for seed, (name, width, height) in enumerate([("a.png", 70, 33), ("b.v2.jpg", 40, 64)]):
        image, _ = scenes.street(seed, width, height)
        (folder / name).write_bytes(images.encode(image, "JPEG" if name.endswith("jpg") else "PNG"))
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[SegmentRequest]]:
    """An engine that answers at once with class 1; the requests it was asked."""
    asked: list[SegmentRequest] = []

    def run(engine: Engine, name: str, request: SegmentRequest) -> Run:
        asked.append(request)
        labels = np.ones(request.image.shape[:2], dtype=np.uint8)
        return Run(Segmentation(labels, np.ones((1, 1, 1), np.float32)), name, "cpu", 0.0, 0.0)

    monkeypatch.setattr(Engine, "run", run)
    return asked
