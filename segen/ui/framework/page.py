"""The page's border: whatever goes wrong behind it reaches the visitor as one sentence in their language."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.block_function import BlockFunction

from segen.errors import InputError, SegenError, sentence
from segen.text import words
from segen.ui.framework import arguments
from segen.ui.framework.language import language_of
from segen.ui.framework.limits import Limits
from segen.ui.framework.networks import Networks
from segen.ui.framework.queue import ASKING, DEVICE

if TYPE_CHECKING:
    from segen.engine import Engine

MAX_UNREAD = 400
"""Messages of an event that nobody has fetched: a minute and more of them. Its work ends then."""

KEEP_ALIVE_SECONDS = 75
"""How long an idle connection stays open: longer than clients and proxies keep theirs, 5 to 60 seconds.

Who ends it at the very moment of the next request loses that; uvicorn would after 5, as httpx does.
"""


class Page(gr.Blocks):
    """A gr.Blocks that answers every fault with a sentence, to callers of the API as well.

    With `limits`, each visitor may use the device so much and no more.
    """

    networks: Networks
    """What it hands out to browsers."""
    engine: Engine
    """What it asks."""

    def __init__(self, limits: Limits | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.limits = limits

    def launch(self, *, prevent_thread_lock: bool = False, **options: Any) -> Any:  # type: ignore[override]
        """As Gradio's; idle connections stay open for KEEP_ALIVE_SECONDS."""
        launched = super().launch(prevent_thread_lock=True, **options)
        self.server.config.timeout_keep_alive = KEEP_ALIVE_SECONDS
        if not prevent_thread_lock:
            self.block_thread()
        return launched

    async def process_api(self, *given: Any, **options: Any) -> dict[str, Any]:
        """Carry out an event; Gradio calls this for each of them, and for each step of a generator.

        Raises gr.Error alone, with a sentence in the visitor's language.
        """
        try:
            self._admit(**options)
            if options.get("iterator") and self._unread(options.get("session_hash")) > MAX_UNREAD:
                raise InputError("nobody_listens")
            return await super().process_api(*given, **options)
        except SegenError as fault:
            told = sentence(fault, language_of(options["request"]))
        except gr.Error:  # Gradio's own, in English
            told = SegenError("value_unfit").sentence(language_of(options["request"]))
        except (
            Exception,
            SystemExit,
        ) as fault:  # the latter would end the server's thread, and the page with it
            found: BaseException = fault
            if isinstance(fault, arguments.MISREAD) and arguments.reads_event(options["block_fn"]):
                found = InputError("arguments")
            else:
                traceback.print_exc()
            told = sentence(found, language_of(options["request"]))
        title = words(language_of(options["request"]), "page.error")
        raise gr.Error(told, title=title, print_exception=False)

    def _admit(
        self, block_fn: BlockFunction, request: gr.Request, iterator: object = None, **_others: Any
    ) -> None:
        """Raise SegenError if this event asks for work that is too much of one visitor."""
        called = block_fn.concurrency_id == DEVICE["concurrency_id"] and block_fn.api_visibility == "public"
        if self.limits is None or iterator is not None or not (called or block_fn.concurrency_id == ASKING):
            return
        visitor = request.client.host
        events = list(self._queue.event_ids_to_events.values())
        works = [
            event
            for event in events
            if event.concurrency_id == DEVICE["concurrency_id"]
            and event.request.client
            and event.request.client.host == visitor
        ]
        self.limits.admit(visitor, len(works) - called)  # a call of the API is among them itself

    async def preprocess_data(self, block_fn: BlockFunction, inputs: list[Any], *others: Any) -> Any:
        """Take in what was sent; paths not uploaded, wrong types and values out of bounds fail here.

        What a caller of the API leaves out at the end has its default, but for a picture.
        Raises InputError for what does not fit.
        """
        left_out = block_fn.inputs[len(inputs) :]
        if block_fn.api_visibility == "public" and not any(isinstance(each, gr.Image) for each in left_out):
            inputs = [*inputs, *(getattr(each, "value", None) for each in left_out)]
        try:
            arguments.check(block_fn, inputs)
            return await super().preprocess_data(block_fn, inputs, *others)
        except SegenError:
            raise
        except gr.Error as fault:  # in English: outside a control's bounds, or not among its choices
            raise InputError("value_unfit") from fault
        except Exception as fault:
            raise InputError("arguments") from fault

    def handle_streaming_diffs(
        self,
        block_fn: BlockFunction,
        data: list[Any],
        session_hash: str | None,
        run: str | None,
        final: bool,
        simple_format: bool = False,
    ) -> list[Any]:
        """What a step of a generator sends: each value that changed, whole.

        Gradio would send the difference, which its page applies to the very object that a component shows;
        the component may then see no change, or half of one.
        """
        whole = list(data)
        sent: list[Any] = super().handle_streaming_diffs(
            block_fn, data, session_hash, run, final, simple_format
        )
        if final:
            return sent
        return [
            each if each is value or each == [] else [["replace", [], value]]
            for value, each in zip(whole, sent, strict=True)
        ]

    def _unread(self, visit: str | None) -> int:
        """How many messages wait to be fetched; Gradio itself notices only who hangs up after listening."""
        messages = self._queue.pending_messages_per_session.get(visit)
        return messages.qsize() if messages else 0
