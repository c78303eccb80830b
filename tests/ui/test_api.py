"""The public HTTP API as a client meets it, bad arguments included."""

from __future__ import annotations

import io
import json
import struct
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image as Pillow

from segen import __version__
from segen.cli.main import main
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.evaluation.pipelines.recipe import parse
from segen.imaging import images
from segen.imaging.export import card_for, regions
from segen.imaging.png_text import SOFTWARE, text_in
from segen.registry import ModelCard, Task, cards, describe
from segen.text import words
from segen.types import ClusterRequest, GenerateRequest, SegmentRequest, TranslateRequest
from segen.ui.app import build_app, launch_options
from tests.sentences import exactly

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine(every_weights_folder: Path) -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
        yield Engine()


@pytest.fixture(scope="module")
def address(engine: Engine) -> Iterator[str]:
    app = build_app(engine)
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    yield url
    app.close()


@pytest.fixture(scope="module")
def client(address: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(address, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "photo.png"
    path.write_bytes(images.encode(scenes.street(3, 200, 150)[0]))
    return path


def of_each_kind(task: Task, kind: Callable[[ModelCard], object]) -> list[str]:
    """A card of each kind; that every card answers, `test_cards.py` looks at."""
    return list({kind(card): card.name for card in cards(task)}.values())


def test_the_endpoints_are_the_documented_ones(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)
    names = {"/models", "/segment", "/cluster", "/generate", "/translate", "/run"}
    assert set(endpoints["named_endpoints"]) == names
    assert not endpoints["unnamed_endpoints"]
    for endpoint in endpoints["named_endpoints"].values():
        required = [p["parameter_name"] for p in endpoint["parameters"] if not p["parameter_has_default"]]
        assert required in ([], ["image"])


def test_models_lists_the_cards(client: Client) -> None:
    assert client.predict(api_name="/models") == json.loads(json.dumps([describe(card) for card in cards()]))
    named = {card["name"] for card in client.predict(task="segment", api_name="/models")}
    assert named == {card.name for card in cards("segment")}


@pytest.mark.parametrize("name", of_each_kind("segment", lambda card: (card.dataset, "rcnn" in card.loader)))
def test_segment_gives_what_the_engine_says(client: Client, engine: Engine, photo: Path, name: str) -> None:
    labels, overlay, found = client.predict(handle_file(photo), model=name, api_name="/segment")
    (card,) = [card for card in cards() if card.name == name]
    expected = engine.run(name, SegmentRequest(images.read(photo))).value
    with Pillow.open(labels) as picture:
        assert picture.mode == "P"
        assert np.array_equal(np.array(picture), expected.labels)
    assert images.read(Path(overlay)).shape == (150, 200, 3)
    assert found == json.loads(json.dumps(regions(card, expected)))


@pytest.mark.parametrize("name", [card.name for card in cards("cluster")])
def test_cluster_gives_what_the_engine_says(client: Client, engine: Engine, photo: Path, name: str) -> None:
    labels, _, found = client.predict(
        handle_file(photo), name, k=3, space="rgb", position=0.5, api_name="/cluster"
    )
    (card,) = [card for card in cards() if card.name == name]
    image = images.read(photo)
    expected = engine.run(name, ClusterRequest(image, k=3, space="rgb", position=0.5)).value
    with Pillow.open(labels) as picture:
        assert np.array_equal(np.array(picture), expected.labels)
    assert found == json.loads(json.dumps(regions(card_for(card, image, expected), expected)))


@pytest.mark.parametrize("name", of_each_kind("generate", lambda card: (card.dataset, card.conditional)))
def test_generate_gives_what_the_engine_says(client: Client, engine: Engine, name: str) -> None:
    files, found = client.predict(name, seed=40, count=3, steps=2, api_name="/generate")
    expected = engine.run(name, GenerateRequest(range(40, 43), steps=2)).value
    assert [Path(file).name for file in files] == [picture["file"] for picture in found["pictures"]]
    assert [picture["seed"] for picture in found["pictures"]] == [40, 41, 42]
    for file, image in zip(files, expected.images, strict=True):
        assert np.array_equal(images.read(Path(file)), image)


@pytest.mark.parametrize("name", of_each_kind("translate", lambda card: (card.dataset, card.directions)))
def test_translate_gives_what_the_engine_says(client: Client, engine: Engine, photo: Path, name: str) -> None:
    (card,) = [card for card in cards() if card.name == name]
    for direction in card.directions:
        file = client.predict(
            handle_file(photo), name, direction=direction, strength=0.5, api_name="/translate"
        )
        expected = engine.run(name, TranslateRequest(images.read(photo), direction, 0.5)).value
        assert np.array_equal(images.read(Path(file)), expected.image)


def test_every_answer_says_its_version_in_its_body(client: Client, photo: Path) -> None:
    _, _, segmented = client.predict(handle_file(photo), model="unet-nuclei", api_name="/segment")
    _, _, clustered = client.predict(handle_file(photo), api_name="/cluster")
    files, generated = client.predict(api_name="/generate")
    _, ran = client.predict({"version": 1, "steps": CHAIN["steps"][2:]}, None, api_name="/run")
    told = [*client.predict(api_name="/models"), segmented, clustered, generated, ran]
    assert {each["version"] for each in told} == {1}
    for file in (*files, client.predict(handle_file(photo), api_name="/translate")):
        assert text_in(Path(file).read_bytes(), SOFTWARE) == f"Segen {__version__}"


CHAIN = {
    "version": 1,
    "steps": [
        {"task": "translate", "model": "pix2pix-camvid-photo"},
        {"task": "segment", "model": "fcn-camvid", "input": 0},
        {"task": "generate", "model": "cgan-fashion", "options": {"seed": 2**63 - 1, "label": "bag"}},
    ],
}


@pytest.mark.parametrize("as_text", [False, True])
def test_run_gives_what_the_command_writes(
    client: Client, photo: Path, tmp_path: Path, as_text: bool, every_weights_folder: Path
) -> None:
    files, told = client.predict(json.dumps(CHAIN) if as_text else CHAIN, handle_file(photo), api_name="/run")
    (tmp_path / "chain.json").write_text(json.dumps(CHAIN))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
        assert main(["run", str(tmp_path / "chain.json"), str(photo), "--out", str(tmp_path / "out")]) == 0
    written = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert {Path(file).name: Path(file).read_bytes() for file in files} == written
    assert {name for step in told["steps"] for name in step["files"]} == set(written)
    assert told["steps"][1]["agreement"]["pixel_accuracy"] > 0
    assert parse(told["recipe"]) == parse(CHAIN)


def test_a_chain_that_generates_needs_no_image(client: Client) -> None:
    files, told = client.predict({"version": 1, "steps": CHAIN["steps"][2:]}, None, api_name="/run")
    assert [Path(file).name for file in files] == ["recipe.0.png"] == told["steps"][0]["files"]
    assert images.read(Path(files[0])).shape == (28, 28, 3)


@pytest.mark.parametrize(
    ("recipe", "key", "values"),
    [
        ({"version": 2, "steps": []}, "recipe_newer", {"version": 2, "known": 1}),
        ({"version": 1, "steps": [{}] * 10_000}, "recipe_steps", {"count": "10,000", "most": 20}),
        ("no recipe", "recipe_not_json", {}),
        (None, "recipe_form", {}),
        ({"version": 1, "steps": [{"task": "segment", "model": "unet-camvid"}]}, "no_picture", {}),
    ],
)
def test_a_wrong_recipe_gets_one_sentence(
    client: Client, recipe: Any, key: str, values: dict[str, Any]
) -> None:
    with pytest.raises(AppError, match=exactly(key, **values)):
        client.predict(recipe, None, api_name="/run")


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"direction": "sideways"}, "unknown_direction"),
        ({"strength": 2}, "strength_out_of_range"),
        ({"strength": None}, "arguments"),
    ],
)
def test_a_translation_out_of_range_gets_one_sentence(
    client: Client, photo: Path, options: dict[str, Any], key: str
) -> None:
    with pytest.raises(AppError, match=exactly(key, known="forward, backward")):
        client.predict(handle_file(photo), cards("translate")[0].name, **options, api_name="/translate")


