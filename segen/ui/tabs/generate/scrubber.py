"""A slider over the timesteps of diffusion."""

from __future__ import annotations

from typing import Any

import gradio as gr

from segen.text import words
from segen.ui.framework.component import component


def scrubber(**options: Any) -> gr.HTML:
    """A slider over timesteps; its value holds names, frames, said and at, or a sentence under "empty"."""
    return component("scrubber", elem_classes=["framed", "scrubber"], **options)


def empty(key: str, language: str) -> dict[str, str]:
    """What it shows before there is anything to show: the sentence diffusion.KEY."""
    return {"empty": words(language, f"diffusion.{key}")}
