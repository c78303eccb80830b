"""What a call may hand to an event: values of the kinds that its components have, as JSON brings them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.helpers import special_args

from segen.errors import InputError

MISREAD = (AttributeError, KeyError, IndexError, TypeError, ValueError)
"""What reading an event raises where the browser would have told of it in another form."""


def check(event: BlockFunction, inputs: Sequence[Any]) -> None:
    """Raise InputError for a number, text or tick that is something else, or a fraction for a whole number.

    Null is left to the event.
    """
    for component, value in zip(event.inputs, inputs, strict=False):
        fits = True
        if isinstance(component, gr.Number | gr.Slider):
            fits = type(value) in (int, float) and isfinite(value)
        elif isinstance(component, gr.Checkbox):
            fits = type(value) is bool
        elif isinstance(component, gr.Textbox):
            fits = type(value) is str
        if not fits and value is not None:
            raise InputError("arguments")
        whole = isinstance(component, gr.Number) and component.precision == 0  # which Gradio would round
        if whole and value is not None and value != int(value):
            raise InputError("value_unfit")


def reads_event(event: BlockFunction) -> bool:
    """Whether its function is told what happened in the browser, in a form of its own."""
    _, _, position, _ = special_args(event.fn) if event.fn else (None,) * 4
    return position is not None
