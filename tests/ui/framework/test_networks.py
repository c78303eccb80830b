"""Networks for browsers: made once, kept whole, and handed out with a checksum."""

from __future__ import annotations

import hashlib
import os
import time
from base64 import b64decode, b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from segen import models
from segen.errors import CardError
from segen.models import latents
from segen.registry import sums
from segen.text import words
from segen.types import Directions, DirectionsRequest, LatentsRequest
from segen.ui.framework.gate import Gate
from segen.ui.framework.networks import (
    COUNT,
    DIRECTIONS,
    SEEDS,
    SIZE,
    Networks,
    _code,
    kept_under,
    routes,
)

NAME = "fcn-camvid"


class CountingEngine:
    """Stands in for the engine: every file that it makes is another one."""

    def __init__(self) -> None:
        self.made = 0

    def exported(self, name: str, shape: tuple[int, int, int], direction: str) -> bytes:
        asked = {
            NAME: ((1, *SIZE), "forward"),
            "gan-fashion": ((COUNT, 28, 28), "forward"),
            "cyclegan-yosemite": ((1, 256, 256), "backward"),
        }
        assert asked.get(name) in (None, (shape, direction))
        if name == "maskrcnn-nuclei":
            raise CardError("no_onnx", model=name)
        time.sleep(0.1)
        self.made += 1
        return f"{name} {self.made}".encode()

    def run(self, name: str, request: Any) -> Any:
        found = {
            LatentsRequest: latents.noise(range(SEEDS), (100,)),
            DirectionsRequest: Directions(
                np.eye(DIRECTIONS, 100, dtype=np.float32), np.ones(DIRECTIONS, np.float32)
            ),
        }
        return SimpleNamespace(value=found[type(request)])


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CountingEngine:
    monkeypatch.setenv("SEGEN_NETWORKS", str(tmp_path / "networks"))
    return CountingEngine()


@pytest.fixture
def client(engine: CountingEngine) -> Any:
    app: Any = Starlette(routes=routes(), middleware=[Middleware(Gate)])
    page = SimpleNamespace(networks=Networks(engine))  # type: ignore[arg-type]
    app.get_blocks, app.auth, app.cookie_id, app.tokens = lambda: page, None, "id", {"token": "ada"}
    with TestClient(app) as client:
        yield client


def test_one_is_made_for_all_who_ask_at_once(engine: CountingEngine) -> None:
    networks = Networks(engine)  # type: ignore[arg-type]
    with ThreadPoolExecutor(8) as visitors:
        assert set(visitors.map(networks.content, [NAME] * 8)) == {b"fcn-camvid 1"}
    assert Networks(engine).content(NAME) == b"fcn-camvid 1", "another server finds it"  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["onnx", "json"])
@pytest.mark.parametrize("damage", [b"", b"fcn-camvid X", b"\xff{"])
def test_a_file_that_does_not_match_its_checksum_is_made_again(
    engine: CountingEngine, kind: str, damage: bytes
) -> None:
    networks = Networks(engine)  # type: ignore[arg-type]
    networks.content(NAME)
    (kept_under() / f"{NAME}.{kind}").write_bytes(damage)
    assert networks.content(NAME) == networks.content(NAME) == b"fcn-camvid 2"
    assert {path.name for path in kept_under().iterdir()} == {f"{NAME}.onnx", f"{NAME}.json"}


def test_other_weights_are_another_file(engine: CountingEngine, own_weights: Any) -> None:
    networks = Networks(engine)  # type: ignore[arg-type]
    networks.content(NAME)
    folder = own_weights(NAME)
    assert networks.content(NAME) == b"fcn-camvid 1"
    told = (folder / sums.SUMS).read_text(encoding="ascii")
    (folder / sums.SUMS).write_text(told.replace(told[:4], "beef", 1), encoding="ascii")
    assert networks.content(NAME) == b"fcn-camvid 2"