@pytest.mark.parametrize(
    ("options", "key", "values"),
    [
        ({"seed": -1}, "seed_out_of_range", {}),
        ({"seed": 2**70}, "seed_out_of_range", {}),
        ({"seed": 1.5}, "value_unfit", {}),
        ({"count": 65}, "count_out_of_range", {"most": 64}),
        ({"count": 0}, "count_out_of_range", {"most": 64}),
        ({"steps": 0}, "steps_out_of_range", {"most": "1,000"}),
        ({"seed": None}, "arguments", {}),
    ],
)
def test_a_draw_out_of_range_gets_one_sentence(
    client: Client, options: dict[str, Any], key: str, values: dict[str, Any]
) -> None:
    with pytest.raises(AppError, match=exactly(key, **values)):
        client.predict(cards("generate")[0].name, **options, api_name="/generate")


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"k": 0}, "k_out_of_range"),
        ({"k": 2.5}, "value_unfit"),
        ({"eps": 0}, "dbscan_out_of_range"),
        ({"space": "x"}, "unknown_space"),
    ],
)
def test_a_clustering_out_of_range_gets_one_sentence(
    client: Client, photo: Path, options: dict[str, Any], key: str
) -> None:
    with pytest.raises(AppError, match=exactly(key, most=255, known="lab, rgb")):
        client.predict(handle_file(photo), **options, api_name="/cluster")


