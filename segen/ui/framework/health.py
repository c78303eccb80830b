"""For what watches over servers: /health answers while the process lives, /ready while its engine works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import move_on_after, to_thread
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

SECONDS = 5.0
"""An engine that has not said by then whether it is ready is not."""


async def _healthy(request: Request) -> Response:
    return PlainTextResponse("ok")


async def _ready(request: Request) -> Response:
    """200 or 503; a proxy sends visitors elsewhere then."""
    ready = False
    with move_on_after(SECONDS):
        ready = await to_thread.run_sync(request.app.get_blocks().engine.ready, abandon_on_cancel=True)
    return PlainTextResponse("ready" if ready else "not ready", 200 if ready else 503)


def routes() -> list[Route]:
    """Where both are."""
    return [Route("/health", _healthy), Route("/ready", _ready)]
