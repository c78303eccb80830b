"""The public endpoints as the tools of an MCP server, which Gradio mounts at /gradio_api/mcp.

Gradio's own server would fetch addresses that a caller names, keep pictures that are sent in the call for
ever, hold one of the app's forty threads for each call that waits, and write results as Python prints them.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio.mcp
from anyio import to_thread
from gradio.utils import get_upload_folder, is_in_or_equal
from gradio_client import Client
from gradio_client.utils import encode_file_path, is_file_obj_with_meta

from segen.errors import InputError, UsageError
from segen.ui.framework.downloads import saved

if TYPE_CHECKING:
    from gradio import Blocks
    from starlette.types import Receive, Scope, Send

DATA, SERVED = "data:image/", "/gradio_api/file="
"""How a picture begins that stands in the call, and what the address of an uploaded one holds."""
PICTURE = (
    f"The picture as a data: URL in base64 ({DATA}png;base64,…), or the address of one that was uploaded to"
    f" this server (http://…{SERVED}PATH, where PATH is what a POST to /gradio_api/upload answers)."
)
SHOWN_BYTES = 1_000_000
"""Of a picture that stands in the answer itself; every file has an address as well."""


class Tools(gradio.mcp.GradioMCPServer):
    """Gradio's MCP server with pictures and results as a stranger may give and get them."""

    _file_data_tool_description = ""
    """Gradio's names a tool that is not here."""

    def __init__(self, blocks: Blocks) -> None:
        super().__init__(blocks)
        one, handle = asyncio.Lock(), self.handle_streamable_http

        async def handle_with_client(scope: Scope, receive: Receive, send: Send) -> None:
            async with one:  # else the first calls would each make a client, and leave no thread to answer it
                if self._client_instance is None:
                    self._client_instance = await to_thread.run_sync(self._client)
            await handle(scope, receive, send)

        self.handle_streamable_http = handle_with_client

    def _client(self) -> Client:
        """What puts calls into the app's queue."""
        return Client(
            str(self.local_url),
            download_files=False,
            verbose=False,
            analytics_enabled=False,
            _skip_components=False,
            httpx_kwargs={"timeout": None},
        )

    def get_input_schema(
        self, tool_name: str, parameters: dict[str, str] | None = None
    ) -> tuple[dict[str, Any], list[list[str | int]]]:
        """The JSON schema of a tool's arguments, and where in it pictures are."""
        schema, pictures = super().get_input_schema(tool_name, parameters)
        arguments = schema["properties"]
        for name, *_ in pictures:
            arguments[name] = {"type": "string", "description": PICTURE}
        for each in arguments.values():
            if each.get("type") == {}:  # any JSON, which Gradio says in a form that is no schema
                del each["type"]
        return schema, pictures

    def convert_strings_to_filedata(self, value: Any, filedata_positions: list[list[str | int]]) -> Any:
        """The arguments with files for pictures, None for an empty one. Raises InputError."""
        for name, *_ in filedata_positions:
            if name in value:
                value = value | {name: _file(value[name])}
        return value

    async def _execute_tool_without_progress(self, job: Any) -> list[Any]:
        """The outputs of a call, for which no thread waits; its work ends with the request."""
        try:
            result = await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            job.cancel()
            raise
        return list(result) if isinstance(result, tuple) else [result]

    def postprocess_output_data(self, data: Any, root_url: str) -> list[Any]:
        """Each file as its address, pictures that are not large as themselves, too; all else as JSON."""
        told = []
        for each in _each_output(data):
            if not is_file_obj_with_meta(each):
                told.append(self.types.TextContent(type="text", text=json.dumps(each, ensure_ascii=False)))
                continue
            path = Path(each["path"])
            if path.suffix == ".png" and path.stat().st_size <= SHOWN_BYTES:
                content = base64.b64encode(path.read_bytes()).decode()
                told.append(self.types.ImageContent(type="image", data=content, mimeType="image/png"))
            address = f"{root_url}{SERVED}{encode_file_path(str(path))}"
            told.append(self.types.TextContent(type="text", text=address))
        return told


def _each_output(data: Any) -> Iterator[Any]:
    """Outputs one by one, each file of a list, too."""
    for each in data:
        each = getattr(each, "root", each)  # JSON, where the call did not wait in the queue
        if isinstance(each, list) and each and all(map(is_file_obj_with_meta, each)):
            yield from each
        else:
            yield each


def _file(given: object) -> dict[str, Any] | None:
    """A picture as an event takes it. Raises InputError for what is neither in the call nor uploaded."""
    if not given:
        return None
    if not isinstance(given, str):
        raise InputError("tool_picture")
    if given.startswith(DATA):
        try:
            path = saved("picture", base64.b64decode(given.partition(";base64,")[2], validate=True))
        except (binascii.Error, ValueError):
            raise InputError("tool_picture") from None
    else:
        path = given.partition(SERVED)[2]
    if not path or not is_in_or_equal(path, get_upload_folder()):
        raise InputError("tool_picture")
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def prepare() -> None:
    """Let Gradio serve these tools in place of its own. Raises UsageError without the package mcp."""
    if find_spec("mcp") is None:
        raise UsageError("mcp_missing")
    gradio.mcp.GradioMCPServer = Tools  # type: ignore[misc]
