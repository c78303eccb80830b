"""The visitor's language: `?lang=` in the address, else what the browser prefers, else English.

Static words reach the page as tokens, which Gradio's front end replaces; computed sentences are put
into words by the server. Gradio itself asks the browser alone for the language, so the page that is
served carries a script, run before Gradio starts, that makes the browser answer with ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import gradio as gr
from starlette.datastructures import MutableHeaders
from starlette.requests import Request

from segen.text import LANGUAGES, catalogue

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCALES = {"en": "en", "zh": "zh-CN"}
"""Gradio's name for each language; its own words are built in under these."""

say = gr.I18n(**{LOCALES[language]: catalogue(language) for language in LANGUAGES})
"""`say(key)` is a token for the sentence `key`, for labels and other static words."""


def language_of(request: gr.Request | Request) -> str:
    """The language, one of LANGUAGES, in which to answer a request."""
    asked = request.query_params.get("lang")
    return asked if asked in LANGUAGES else _preferred(request.headers)


def _preferred(headers: Mapping[str, str]) -> str:
    """The first known language of Accept-Language; browsers list them by falling preference."""
    for entry in headers.get("accept-language", "").split(","):
        language = entry.split(";")[0].strip().split("-")[0].lower()
        if language in LANGUAGES:
            return language
    return "en"


def _labels(language: str) -> dict[str, str]:
    """The labels that Gradio has in English only, and the same in another language."""
    english = {key: text for key, text in catalogue("en").items() if key.startswith("gradio.")}
    return {text: catalogue(language)[key] for key, text in english.items()}


class PageLanguage:
    """ASGI middleware: puts the scripts, the words and the language into the page as it is served."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        scripts = (files(__package__).joinpath(name) for name in ("words.js", "events.js", "page.js"))
        self.script = "\n".join(script.read_text(encoding="utf-8") for script in scripts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through, except that GET of the page itself gets its head filled in."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def fill_in(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                page = self._filled_in(body, language_of(Request(scope)))
                MutableHeaders(raw=start["headers"])["content-length"] = str(len(page))
                await send(start)
                await send({"type": "http.response.body", "body": page})

        await self.app(scope, receive, fill_in)

    def _filled_in(self, page: bytes, language: str) -> bytes:
        told: dict[str, Any] = {
            "language": language, "locale": LOCALES[language], "words": catalogue(language),
            "labels": {} if language == "en" else _labels(language),
        }  # fmt: skip
        values = json.dumps(told).replace("<", "\\u003c")
        script = f"<head>\n<script>window.segen = {values};\n{self.script}</script>"
        page = page.replace(b"<head>", script.encode(), 1)
        return page.replace(b'lang="en"', f'lang="{LOCALES[language]}"'.encode(), 1)
