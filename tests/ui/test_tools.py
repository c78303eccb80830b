"""The endpoints as tools of an MCP server, asked by a real client."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import runpy
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image as Pillow

from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.errors import UsageError
from segen.imaging import images
from segen.text import words
from segen.types import ClusterRequest, GenerateRequest
from segen.ui import tools
from segen.ui.app import build_app, launch_options
from segen.ui.framework import passwords

pytestmark = pytest.mark.slow
mcp = pytest.importorskip("mcp")
jsonschema = pytest.importorskip("jsonschema")
STREET = scenes.street(3, 120, 90)[0]
ROOT = Path(__file__).resolve().parents[2]
IN_CALL = f"data:image/png;base64,{base64.b64encode(images.encode(STREET)).decode()}"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine("cpu")


@pytest.fixture(scope="module")
def address(engine: Engine) -> Iterator[str]:
    app = build_app(engine)
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options(mcp=True))
    yield url
    app.close()


Session = Callable[..., Any]


@pytest.fixture(scope="module")
def ask(address: str) -> Session:
    """What the client makes of a function of a session, or of a tool's name and arguments."""
    from mcp.client.streamable_http import streamablehttp_client

    async def talk(work: Any) -> Any:
        async with (
            streamablehttp_client(f"{address}gradio_api/mcp/") as (reading, writing, _),
            mcp.ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            return await work(session)

    def asked(work: Any, **arguments: Any) -> Any:
        if not isinstance(work, str):
            return asyncio.run(talk(work))
        return asyncio.run(talk(lambda session: session.call_tool(work, arguments)))

    return asked


def test_the_tools_are_the_endpoints_with_schemas_that_describe_each_argument(ask: Session) -> None:
    found = ask(lambda session: session.list_tools()).tools
    assert {each.name for each in found} == {"models", "segment", "cluster", "generate", "translate", "run"}
    for each in found:
        assert each.description
        assert "gradio" not in each.description.lower()
        jsonschema.Draft202012Validator.check_schema(each.inputSchema)
        assert set(each.inputSchema.get("required", [])) <= {"image"}
        for name, argument in each.inputSchema["properties"].items():
            assert len(argument["description"]) > 8, (each.name, name)


def test_results_are_pictures_addresses_and_json(ask: Session, engine: Engine, address: str) -> None:
    labels, place, _, overlay, regions = ask("cluster", image=IN_CALL, k=3).content
    expected = engine.run("kmeans", ClusterRequest(STREET, k=3)).value.labels
    for content in (base64.b64decode(labels.data), httpx.get(place.text, timeout=60).content):
        with Pillow.open(io.BytesIO(content)) as picture:
            assert np.array_equal(np.array(picture), expected)
    assert place.text.startswith(address)
    assert images.read(httpx.get(overlay.text, timeout=60).content).shape == STREET.shape
    told = json.loads(regions.text)
    assert (told["version"], told["width"], len(told["regions"])) == (1, 120, 3)
    (listed,) = ask("models", task="cluster").content
    assert [each["name"] for each in json.loads(listed.text)] == ["dbscan", "kmeans"]


def test_what_is_large_comes_as_an_address_alone(ask: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "SHOWN_BYTES", 10)
    assert {each.type for each in ask("generate", count=2).content} == {"text"}


def test_an_uploaded_picture_is_taken_by_its_address(ask: Session, address: str) -> None:
    files = {"files": ("street.png", images.encode(STREET))}
    (path,) = httpx.post(f"{address}gradio_api/upload", files=files, timeout=60).json()
    answer = ask("translate", image=f"{address}gradio_api/file={path}", model="pix2pix-emoji")
    picture, _ = answer.content
    assert images.read(base64.b64decode(picture.data)).shape == STREET.shape


def test_a_recipe_that_generates_needs_no_picture(ask: Session) -> None:
    recipe = {"version": 1, "steps": [{"task": "generate", "model": "dcgan-fashion"}]}
    *_, report = ask("run", recipe=recipe, image="").content
    assert json.loads(report.text)["recipe"]["steps"][0]["model"] == "dcgan-fashion"


def test_no_other_address_and_no_path_is_read(ask: Session, address: str, tmp_path: Path) -> None:
    asked: list[str] = []

    class Inside(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)

    server = HTTPServer(("127.0.0.1", 0), Inside)
    Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "secret.png").write_bytes(images.encode(STREET))
    inside = f"http://127.0.0.1:{server.server_port}/x.png"
    for image in (
        inside, f"{inside}?{tools.SERVED}{tmp_path}/secret.png", str(tmp_path / "secret.png"), "/etc/passwd",
        f"{address}gradio_api/file={tmp_path}/secret.png", f"{address}gradio_api/file=../../etc/passwd",
        "file:///etc/passwd", "data:image/png;base64,äöü", "data:text/html;base64,AAAA", "nonsense",
    ):  # fmt: skip
        answer = ask("segment", image=image)
        assert answer.isError, image
        assert [each.text for each in answer.content] == [words("en", "errors.tool_picture")], image
    server.shutdown()
    assert not asked


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("translate", {"image": IN_CALL, "strength": 2.0}, "errors.strength_out_of_range"),
        ("segment", {"image": ""}, "errors.no_picture"),
    ],
)
def test_a_fault_is_one_sentence(ask: Session, tool: str, arguments: dict[str, Any], told: str) -> None:
    answer = ask(tool, **arguments)
    assert answer.isError
    assert [each.text for each in answer.content] == [words("en", told)]


