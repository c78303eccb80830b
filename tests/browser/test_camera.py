"""Live segmentation and translation in the browser: as the server answers, and no frame leaves the page."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.imaging import images
from segen.registry import card
from segen.text import words
from segen.types import Direction, Image, SegmentRequest, TranslateRequest
from segen.ui.tabs.segment.overlays import displayed
from tests.browser.actions import serious_faults, upload
from tests.browser.places import STREAMS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MODEL = "fcn-camvid"
"""The smallest."""
NO_SIMD = "WebAssembly.validate = () => false;"
RECORD = """() => new Promise((resolve) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
    const recorder = new MediaRecorder(canvas.captureStream(10), { mimeType: "video/webm" });
    const context = canvas.getContext("2d");
    const timer = setInterval(() => context.fillRect(Math.random() * 64, Math.random() * 48, 9, 9), 50);
    recorder.ondataavailable = ({ data }) => {
        const reader = new FileReader();
        reader.onload = () => resolve(reader.result.split(",")[1]);
        reader.readAsDataURL(data);
    };
    recorder.start();
    setTimeout(() => { clearInterval(timer); recorder.stop(); }, 2000);
})"""
"""Records a video of two seconds, as base64."""


@pytest.fixture
def opened(address: str, visit: Callable[..., Any]) -> Callable[..., Any]:
    """Opens the view with a model, before the page loads it with a script run first."""

    def open_page(model: str = MODEL, lang: str = "en", **options: Any) -> Any:
        return visit(f"{address}/?tab=segment&view=camera&model={model}&lang={lang}", **options)

    return open_page


def wait_for(page: Any, where: str) -> None:
    """Wait until a frame was computed there."""
    page.wait_for_selector(f"#camera [data-where={where}]")


def drawn(page: Any, widget: str, part: str) -> Image:
    """What a canvas of a widget holds."""
    canvas = f"{widget} [data-part={part}]"
    address = page.evaluate(f"document.querySelector('{canvas}').toDataURL()")
    with Pillow.open(io.BytesIO(base64.b64decode(address.split(",")[1]))) as picture:
        return np.array(picture.convert("RGB"))


def frames(page: Any, count: int) -> None:
    """Wait until so many more frames were shown."""
    page.evaluate(
        """(count) => new Promise((resolve) => {
            const shown = document.querySelector("#camera [data-part=legend]");
            new MutationObserver((_, observer) => {
                if (--count) return;
                observer.disconnect();
                resolve();
            }).observe(shown, { childList: true });
        })""",
        count,
    )


@pytest.mark.parametrize("model", ["unet-camvid", "deeplabv3plus-animals"])
def test_a_picture_has_the_labels_that_the_server_gives(
    opened: Callable[..., Any], tmp_path: Path, every_weights_folder: Path, model: str
) -> None:
    path = tmp_path / "street.png"
    path.write_bytes(images.encode(scenes.street(5, 320, 256)[0]))
    page = opened(model)
    wait_for(page, "browser")
    upload(page, path)
    page.wait_for_function("document.querySelector('#camera [data-part=seen]').height === 256")
    page.wait_for_selector("#camera [data-state=idle]")
    np.testing.assert_array_equal(drawn(page, "#camera", "seen"), images.read(path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
        engine = Engine("cpu", int8=False)
        engine.load(model)
        predictor: Any = engine._cache[model]
        predictor.scales, predictor.mirrored, predictor.kinds = (1.0,), False, ()  # a browser sees it once
        labels = engine.run(model, SegmentRequest(images.read(path))).value.labels
    colors = np.array(displayed(card(model)).palette(), np.uint8)  # those of the other views
    assert (drawn(page, "#camera", "labels") == colors[labels]).all(axis=2).mean() >= 0.995
    assert re.search(r"\d+", page.inner_text("#camera [data-part=milliseconds]"))
    assert words("en", "camera.in_browser", by="WebAssembly", width=320, height=256) in page.inner_text(
        "#camera"
    )


def test_nothing_is_sent_while_a_camera_runs_and_stop_or_leaving_frees_it(opened: Callable[..., Any]) -> None:
    page = opened(
        script="""
        const ask = MediaDevices.prototype.getUserMedia;
        MediaDevices.prototype.getUserMedia = async function (given) {
            return (window.stream = await ask.call(this, given));
        };
    """
    )
    wait_for(page, "browser")
    page.click("#camera [data-part=camera]")
    page.wait_for_selector("#camera [data-part=rate]:visible")
    frames(page, 1)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    frames(page, 3)
    assert [url for url in asked if not STREAMS.search(url)] == []
    assert float(page.inner_text("#camera [data-part=frames]")) > 0
    assert page.evaluate("stream.active")
    page.click("#camera [data-part=stop]")
    assert not page.evaluate("stream.active")
    page.wait_for_selector("#camera [data-state=idle]")
    page.select_option("#camera [data-part=model]", index=1)
    page.wait_for_selector("#camera [data-state=idle]")
    page.select_option("#camera [data-part=model]", MODEL)
    wait_for(page, "browser")
    page.wait_for_selector("#camera [data-state=idle]")
    assert not page.evaluate("stream.active"), "another network looks at the picture, with the camera off"
    page.click("#camera [data-part=camera]")
    frames(page, 1)
    assert page.evaluate("stream.active")
    page.locator("#segment-views").get_by_role("tab", name=words("en", "teach.tab")).click()
    page.wait_for_selector("#camera [data-state=idle]", state="attached")
    assert not page.evaluate("stream.active")


def test_a_video_file_runs_and_another_file_is_told(opened: Callable[..., Any], tmp_path: Path) -> None:
    page = opened()
    wait_for(page, "browser")
    video, text = tmp_path / "video.webm", tmp_path / "text.mp4"
    video.write_bytes(base64.b64decode(page.evaluate(RECORD)))
    text.write_text("no video")
    page.set_input_files("#camera input[type=file]", text)
    page.get_by_text(words("en", "camera.no_video")).wait_for()
    page.set_input_files("#camera input[type=file]", video)
    page.wait_for_selector("#camera [data-part=rate]:visible")
    frames(page, 2)
    assert drawn(page, "#camera", "seen").shape == (48, 64, 3)
    page.click("#camera [data-part=stop]")
    assert serious_faults(page) == []


CARDS_THAT_FAIL = {
    "it does nothing": "async () => ({ info: {} })",
    "it tells nothing": "async () => ({})",
    "there is none": "async () => null",
    "an old browser": "() => { throw new Error(); }",
    "a lost one": "() => Promise.reject(new Error())",
}


def test_graphics_cards_that_fail_are_made_up_for(opened: Callable[..., Any]) -> None:
    page = opened()
    wait_for(page, "browser")
    for why, asked in CARDS_THAT_FAIL.items():
        by = page.evaluate(
            f"""async (name) => {{
                const gpu = {{ requestAdapter: {asked} }};
                Object.defineProperty(navigator, "gpu", {{ value: gpu, configurable: true }});
                const {{ open }} = await import(new URL("inference/network.js", document.baseURI));
                const network = await open(name, () => null);
                const {{ by }} = await network.segment(new ImageData(64, 64));
                network.close();
                return by;
            }}""",
            MODEL,
        )
        assert by == "WebAssembly", why


def test_without_simd_the_server_segments_the_frame_it_is_said_and_a_camera_gives_one(
    opened: Callable[..., Any],
) -> None:
    page = opened(script=NO_SIMD, lang="zh")
    wait_for(page, "server")
    told = f"{words('zh', 'inference.no_simd')} {words('zh', 'camera.instead')}"
    assert page.inner_text("#camera [data-part=fault]") == told
    assert words("zh", "camera.on_server", width=640, height=427) in page.inner_text("#camera")
    found = {tuple(color) for color in drawn(page, "#camera", "labels").reshape(-1, 3).tolist()}
    assert len(found) > 1
    assert found <= set(displayed(card(MODEL)).palette())
    page.click("#camera [data-part=camera]")
    page.wait_for_function("document.querySelector('#camera [data-part=labels]').height === 480")
    page.wait_for_selector("#camera [data-state=idle]")


def test_a_file_that_is_missing_or_damaged_on_its_way_is_told(opened: Callable[..., Any]) -> None:
    page = opened(script=NO_SIMD)  # so that nothing is asked for before it can be damaged
    wait_for(page, "server")
    page.evaluate("WebAssembly.validate = () => true")

    def damage(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.body()[:-1] + b"\x07")

    faults = [
        (
            "networks/*.json*",
            lambda route: route.fulfill(status=503, json={"error": "It broke."}),
            "It broke.",
        ),
        ("networks/*.onnx*", damage, words("en", "inference.damaged")),
        ("*.wasm.gz", damage, words("en", "inference.runtime")),
    ]
    for file, answer, told in faults:
        page.route(f"**/{file}", answer)
        page.click("#camera-run")
        page.get_by_text(told).wait_for()
        page.wait_for_selector("#camera [data-state=idle]")
        assert words("en", "camera.no_server") not in page.inner_text("#camera")
        assert page.evaluate("document.querySelector('#camera [data-part=labels]').width") > 1
        page.unroute(f"**/{file}")


@pytest.mark.parametrize(
    ("model", "direction"),
    [
        ("cyclegan-yosemite", "backward"),
        ("cyclegan-nuclei", "forward"),
        ("pix2pix-nuclei", "forward"),
    ],
)
def test_a_picture_becomes_what_the_server_makes_of_it(
    address: str, visit: Callable[..., Any], every_weights_folder: Path, model: str, direction: Direction
) -> None:
    page = visit(f"{address}/?tab=translate&view=stream&model={model}&direction={direction}")
    page.wait_for_selector("#translate-picture img")
    page.select_option("#stream [data-part=model]", f"{model}.{direction}")
    page.wait_for_selector("#stream [data-where=browser]")
    page.wait_for_selector("#stream [data-state=idle]")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
        engine = Engine("cpu")
        engine.load(model)
        engine._cache[model].scale = 1  # type: ignore[attr-defined]  # a browser's picture is of the network's size
        request = TranslateRequest(drawn(page, "#stream", "seen"), direction)
        made = engine.run(model, request).value.image
    assert np.abs(drawn(page, "#stream", "labels").astype(int) - made).max() <= 2
    assert serious_faults(page) == []


@pytest.mark.parametrize(("where", "script"), [("browser", ""), ("server", NO_SIMD)])
def test_a_picture_in_place_of_a_mask_is_thresholded_and_it_is_said(
    address: str, visit: Callable[..., Any], tmp_path: Path, where: str, script: str
) -> None:
    link = "tab=translate&view=stream&model=pix2pix-nuclei&direction=forward"
    page = visit(f"{address}/?{link}", script=script)
    page.wait_for_selector("#translate-picture img")
    mask = np.kron(np.eye(2, dtype=np.uint8) * 255, np.ones((32, 32), np.uint8))
    for name, levels, said in (("mask", mask, False), ("grey", mask // 4 + 80, True)):
        Pillow.fromarray(levels).save(tmp_path / f"{name}.png")
        page.set_input_files("#stream [data-part=file]", tmp_path / f"{name}.png")
        page.wait_for_selector(f"#stream [data-where={where}]")
        page.wait_for_selector("#stream [data-state=idle]")
        assert (words("en", "camera.thresholded") in page.inner_text("#stream [data-part=where]")) == said


def test_without_simd_the_server_translates_the_frame(address: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{address}/?tab=translate&view=stream&model=pix2pix-nuclei", script=NO_SIMD)
    page.wait_for_selector("#translate-picture img")
    page.click("#stream-run")
    page.wait_for_selector("#stream [data-where=server]")
    assert words("en", "camera.instead") in page.inner_text("#stream [data-part=fault]")
