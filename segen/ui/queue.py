"""One queue for the device: whatever uses the engine waits its turn, shows progress and can be stopped."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

import gradio as gr
from gradio.components import Component

from segen.text import words
from segen.types import Request, Run, Step, V

if TYPE_CHECKING:
    from segen.engine import Engine

DEVICE: dict[str, Any] = {"concurrency_id": "device", "concurrency_limit": 1}
"""Given to every event that uses the engine."""
QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
"""Given to every event that is done in a moment."""


def press(button: gr.Button) -> dict[str, Any]:
    """An event that presses this button in the browser: `event.then(**press(button))`."""
    return {"fn": None, "js": f"() => document.getElementById('{button.elem_id}').click()", **QUIET}


def on_device(
    triggers: Sequence[Any],
    work: Callable[..., Generator[Any, None, None]],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    stop: gr.Button,
    shows: Component,
) -> None:
    """Carry out `work` at each trigger, with progress on `shows`; `stop` can be pressed meanwhile.

    `work` is a generator function: Gradio can only cancel where it yields.
    """
    begun = gr.on(triggers, lambda: gr.Button(interactive=True), None, stop, **QUIET)
    event = begun.then(
        work,
        inputs,
        outputs,
        show_progress_on=shows,
        trigger_mode="always_last",
        api_visibility="private",
        **DEVICE,
    )
    event.then(lambda: gr.Button(interactive=False), None, stop, **QUIET)
    stop.click(lambda: gr.Button(interactive=False), None, stop, cancels=[event], **QUIET)


def steps(
    engine: Engine, name: str, request: Request[V], progress: gr.Progress, language: str
) -> Generator[dict[str, Any], None, Run[V]]:
    """Let the engine work and report progress: yields "no change" after each step, returns the Run.

    Closing it, as Stop does, stops the engine.
    """
    with closing(cast(Generator[Step | Run[V], None, None], engine.stream(name, request))) as items:
        for item in items:
            if isinstance(item, Run):
                return item
            if item.total > 1:
                progress((item.done, item.total), desc=words(language, "page.working"))
            yield gr.skip()
    raise AssertionError("the engine's last item is the Run")
