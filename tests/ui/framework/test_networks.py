"""Networks for browsers: made once, kept whole, and handed out with a checksum."""

from __future__ import annotations

import hashlib
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from segen.errors import CardError
from segen.registry import sums
from segen.text import words
from segen.ui.framework.gate import Gate
from segen.ui.framework.networks import SIZE, Networks, kept_under, routes

NAME = "fcn-camvid"


class CountingEngine:
    """Stands in for the engine: every file that it makes is another one."""

    def __init__(self) -> None:
        self.made = 0

    def exported(self, name: str, height: int, width: int) -> bytes:
        assert (height, width) == SIZE
        if name == "maskrcnn-nuclei":
            raise CardError("no_onnx", model=name)
        time.sleep(0.1)
        self.made += 1
        return f"{name} {self.made}".encode()


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


@pytest.mark.parametrize("name", ["nothing", "dcgan-fashion", "maskrcnn-nuclei", "..%2Funet-camvid", ".."])
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
