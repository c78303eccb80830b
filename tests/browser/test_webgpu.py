"""Networks on a graphics card, by WebGPU; SwiftShader, which Chromium brings along, stands in for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.types import SegmentRequest
from tests.browser.conftest import ARGUMENTS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MODEL = "fcn-camvid"
A_CARD = """
Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", { get: () => false });
"""
"""JavaScript that takes SwiftShader for a card."""


@pytest.fixture(scope="module")
def arguments() -> list[str]:
    return [
        *ARGUMENTS,
        "--enable-unsafe-webgpu",
        "--enable-features=Vulkan",
        "--use-vulkan=swiftshader",
        "--use-webgpu-adapter=swiftshader",
    ]


def test_a_card_gives_the_labels_that_the_server_gives(
    address: str, visit: Callable[..., Any], every_weights_folder: Path
) -> None:
    page = visit(f"{address}/?tab=start", script=A_CARD)
    seen = scenes.street(5, 128, 96)[0]
    by, found = page.evaluate(
        """async ({ name, pixels }) => {
            const { open } = await import(new URL("inference/network.js", document.baseURI));
            const network = await open(name, () => null);
            const picture = new ImageData(Uint8ClampedArray.from(pixels), 128, 96);
            const { by, labels } = await network.segment(picture);
            network.close();
            return [by, [...labels]];
        }""",
        {"name": MODEL, "pixels": np.dstack([seen, np.full_like(seen[..., :1], 255)]).ravel().tolist()},
    )
    assert by == "WebGPU"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
        network = Engine("cpu", int8=False)
        network.load(MODEL)
        predictor: Any = network._cache[MODEL]
        predictor.zoom = 1  # a browser does not enlarge
        labels = network.run(MODEL, SegmentRequest(seen)).value.labels
    assert (np.array(found).reshape(labels.shape) == labels).mean() >= 0.995
    assert len(np.unique(labels)) > 2


def test_software_that_only_plays_a_card_is_left_alone(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=segment&view=camera&model={MODEL}")
    page.wait_for_selector("#camera [data-where=browser]")
    assert page.evaluate("navigator.gpu.requestAdapter().then((adapter) => !!adapter)")
    assert "WebAssembly" in page.inner_text("#camera [data-part=where]")


def test_what_is_asked_at_once_is_answered_one_after_the_other(
    address: str, visit: Callable[..., Any]
) -> None:
    page = visit(f"{address}/?tab=start", script=A_CARD)
    by, alike = page.evaluate(
        """async (name) => {
            const { open } = await import(new URL("inference/network.js", document.baseURI));
            const network = await open(name, () => null);
            const size = network.latents.length / network.seeds;
            const draw = () => network.draw(network.latents.slice(0, network.count * size), network.labels);
            const answers = await Promise.all([draw(), draw(), draw()]);
            network.close();
            const [first, ...others] = answers.map(({ pictures }) => pictures.join());
            return [answers.map(({ by }) => by), others.every((each) => each === first)];
        }""",
        "dcgan-fashion",
    )
    assert by == ["WebGPU"] * 3
    assert alike
