"""The address of what the page shows as a QR code, for a class to follow on phones."""

from __future__ import annotations

import os
import socket
from typing import Any
from urllib.parse import urlsplit

import gradio as gr
import segno

from segen.errors import InputError
from segen.text import words
from segen.ui.framework.component import component
from segen.ui.framework.language import language_of
from segen.ui.framework.queue import CLICKED

MAX_LINK = 2000
"""Characters: a QR code holds 2,331 bytes at most with this much error correction."""
OWN = {"localhost", "127.0.0.1", "::1"}
"""Names that every computer has for itself."""
EVERYWHERE = {"0.0.0.0", "::"}
"""Server names under which a server answers the whole network."""


def qr_code() -> gr.HTML:
    """A small QR code that opens a large one on a click; it follows the page's address."""
    code = component("qr", elem_id="qr", padding=False, min_width=90)
    code.linked(_shown, None, code, **CLICKED)
    return code


def _shown(event: gr.EventData, request: gr.Request) -> dict[str, Any]:
    return contents(event.link, language_of(request), os.environ.get("GRADIO_SERVER_NAME", ""))


def contents(link: object, language: str, server: str) -> dict[str, Any]:
    """The code of an address as SVG, the address that it leads to, and who cannot open it, if so.

    An address of this computer alone gets its name in the network, if `server` answers there.
    Raises InputError for what is no address.
    """
    if not isinstance(link, str) or not link.isascii() or len(link) > MAX_LINK:
        raise InputError("arguments")
    parts = urlsplit(link)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError("arguments")
    said = ""
    if parts.hostname in OWN:
        name = _name_in_network() if server in EVERYWHERE else None
        if name is None:
            said = words(language, "page.qr_here_only")
        else:
            port = f":{parts.port}" if parts.port else ""
            link = parts._replace(netloc=f"{name}{port}").geturl()
    picture = segno.make(link, error="m", micro=False).svg_inline(omitsize=True, border=2, light="#ffffff")
    return {"svg": picture, "link": link, "said": said}


def _name_in_network() -> str | None:
    """This computer's address in its network; None without one. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address kept for documentation, RFC 5737
        except OSError:
            return None
        return str(probe.getsockname()[0])
