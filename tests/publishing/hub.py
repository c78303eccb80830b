"""A local stand-in of the hub's HTTP interface: one repository, in memory, as huggingface_hub asks for it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

TOKEN = "hf_" + "x" * 34


class Hub(ThreadingHTTPServer):
    """What was made and committed: `made` as it was asked for, `files` by path; large ones come by LFS."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Calls)
        self.made: dict[str, Any] = {}
        self.files: dict[str, bytes] = {"stale.txt": b"of a former commit"}
        self.large: dict[str, bytes] = {}
        self.by_lfs: set[str] = set()
        self.commits = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def repository(self) -> str:
        place = "spaces/" if self.made.get("type") == "space" else ""
        return f"{self.address}/{place}me/{self.made['name']}"


class Calls(BaseHTTPRequestHandler):
    """The calls of create_repo and upload_folder, refused to whoever has no token."""

    server: Hub

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer({"error": "Invalid username or password."}, 401)
        if self.path == "/api/repos/create":
            self.server.made = json.loads(sent)
            return self.answer({"url": self.server.repository})
        if self.path == "/api/validate-yaml":
            return self.answer({"errors": [], "warnings": []})
        if "/preupload/" in self.path:
            return self.answer({"files": [self.mode(each) for each in json.loads(sent)["files"]]})
        if self.path.endswith("/info/lfs/objects/batch"):
            return self.answer(
                {"transfer": "basic", "objects": [self.place(o) for o in json.loads(sent)["objects"]]}
            )
        if "/commit/" in self.path:
            for line in sent.splitlines():
                self.commit(**json.loads(line))
            self.server.commits += 1
            return self.answer({"commitUrl": f"{self.server.repository}/commit/1", "commitOid": "1" * 40})
        return self.answer({"error": f"no such call: {self.path}"}, 404)

    def do_GET(self) -> None:
        if "/tree/" in self.path:
            return self.answer(
                [{"type": "file", "path": path, "size": 1, "oid": "1"} for path in self.server.files]
            )
        return self.answer({"error": "not found"}, 404)

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        assert hashlib.sha256(content).hexdigest() == self.path.removeprefix("/lfs/")
        self.server.large[self.path.removeprefix("/lfs/")] = content
        return self.answer({})

    def mode(self, file: dict[str, Any]) -> dict[str, Any]:
        """Whether a file comes by LFS: the hub takes binaries in no other way."""
        binary = b"\0" in base64.b64decode(file["sample"])
        return {
            "path": file["path"],
            "uploadMode": "lfs" if binary else "regular",
            "shouldIgnore": False,
        }

    def place(self, asked: dict[str, Any]) -> dict[str, Any]:
        href = f"{self.server.address}/lfs/{asked['oid']}"
        return {**asked, "authenticated": True, "actions": {"upload": {"href": href}}}

    def commit(self, key: str, value: dict[str, Any]) -> None:
        if key == "file":
            self.server.files[value["path"]] = base64.b64decode(value["content"])
        elif key == "lfsFile":
            self.server.files[value["path"]] = self.server.large[value["oid"]]
            self.server.by_lfs.add(value["path"])
        elif key == "deletedFile":
            del self.server.files[value["path"]]

    def answer(self, told: Any, status: int = 200) -> None:
        content = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""


@contextmanager
def serving() -> Iterator[Hub]:
    """A hub that answers for as long as the block lasts."""
    with Hub() as hub:
        Thread(target=hub.serve_forever, daemon=True).start()
        yield hub
        hub.shutdown()