def _huge_header() -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(9)))
        + chunk(b"IEND", b"")
    )


def _cut_jpeg() -> bytes:
    content = io.BytesIO()
    Pillow.fromarray(scenes.street(4)[0]).save(content, "JPEG")
    return content.getvalue()[:5000]


BAD_FILES = {
    "text.png": (b"no picture", "not_a_picture"),
    "empty.png": (b"", "picture_damaged"),
    "cut.jpg": (_cut_jpeg(), "picture_damaged"),
    "huge.png": (_huge_header(), "picture_too_large"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_picture_gets_one_sentence(client: Client, tmp_path: Path, name: str) -> None:
    content, key = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AppError, match=exactly(key, formats=", ".join(images.FORMATS))):
        client.predict(handle_file(tmp_path / name), api_name="/segment")


@pytest.mark.parametrize("model", ["nothing", "../../etc/passwd", "/etc/passwd", ""])
def test_a_name_that_is_no_card_gets_one_sentence(client: Client, photo: Path, model: str) -> None:
    known = ", ".join(card.name for card in cards())
    with pytest.raises(AppError, match=exactly("unknown_card", known=known)):
        client.predict(handle_file(photo), model=model, api_name="/segment")


def _call(address: str, data: list[Any], language: str) -> str:
    """Call /segment the way curl does and return the error's sentence."""
    headers = {"Content-Type": "application/json", "Accept-Language": language}
    url = f"{address}gradio_api/call/segment"
    request = urllib.request.Request(url, json.dumps({"data": data}).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{url}/{event}") as answer:
        kind, content = answer.read().decode().strip().split("\n")[:2]
    assert kind == "event: error"
    return str(json.loads(content.removeprefix("data: "))["error"])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("data", "key"),
    [
        ([], "arguments"),
        (["/etc/passwd", "unet-camvid"], "arguments"),
        ([7, "unet-camvid"], "arguments"),
        ([{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, "unet-camvid"], "arguments"),
        ([{"path": "/etc/passwd"}, "unet-camvid"], "no_picture"),
        ([None, "unet-camvid"], "no_picture"),
    ],
)
def test_a_path_in_place_of_a_picture_is_never_read(
    address: str, data: list[Any], key: str, language: str
) -> None:
    assert _call(address, data, language) == words(language, f"errors.{key}")
