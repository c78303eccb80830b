"""Networks for the visitor's own browser: ONNX files, made from a card's weights when one is first asked for.

A page asks for `networks/CARD.json`, which tells of the file, and then for `networks/CARD.onnx?HASH`, whose
bytes it can check.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from segen import __version__, registry
from segen.data import files
from segen.errors import CardError, InputError, SegenError
from segen.registry import sums
from segen.ui.framework.gate import RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request

    from segen.engine import Engine

SIZE = (256, 320)
"""Height and width of what a network sees: a compromise of detail and frames a second."""
_LOG = logging.getLogger(__name__)


def kept_under() -> Path:
    """The folder of the files: `$SEGEN_NETWORKS`, else `~/.cache/segen/networks`."""
    return Path(os.environ.get("SEGEN_NETWORKS") or Path.home() / ".cache" / "segen" / "networks")


class Networks:
    """The files of all cards: each is made once, whoever asks, and kept on disk, else in memory."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._making = threading.Lock()
        self._in_memory: dict[tuple[str, str], bytes] = {}

    def content(self, name: str) -> bytes:
        """The ONNX file of a card for one picture of SIZE; whoever asks while one is made waits for it.

        Raises CardError for a name that is no card's, or one that cannot be exported, WeightsError for bad
        weights.
        """
        weights = json.dumps(sums.read(registry.card(name, "segment").weights))
        of = f"{hashlib.sha256(weights.encode()).hexdigest()} {SIZE} {__version__}"
        found = self._kept(name, of)
        if found is None:
            with self._making:
                found = self._kept(name, of) or self._made(name, of)
        return found

    def _kept(self, name: str, of: str) -> bytes | None:
        return self._in_memory.get((name, of)) or _read(name, of)

    def _made(self, name: str, of: str) -> bytes:
        content = self._engine.exported(name, *SIZE)
        try:
            _write(name, of, content)
        except OSError as fault:
            _LOG.warning("%s cannot be kept on disk, and is in memory: %s", name, fault)
            self._in_memory[name, of] = content
        return content


def _read(name: str, of: str) -> bytes | None:
    """The file, if it is whole and was made of these weights."""
    try:
        told = json.loads((kept_under() / f"{name}.json").read_text(encoding="utf-8"))
        content = (kept_under() / f"{name}.onnx").read_bytes()
        whole = told == {"of": of, "sha256": hashlib.sha256(content).hexdigest()}
    except (OSError, ValueError):
        return None
    return content if whole else None


def _write(name: str, of: str, content: bytes) -> None:
    """Keep the file and, once it is there, its checksum. Raises OSError."""
    kept_under().mkdir(parents=True, exist_ok=True)
    with files.replacing(kept_under() / f"{name}.onnx") as temporary:
        temporary.write_bytes(content)
    told = {"of": of, "sha256": hashlib.sha256(content).hexdigest()}
    files.write_text(kept_under() / f"{name}.json", json.dumps(told))


async def _told(request: Request) -> Response:
    """How large the file and the network's input are, and where the file is, with what to check it."""
    name, content = request.path_params["name"], await _content(request)
    digest = hashlib.sha256(content)
    told = {
        "address": f"{name}.onnx?{digest.hexdigest()}",
        "integrity": f"sha256-{b64encode(digest.digest()).decode()}",
        "bytes": len(content),
        "height": SIZE[0],
        "width": SIZE[1],
    }
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


async def _file(request: Request) -> Response:
    """The file; a browser keeps it for long, since its address changes with it."""
    content = await _content(request)
    kept = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(content, media_type="application/octet-stream", headers=kept)


async def _content(request: Request) -> bytes:
    """Raises RefusedError for a name without such a file, and for who has not given the page's password."""
    app = request.app
    if app.auth is not None:
        cookies = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
        if not any(request.cookies.get(cookie) in app.tokens for cookie in cookies):
            raise RefusedError(401, InputError("not_let_in"))
    networks: Networks = app.get_blocks().networks
    try:
        return await run_in_threadpool(networks.content, request.path_params["name"])
    except SegenError as fault:
        raise RefusedError(404 if isinstance(fault, CardError) else 503, fault) from None


def routes() -> list[Route]:
    """Where the page finds the files."""
    return [Route("/networks/{name}.json", _told), Route("/networks/{name}.onnx", _file)]
