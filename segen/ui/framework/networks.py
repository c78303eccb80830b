"""Networks for the visitor's own browser: ONNX files, made from a card's weights when one is first asked for.

A page asks for `networks/NAME.json`, which tells of the file, and then for `networks/NAME.onnx?HASH`, whose
bytes it can check. NAME is the card's; of a translation it is the card's and the direction, with a dot.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import os
import threading
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from segen import models, registry
from segen.data import files
from segen.errors import CardError, InputError, SegenError, WeightsError
from segen.models import latents
from segen.registry import MULTIPLES, ModelCard, sums
from segen.registry.options import Direction, TranslateOptions
from segen.types import DirectionsRequest, LatentsRequest, TranslateRequest
from segen.ui.framework.gate import RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request

    from segen.engine import Engine

SIZE = (256, 320)
"""Height and width of what a segmentation sees: a compromise of detail and frames a second."""
COUNT = 16
"""Pictures that a generator draws at once."""
SEEDS, DIRECTIONS = 64, 6
"""A browser can draw from so many first seeds, and move along so many directions of latent space."""
V = TypeVar("V")
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
        self._digests: dict[str, tuple[object, bytes, int]] = {}

    def content(self, name: str) -> bytes:
        """The ONNX file of a network; whoever asks while one is made waits for it.

        Raises CardError for a name that is no network's, or one that cannot be exported, InputError for a
        direction that the card lacks, WeightsError for bad weights.
        """
        card, direction = _named(name)
        of = _of(card)
        found = self._kept(name, of)
        if found is None:
            with self._making:
                found = self._kept(name, of) or self._made(card, direction, name, of)
        return found

    def told(self, name: str) -> dict[str, Any]:
        """What a browser needs to know of a network: its file, the size it works at, what it draws from.

        Raises what `content` raises.
        """
        digest, size = self._digest(name)
        card, direction = _named(name)
        count, height, width = _shape(card)
        told = {
            "address": f"{name}.onnx?{digest.hex()}",
            "integrity": f"sha256-{b64encode(digest).decode()}",
            "bytes": size,
            "count": count,
            "height": height,
            "width": width,
        }
        if getattr(card.options, "recurrent", False):
            return told | {"multiples": [height, width]}
        if card.task == "segment":
            return told | {"multiples": [MULTIPLES["segment"]] * 2}
        if isinstance(card.options, TranslateOptions):
            sides = [MULTIPLES["translate"]] * 2
            return told | {"multiples": sides, "reads": card.options.given[direction]}
        return told | self._latents(card)

    def _digest(self, name: str) -> tuple[bytes, int]:
        """SHA-256 and bytes of a network's file, which is read again where it or the weights have changed."""
        card, _ = _named(name)
        stamps = _stamps(name)
        state = _of(card), stamps
        known, digest, size = self._digests.get(name, (None, b"", 0))
        if known != state:
            content = self.content(name)
            digest, size = hashlib.sha256(content).digest(), len(content)
            if stamps:
                self._digests[name] = state, digest, size
        return digest, size

    def _latents(self, card: ModelCard) -> dict[str, Any]:
        """Of a generator: the latent vectors of the first seeds, SEEDS x d, their classes, and directions."""
        seeds = range(SEEDS)
        vectors = self._engine.run(card.name, LatentsRequest(seeds)).value
        found = self._engine.run(card.name, DirectionsRequest(DIRECTIONS)).value.directions
        labels = latents.labels_of(card, seeds, None)
        return {
            "seeds": SEEDS,
            "latents": _packed(vectors),
            "directions": _packed(found),
            "labels": labels,
        }

    def _kept(self, name: str, of: str) -> bytes | None:
        return self._in_memory.get((name, of)) or _read(name, of)

    def _made(self, card: ModelCard, direction: Direction, name: str, of: str) -> bytes:
        content = self._engine.exported(card.name, _shape(card), direction)
        try:
            _write(name, of, content)
        except OSError as fault:
            _LOG.warning("%s cannot be kept on disk, and is in memory: %s", name, fault)
            self._in_memory[name, of] = content
        return content


def _named(name: str) -> tuple[ModelCard, Direction]:
    """The card and the direction of a network's name. Raises CardError for one that has no network here."""
    name, dot, direction = name.partition(".")
    card = registry.card(name)
    fits = direction in card.directions if card.task == "translate" else not dot
    if not fits or card.task == "cluster" or getattr(card.options, "diffusion", False):
        raise CardError("no_onnx", model=name)
    return card, cast(Direction, direction or TranslateRequest.direction)


def _of(card: ModelCard) -> str:
    """What a file is made of: weights, the shape of the pictures, and code. Raises WeightsError."""
    weights = json.dumps(sums.read(card.weights))
    return f"{hashlib.sha256(weights.encode()).hexdigest()} {_shape(card)} {_code()}"


@functools.cache
def _code() -> str:
    """The SHA-256 of the modules that build networks and export them."""
    modules = sorted(Path(models.__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in modules)).hexdigest()


def _stamps(name: str) -> list[tuple[int, int]]:
    """Size and time of change of both files of a network; empty where one is missing."""
    try:
        found = [(kept_under() / f"{name}.{kind}").stat() for kind in ("onnx", "json")]
    except OSError:
        return []
    return [(each.st_size, each.st_mtime_ns) for each in found]


def _shape(card: ModelCard) -> tuple[int, int, int]:
    """Number, height and width of the pictures that a browser's network of a card takes or gives."""
    if card.task == "segment":
        return 1, *SIZE
    height, width = card.input_size
    return COUNT if card.task == "generate" else 1, height, width


def _packed(numbers: NDArray[np.float32]) -> str:
    """The numbers, little-endian, in base64."""
    return b64encode(np.ascontiguousarray(numbers, "<f4").tobytes()).decode()


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
    told = await _found(request, Networks.told)
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


async def _file(request: Request) -> Response:
    """The file; a browser keeps it for long, since its address changes with it."""
    content = await _found(request, Networks.content)
    kept = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(content, media_type="application/octet-stream", headers=kept)


async def _found(request: Request, find: Callable[[Networks, str], V]) -> V:
    """What `find` finds of the network that is asked for.

    Raises RefusedError for a name without such a file, and for who has not given the page's password.
    """
    app = request.app
    if app.auth is not None:
        cookies = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
        if not any(request.cookies.get(cookie) in app.tokens for cookie in cookies):
            raise RefusedError(401, InputError("not_let_in"))
    networks: Networks = app.get_blocks().networks
    try:
        return await run_in_threadpool(find, networks, request.path_params["name"])
    except SegenError as fault:
        raise RefusedError(503 if isinstance(fault, WeightsError) else 404, fault) from None


def routes() -> list[Route]:
    """Where the page finds the files."""
    return [Route("/networks/{name}.json", _told), Route("/networks/{name}.onnx", _file)]
