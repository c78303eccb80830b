"""The page's border: whatever goes wrong behind it reaches the visitor as one sentence in their language."""

from __future__ import annotations

import traceback
from typing import Any

import gradio as gr

from segen.errors import InputError, SegenError, sentence
from segen.text import words
from segen.ui.framework.language import language_of


class Page(gr.Blocks):
    """A gr.Blocks that answers every fault with a sentence, to callers of the API as well."""

    async def process_api(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Carry out an event; Gradio calls this for each of them, and for each step of a generator."""
        try:
            return await super().process_api(*arguments, **options)
        except gr.Error:
            raise
        except SegenError as fault:
            told = sentence(fault, language_of(options["request"]))
        except Exception as fault:
            traceback.print_exc()
            unexpected = SegenError("unexpected", kind=type(fault).__name__)
            told = unexpected.sentence(language_of(options["request"]))
        title = words(language_of(options["request"]), "page.error")
        raise gr.Error(told, title=title, print_exception=False)

    async def preprocess_data(self, *arguments: Any, **options: Any) -> Any:
        """Take in what was sent; paths that were not uploaded and wrong types fail here."""
        try:
            return await super().preprocess_data(*arguments, **options)
        except gr.Error:
            raise
        except Exception as fault:
            raise InputError("arguments") from fault