def test_other_code_makes_another_file(
    engine: CountingEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Networks(engine).content(NAME)  # type: ignore[arg-type]
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("# of another state of Segen\n")
    monkeypatch.setattr(models, "__file__", str(tmp_path / "models" / "__init__.py"))
    _code.cache_clear()
    try:
        assert Networks(engine).content(NAME) == b"fcn-camvid 2"  # type: ignore[arg-type]
    finally:
        _code.cache_clear()


def test_a_file_is_hashed_again_only_where_it_or_the_weights_have_changed(
    engine: CountingEngine, own_weights: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks = Networks(engine)  # type: ignore[arg-type]
    read, content = [], networks.content
    monkeypatch.setattr(networks, "content", lambda name: (read.append(name), content(name))[1])

    def integrity(number: int) -> str:
        return f"sha256-{b64encode(hashlib.sha256(f'fcn-camvid {number}'.encode()).digest()).decode()}"

    content(NAME)
    assert {networks.told(NAME)["integrity"] for _ in range(3)} == {integrity(1)}
    assert len(read) == 1
    damaged = kept_under() / f"{NAME}.onnx"
    damaged.write_bytes(b"fcn-camvid X")  # as long as before
    os.utime(damaged, (0, 0))
    assert networks.told(NAME)["integrity"] == integrity(2)
    sums_file = own_weights(NAME) / sums.SUMS
    told = sums_file.read_text(encoding="ascii")
    sums_file.write_text(told.replace(told[:4], "beef", 1), encoding="ascii")
    assert networks.told(NAME)["integrity"] == integrity(3)


def test_where_nothing_can_be_written_it_is_kept_in_memory(
    engine: CountingEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SEGEN_NETWORKS", str(tmp_path / "file" / "networks"))
    networks = Networks(engine)  # type: ignore[arg-type]
    assert networks.content(NAME) == networks.content(NAME) == b"fcn-camvid 1"


def test_a_browser_is_told_what_to_check(client: TestClient) -> None:
    told = client.get(f"/networks/{NAME}.json").json()
    file = client.get(f"/networks/{told['address']}")
    assert told["integrity"] == f"sha256-{b64encode(hashlib.sha256(file.content).digest()).decode()}"
    assert (told["bytes"], told["height"], told["width"]) == (len(file.content), *SIZE)
    assert "immutable" in file.headers["cache-control"]


def test_of_a_generator_it_is_told_what_it_draws_from(client: TestClient) -> None:
    told = client.get("/networks/gan-fashion.json").json()
    assert (told["count"], told["height"], told["width"], told["labels"]) == (COUNT, 28, 28, None)
    numbers = np.frombuffer(b64decode(told["latents"]), "<f4").reshape(SEEDS, 100)
    np.testing.assert_array_equal(numbers[8], latents.noise([8], (100,))[0], "the vector of seed 8")
    assert len(b64decode(told["directions"])) == 4 * DIRECTIONS * 100
    labels = client.get("/networks/cgan-fashion.json").json()["labels"]
    assert labels == latents.drawn_labels(range(SEEDS), 10)


def test_of_a_translation_each_direction_is_a_network(client: TestClient) -> None:
    told = client.get("/networks/cyclegan-yosemite.backward.json").json()
    assert told["reads"] == "photograph"
    assert client.get(f"/networks/{told['address']}").content.startswith(b"cyclegan-yosemite")


@pytest.mark.parametrize(
    "name",
    [
        "nothing", "ddpm-fashion", "kmeans", "maskrcnn-nuclei", "..%2Funet-camvid", "..",
        "fcn-camvid.forward", "cyclegan-yosemite", "pix2pix-emoji.backward", "pix2pix-emoji.",
        "cyclegan-yosemite.forward.forward",
    ],
)  # fmt: skip
def test_no_other_name_has_a_file(client: TestClient, engine: CountingEngine, name: str) -> None:
    for kind in ("json", "onnx"):
        assert client.get(f"/networks/{name}.{kind}").status_code == 404
    assert engine.made == 0


def test_the_fault_is_a_sentence(client: TestClient) -> None:
    told = client.get("/networks/maskrcnn-nuclei.json?lang=zh").json()["error"]
    assert told == words("zh", "errors.no_onnx", model="maskrcnn-nuclei")


def test_weights_that_are_missing_are_told(client: TestClient, own_weights: Any) -> None:
    (own_weights(NAME) / sums.SUMS).unlink()
    answer = client.get(f"/networks/{NAME}.json")
    assert answer.status_code == 503
    assert answer.json()["error"] == words("en", "errors.weights_missing", model=NAME)


def test_behind_a_password_it_is_for_those_let_in(client: Any) -> None:
    client.app.auth = object()
    for cookie in (None, "wrong"):
        client.cookies = {} if cookie is None else {"access-token-id": cookie}
        assert client.get(f"/networks/{NAME}.onnx").status_code == 401
    client.cookies = {"access-token-id": "token"}
    assert client.get(f"/networks/{NAME}.onnx").status_code == 200
