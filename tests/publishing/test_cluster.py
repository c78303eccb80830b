"""compose.yaml, the manifest for KubeRay and nginx before several pages, as far as reading and nginx tell."""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from publishing.upload import ROOT
from segen.registry import TASKS
from tests import nginx

FOLDER = ROOT / "publishing" / "cluster"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
MANIFESTS = list(yaml.safe_load_all((FOLDER / "rayservice.yaml").read_text("utf-8")))
PAGE = re.compile(r"server (page-\d):7860")


def kind(name: str) -> list[dict[str, Any]]:
    return [each for each in MANIFESTS if each["kind"] == name]


def test_every_place_has_the_same_version_of_ray() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (required,) = project["optional-dependencies"]["serve"]
    assert required in project["optional-dependencies"]["dev"]
    version = required.partition("==")[2]
    assert {each["build"]["args"]["RAY"] for each in COMPOSE["services"].values() if "build" in each} == {
        version
    }
    (service,) = kind("RayService")
    assert str(service["spec"]["rayClusterConfig"]["rayVersion"]) == version
    assert f"--build-arg RAY={version}" in (ROOT / "Dockerfile").read_text("utf-8")


def test_compose_lets_nothing_but_nginx_out_and_that_to_this_machine() -> None:
    services = COMPOSE["services"]
    published = {name: each["ports"] for name, each in services.items() if "ports" in each}
    assert published == {"proxy": ["127.0.0.1:8080:8080"]}
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name, each in services.items():
        if name != "proxy":
            assert each["networks"] == ["inside"]
            assert each["environment"]["RAY_AUTH_MODE"] == "token"
    pages = set(PAGE.findall((FOLDER / "nginx.conf").read_text("utf-8")))
    assert pages == {name for name in services if name.startswith("page-")}


def test_kuberay_finds_an_application_for_each_task() -> None:
    (service,) = kind("RayService")
    told = yaml.safe_load(service["spec"]["serveConfigV2"])
    assert told["proxy_location"] == "Disabled"
    assert [each["name"] for each in told["applications"]] == list(TASKS)
    for each in told["applications"]:
        module, name = each["import_path"].split(":")
        application = getattr(import_module(module), name)(each["args"])
        assert application._bound_deployment.name == each["name"] == each["args"]["task"]


def test_kubernetes_asks_pages_where_they_answer_and_shuts_strangers_out() -> None:
    from segen.ui.framework import health

    paths = {route.path for route in health.routes()}
    (page,) = kind("Deployment")
    (container,) = page["spec"]["template"]["spec"]["containers"]
    assert {container[probe]["httpGet"]["path"] for probe in ("livenessProbe", "readinessProbe")} == paths
    policies = {each["metadata"]["name"]: each["spec"] for each in kind("NetworkPolicy")}
    (service,) = kind("RayService")
    cluster = service["spec"]["rayClusterConfig"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"], page["spec"]):
        labels = policies["segen-ray"]["podSelector"]["matchLabels"]
        assert labels.items() <= group["template"]["metadata"]["labels"].items()


class Page(BaseHTTPRequestHandler):
    """Answers with its own port."""

    def do_GET(self) -> None:
        content = str(self.server.server_address[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Tell nothing."""


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[str]:
    """Two pages behind nginx as nginx.conf has it."""
    told = (FOLDER / "nginx.conf").read_text("utf-8")
    with ExitStack() as stack:
        for name in sorted(set(PAGE.findall(told))):
            page = ThreadingHTTPServer(("127.0.0.1", 0), Page)
            threading.Thread(target=page.serve_forever, daemon=True).start()
            stack.callback(page.shutdown)
            told = told.replace(f"{name}:7860", f"127.0.0.1:{page.server_address[1]}")
        yield stack.enter_context(nginx.running(told, tmp_path))


def test_a_visitor_stays_with_one_page(proxied: str) -> None:
    found = set()
    for _ in range(20):
        with httpx.Client(base_url=proxied) as visitor:
            assert visitor.get("").cookies["segen_page"]
            pages = {visitor.get("config").text for _ in range(5)}
            assert len(pages) == 1
            found |= pages
    assert len(found) == 2
    calls = {httpx.get(f"{proxied}gradio_api/info").text for _ in range(5)}
    assert len(calls) == 1, "a client of the API keeps no cookie"
    assert httpx.get(f"{proxied}ready").status_code == 404