def test_calls_that_wait_keep_no_thread_from_those_that_work(ask: Session) -> None:
    async def at_once(session: Any) -> list[Any]:
        calls = (session.call_tool("generate", {"seed": seed}) for seed in range(45))
        return list(await asyncio.wait_for(asyncio.gather(*calls), 400))

    answers = ask(at_once)
    assert [json.loads(each.content[-1].text)["pictures"][0]["seed"] for each in answers] == list(range(45))


def test_a_picture_in_the_call_is_deleted_with_the_cache(ask: Session) -> None:
    from segen.ui.framework.downloads import WRITTEN

    other = images.encode(scenes.street(4, 60, 50)[0])
    ask("cluster", image=f"data:image/png;base64,{base64.b64encode(other).decode()}", k=2)
    assert any(Path(each).read_bytes() == other for each in WRITTEN if Path(each).exists())


def test_it_is_asked_by_post_alone(address: str) -> None:
    place = f"{address}gradio_api/mcp"
    for path, status in (("", 405), ("/", 405), ("/http/", 405), ("/sse", 404), ("/messages/", 404)):
        answer = httpx.get(place + path, headers={"Accept": "text/event-stream"}, timeout=20)
        assert (answer.status_code, answer.json()["detail"]) == (status, words("en", "errors.no_endpoint"))
    assert httpx.post(f"{place}/", content=bytes(9_000_000), timeout=60).status_code == 413


def test_the_example_of_the_docs_runs(address: str) -> None:
    (told,) = re.findall(r"```python mcp\n(.*?)```", (ROOT / "docs/api.md").read_text("utf-8"), re.DOTALL)
    found: dict[str, Any] = {}
    exec(told.replace("http://127.0.0.1:7860/", address), found)
    offered, made = asyncio.run(found["main"]())
    assert len(offered) == 6
    assert [each.type for each in made.content] == ["image", "text", "image", "text", "text"]
    assert np.array_equal(
        images.read(base64.b64decode(made.content[0].data)),
        Engine("cpu").run("dcgan-fashion", GenerateRequest(range(40, 41))).value.images[0],
    )


def test_without_the_package_or_with_passwords_it_is_refused_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(tools, "find_spec", lambda name: None)
        with pytest.raises(UsageError, match=re.escape(words("en", "errors.mcp_missing"))):
            launch_options(mcp=True)
    (tmp_path / "names").write_text(f"anna:{passwords.hashed('x')}\n")
    monkeypatch.setattr(sys, "argv", ["app.py", "--mcp", "--auth-file", str(tmp_path / "names")])
    with pytest.raises(SystemExit, match=re.escape(words("en", "errors.mcp_with_passwords"))):
        runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
