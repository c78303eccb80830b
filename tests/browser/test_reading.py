"""A browser reads pictures for its networks as the server does."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from segen.models.translation.preprocessing import PREPROCESSING
from segen.registry import card
from segen.ui.widgets import inference
from segen.ui.widgets.camera import READ

pytestmark = pytest.mark.browser
SPREAD = np.random.default_rng(0).normal(110, 50, (24, 32, 3))
PICTURES = {
    "photograph": SPREAD.clip(0, 255).astype(np.uint8),
    "mask": np.kron(np.eye(4, dtype=np.uint8) * 255, np.ones((6, 8), np.uint8))[..., None].repeat(3, axis=2),
    "flat": np.full((24, 32, 3), 90, np.uint8),
}
READS = """async ([code, pixels]) => {
    const { READ } = await import(code);
    const planes = ([name, read]) => [name, read(pixels).map((each) => [...each])];
    return Object.fromEntries(Object.entries(READ).map(planes));
}"""


@pytest.mark.parametrize("kind", PICTURES)
def test_every_way_of_reading_is_that_of_the_server(chromium: Any, kind: str) -> None:
    code = base64.b64encode((inference.FOLDER / "reading.js").read_bytes()).decode()
    picture = PICTURES[kind]
    height, width = picture.shape[:2]
    rgba = np.concatenate([picture, np.full((height, width, 1), 255, np.uint8)], axis=2)
    page = chromium.new_page()
    found = page.evaluate(READS, [f"data:text/javascript;base64,{code}", rgba.flatten().tolist()])
    page.close()
    assert set(found) == set(READ)
    for name, planes in found.items():
        seen, _ = PREPROCESSING[name](picture, max(height, width), 1.0, card("pix2pix-nuclei"))
        read = np.array(planes).reshape(seen.shape[1:])
        assert np.abs(read - seen[0].numpy()).max() <= 1.01 / 127.5, f"{name}: at most a level of rounding"
