"""The static twin in Chromium, from a plain file server, with nothing asked of the outside."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image as Pillow

from publishing import static
from publishing.__main__ import main
from publishing.upload import write
from segen import models, registry
from segen.imaging import images
from segen.models.segmentation.predictor import full_size_labels
from segen.models.teaching import regression
from segen.models.teaching.features import features, few
from segen.registry import TEACH_MODEL
from segen.text import LANGUAGES, words
from segen.types import UNDRAWN, Image, Labels
from segen.ui.tabs.learn.lesson import lessons
from segen.ui.tabs.segment import strokes, teach
from segen.ui.widgets import examples
from tests.browser.actions import assert_fits, serious_faults, stroke

pytestmark = [pytest.mark.browser, pytest.mark.slow]

READY = {
    "learn": "#learn h1",
    "playground": "#playground [data-part=lab]",
    "segment": "#segment [data-where=browser][data-state=idle]",
    "teach": "#teach[data-state=idle]",
    "generate": "#generate [data-state=idle]",
    "translate": "#translate [data-where=browser][data-state=idle]",
    "draw": "#draw .palette [data-id]",
}
"""By place, what is there once it works."""


MISSING: list[str] = []
"""Paths that were asked for and are not there."""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and keeps what it could not find."""

    def log_message(self, *told: object) -> None:
        """Say nothing."""

    def send_error(self, *told: Any, **named: Any) -> None:
        """Keep the path."""
        MISSING.append(self.path)
        super().send_error(*told, **named)


