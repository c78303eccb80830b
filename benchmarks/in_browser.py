"""A segmentation in the visitor's own browser, by ONNX Runtime Web, against the server's own."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from time import perf_counter

from playwright.sync_api import sync_playwright

from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.types import SegmentRequest
from segen.ui.app import build_app, launch_options

NAMES = ("fcn-camvid", "unet-camvid", "deeplabv3plus-animals")
WIDTH, HEIGHT, ROUNDS = 320, 256, 5
"""The picture's size is the one that browsers shrink to."""
OPEN = """async (name) => {
    const { open } = await import(new URL("/inference/network.js", location));
    window.network = await open(name, () => {});
}"""
SEGMENT = """async ([pixels, width, height]) => {
    const picture = new ImageData(Uint8ClampedArray.from(pixels), width, height);
    return (await window.network.segment(picture)).milliseconds;
}"""


def main() -> Iterator[str]:
    """One line for each network: the browser's time, in turn with the engine's, in 8 bits if it can."""
    engine = Engine("cpu")
    app = build_app(engine)
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    image = scenes.street(5, WIDTH, HEIGHT)[0]
    pixels = [*(value for pixel in image.reshape(-1, 3).tolist() for value in (*pixel, 255))]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(600_000)
        page.goto(url)
        page.wait_for_selector("html[data-tab]")
        for name in NAMES:
            page.evaluate(OPEN, name)
            there, here = [], []
            for _ in range(ROUNDS + 1):
                there.append(page.evaluate(SEGMENT, [pixels, WIDTH, HEIGHT]) / 1e3)
                began = perf_counter()
                engine.run(name, SegmentRequest(image, once=True))
                here.append(perf_counter() - began)
            ratio = median(one / other for one, other in zip(there[1:], here[1:], strict=True))
            page.evaluate("window.network.close()")
            yield (
                f"{name}, {WIDTH} x {HEIGHT}, in the browser / by the server: {ratio:.1f}"
                f"   {median(there[1:]) * 1e3:.0f} ms / {median(here[1:]) * 1e3:.0f} ms"
            )
        browser.close()
    app.close()