@pytest.fixture(scope="module")
def twin(
    every_weights_folder: Path, networks: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Where the twin is served."""
    folder = tmp_path_factory.mktemp("twin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
        patch.setenv("SEGEN_NETWORKS", str(networks))
        write(folder, static.contents())
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    assert not MISSING


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1440, "light"), ("zh", 390, "dark")])
def test_every_place_works_without_a_server(
    twin: str, visit: Callable[..., Any], language: str, width: int, scheme: str
) -> None:
    page = visit(f"{twin}/{static.PAGES[language]}", width, scheme)
    for place, ready in READY.items():
        page.click(f"#{place}-tab")
        page.wait_for_selector(ready)
        assert page.locator("[role=tabpanel]:visible").count() == 1
        assert serious_faults(page) == [], place
        assert_fits(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_chapters_have_their_formulas_and_lead_only_where_the_twin_goes(
    twin: str, visit: Callable[..., Any], language: str
) -> None:
    page = visit(f"{twin}/{static.PAGES[language]}")
    for lesson in lessons(language).values():
        page.click(f"#learn-contents [data-lesson='{lesson.name}']")
        page.get_by_role("heading", name=lesson.title, exact=True).wait_for()
        assert "$" not in page.inner_text("#learn-rest").replace("$SEGEN_RUNS", "")
        assert page.locator("#learn-rest math").count() >= lesson.rest.count("$$") // 2
        links = page.locator("#learn .labs > *")
        assert links.count() == len(lesson.labs)
    page.click("#learn-contents [data-lesson='05-the-gan-game']")
    page.get_by_role("heading", name=lessons(language)["05-the-gan-game"].title, exact=True).wait_for()
    page.click("#learn .labs a[href*=collapse]")
    page.wait_for_selector(".presets [aria-pressed=true]")
    assert words(language, "playground.preset_collapse") in page.inner_text(".presets [aria-pressed=true]")
    assert "preset=collapse" in page.url


def test_a_guess_is_kept_and_a_link_opens_its_place(twin: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{twin}/index.html?tab=learn&view=chapters&chapter=08-diffusion")
    page.check("#learn-guess input >> nth=1")
    page.reload()
    page.wait_for_selector("#learn-guess input:checked")
    page.goto(f"{twin}/zh.html?tab=segment&view=camera&model=unet-nuclei")
    page.wait_for_selector(READY["segment"])
    assert page.input_value("#segment [data-part=model]") == "unet-nuclei"
    page.goto(f"{twin}/index.html?tab=translate&view=stream&model=cyclegan-yosemite&direction=backward")
    page.wait_for_selector(READY["translate"])
    assert page.input_value("#translate [data-part=model]") == "cyclegan-yosemite.backward"
    page.select_option("#translate [data-part=model]", "cyclegan-yosemite.forward")
    page.reload()
    page.wait_for_selector(READY["translate"])
    assert page.input_value("#translate [data-part=model]") == "cyclegan-yosemite.forward"
    page.goto(f"{twin}/index.html?tab=learn&view=playground&model=vae&data=nonsense&seed=7")
    page.wait_for_selector(READY["playground"])
    for _ in range(2):
        page.click("#learn-tab")
        page.click("#playground-tab")
        page.wait_for_function("location.search.includes('playground')")
        assert page.evaluate("location.search") == "?tab=learn&view=playground&model=vae&seed=7"
    page.goto(f"{twin}/index.html?tab=constructor&view=name")
    page.wait_for_selector(READY["learn"])
    page.goto(f"{twin}/index.html?tab=models&view=table")
    page.wait_for_selector(READY["learn"])


def test_lines_are_coloured_while_they_are_drawn(twin: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{twin}/?tab=translate&view=pad&model=pix2pix-emoji")
    page.wait_for_selector(READY["draw"])
    stroke(
        page,
        page.locator("#draw [data-part=board]"),
        (0.2, 0.2),
        (0.8, 0.2),
        (0.8, 0.8),
        (0.2, 0.8),
        (0.2, 0.2),
    )
    page.get_by_text("ms, in your browser").wait_for()
    with page.expect_download() as download:
        page.click("#draw [data-part=save]")
    picture = images.read(download.value.path())
    assert picture.shape == (64, 64, 3)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 100, "it is coloured"


def saved(page: Any, button: str) -> NDArray[np.uint8]:
    """The RGBA pixels that a button of the place "Teach it" saves."""
    with page.expect_download() as download:
        page.click(f"#teach .files button:has-text('{button}')")
    with Pillow.open(download.value.path()) as picture:
        return np.array(picture.convert("RGBA"))


@pytest.mark.parametrize("example", strokes.EXAMPLES)
def test_strokes_teach_in_the_browser_what_they_teach_in_python(
    twin: str, visit: Callable[..., Any], example: str
) -> None:
    page = visit(f"{twin}/?tab=segment&view=teach&example={example}")
    page.wait_for_selector(READY["teach"])
    labels = saved(page, words("en", "downloads.labels"))[..., 0]
    image = images.fit(examples.named()[example].draw(), teach.BOARD_SIDE)
    drawn = strokes.drawn(example, *image.shape[:2], teach.BRUSH)
    assert labels.shape == drawn.shape
    found = in_python(image, drawn)
    assert (labels == found).mean() > 0.97


def test_a_picture_of_ones_own_is_taught_and_taken_home(
    twin: str, visit: Callable[..., Any], tmp_path: Path
) -> None:
    page = visit(f"{twin}/?tab=segment&view=teach")
    page.wait_for_selector(READY["teach"])
    picture = np.full((300, 900, 3), (90, 150, 240), np.uint8)
    picture[:, 450:] = (40, 140, 60)
    (tmp_path / "meadow.png").write_bytes(images.encode(picture))
    page.set_input_files("#teach [data-teach=own]", tmp_path / "meadow.png")
    page.get_by_text(words("en", "teach.empty")).wait_for()
    assert page.locator("#teach .files button").count() == 0
    board = page.locator("#teach [data-part=board]")
    stroke(page, board, (0.6, 0.3), (0.9, 0.3))
    page.get_by_text(words("en", "teach.empty")).wait_for()
    page.click(f"#teach .palette button:has-text('{words('en', 'teach.background')}')")
    stroke(page, board, (0.1, 0.3), (0.4, 0.3))
    page.get_by_text("nothing was sent anywhere").wait_for()
    labels = saved(page, words("en", "downloads.labels"))[..., 0]
    assert labels.shape == (213, 640)
    assert (labels[:, :310] == 0).all()
    assert (labels[:, 330:] == 1).all()
    cut = saved(page, words("en", "teach.object"))
    assert (cut[:, 330:, 3] == 255).all()
    assert (cut[:, :310, 3] == 0).all()
    (tmp_path / "noise.png").write_bytes(b"no picture")
    page.set_input_files("#teach [data-teach=own]", tmp_path / "noise.png")
    page.get_by_text(words("en", "twin.no_picture")).wait_for()
    page.click("#teach [data-example*=coins]")
    page.wait_for_selector(READY["teach"])
    assert page.locator("#teach .fault:visible").count() == 0
    assert "example=coins" in page.url


def test_an_example_begins_anew_and_what_is_cleared_has_no_answer(
    twin: str, visit: Callable[..., Any]
) -> None:
    page = visit(f"{twin}/?tab=segment&view=teach&example=coins")
    page.wait_for_selector(READY["teach"])
    board = page.locator("#teach [data-part=board]")
    page.click("#teach [data-part=add]")
    stroke(page, board, (0.3, 0.3), (0.5, 0.3))
    page.wait_for_selector("#teach .files button >> nth=3")
    page.click("#teach [data-example*=coins]")
    page.wait_for_selector(READY["teach"])
    assert page.locator("#teach .palette button").count() == 2
    assert page.locator("#teach .files button").count() == 3
    assert page.is_disabled("#teach [data-do=undo]")
    page.fill("#teach [data-part=name]", "silver")
    assert "silver" in page.inner_text("#teach .files")
    page.click("#teach [data-do=clear]")
    page.get_by_text(words("en", "teach.empty")).wait_for()
    page.wait_for_selector("#teach [data-part=answer]", state="hidden")
    assert page.locator("#teach .files button").count() == 0
    page.click("#teach [data-do=undo]")
    page.wait_for_selector("#teach [data-part=answer]:visible")
    page.locator("#teach [data-part=size]").fill("90")
    stroke(page, board, (0.1, 0.1), (0.9, 0.1), (0.9, 0.4))
    page.wait_for_selector(READY["teach"])
    assert page.evaluate("tf.memory().numTensors") == 1, "the numbers of the pixels alone are kept"


def test_what_could_not_be_loaded_is_told_and_tried_again(twin: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{twin}/index.html")
    lost: list[Any] = []

    def once(route: Any) -> None:
        if not lost:
            lost.append(route)
            route.abort()
        else:
            route.continue_()

    page.route("**/teach.en.json", once)
    page.click("#teach-tab")
    page.get_by_text(words("en", "twin.not_loaded")).wait_for()
    page.click("#teach-tab")
    page.wait_for_selector(READY["teach"])
    assert not page.is_visible("#fault")


def in_python(image: Image, drawn: Labels) -> Labels:
    """What the regression says by itself, its probabilities enlarged to the picture's size."""
    card = registry.card(TEACH_MODEL)
    network = models.load(card).network.eval()
    seen = images.fit(image, card.options.max_side)
    with torch.inference_mode():
        numbers = few(network, features(network, seen, card.options.max_side))
    height, width = numbers.shape[1:]
    rows, columns = np.nonzero(drawn != UNDRAWN)
    places = np.stack(
        [rows * height // drawn.shape[0] * width + columns * width // drawn.shape[1], drawn[rows, columns]]
    )
    cells, ids = np.unique(places, axis=1)
    flat = numbers.reshape(len(numbers), -1)
    linear = regression.fit(flat[:, cells].T, ids, int(ids.max()) + 1, [flat[:3]])
    shares = regression.probabilities(linear, flat).reshape(-1, height, width)
    return full_size_labels(torch.from_numpy(shares)[None], *drawn.shape)


def test_each_place_keeps_its_network(twin: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{twin}/?tab=segment&view=camera")
    page.wait_for_selector(READY["segment"])
    page.click("#generate-tab")
    page.wait_for_selector(READY["generate"])
    page.click("#segment-tab")
    page.click("#segment [data-part=run]")
    page.wait_for_selector("#segment [data-state=idle]")
    assert page.locator(".fault:visible").count() == 0
    assert page.evaluate("document.querySelector('#segment [data-part=labels]').width") > 1
    page.click("#generate-tab")
    page.click("#generate [data-part=others]")
    page.get_by_text(words("en", "sliders.seed", seed=16), exact=True).wait_for()
    assert page.locator(".fault:visible").count() == 0


def test_without_simd_each_place_says_why_it_is_empty(twin: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{twin}/index.html", script="WebAssembly.validate = () => false;")
    for place in ("segment", "teach", "generate", "translate", "draw"):
        page.click(f"#{place}-tab")
        if place == "draw":
            page.click("#draw [data-part=board]")
        page.wait_for_selector(f"#{place} .fault:visible")
        assert page.inner_text(f"#{place} .fault:visible") == words("en", "inference.no_simd")
    page.evaluate("WebAssembly.validate = () => true")
    page.click("#draw [data-part=again]")
    page.get_by_text("ms, in your browser").wait_for()
    page.click("#generate-tab")
    page.click("#generate [data-part=again]")
    page.wait_for_selector("#generate .grid canvas >> nth=0")
    assert page.locator(".fault:visible").count() == 0


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    with pytest.raises(SystemExit, match="name a folder that is not there yet"):
        main(["static", str(tmp_path / "site")])
    assert list((tmp_path / "site").iterdir()) == []
