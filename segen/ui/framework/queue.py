"""One queue for the device: whatever uses the engine waits its turn, shows progress and can be stopped."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from time import monotonic
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
TOLD_SECONDS = 0.25
"""At least so far apart the page is told of steps; told more often, a slow one would fall behind."""
PREVIEW_SECONDS = 0.5
"""At least so long each preview stays."""


def press(button: gr.Button) -> dict[str, Any]:
    """An event that presses this button in the browser: `event.then(**press(button))`."""
    return {"fn": None, "js": f"() => segen.press('{button.elem_id}')", **QUIET}


def picks(choices: gr.Dropdown) -> gr.Number:
    """How often the visitor picked another choice; its `change` is the event of picking.

    Gradio's own `input` comes twice for each choice by mouse, and whenever the list is left as it was.
    """
    count = gr.Number(0, visible="hidden")
    choices.focus(None, choices, None, js=f"choice => segen.enter('{choices.elem_id}', choice)", **QUIET)
    choices.input(None, choices, count, js=f"choice => segen.picks('{choices.elem_id}', choice)", **QUIET)
    return count


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
    engine: Engine,
    name: str,
    request: Request[V],
    progress: gr.Progress,
    language: str,
    show: Callable[[Step], dict[Any, Any]] | None = None,
) -> Generator[dict[Any, Any], None, Run[V]]:
    """Let the engine work and report progress: yields "no change" after a step, returns the Run.

    In place of "no change" it yields what `show` makes of a step with a preview, once the one before has been
    seen long enough. Closing it, as Stop does, stops the engine. Of quick steps some pass untold.
    """
    told = shown = -math.inf
    with closing(cast(Generator[Step | Run[V], None, None], engine.stream(name, request))) as items:
        for item in items:
            if isinstance(item, Run):
                return item
            now = monotonic()
            preview = None
            if show and item.preview is not None and now - shown >= PREVIEW_SECONDS:
                shown, preview = now, show(item)
            elif now - told < TOLD_SECONDS:
                continue
            told = now
            if item.total > 1:
                progress((item.done, item.total), desc=words(language, "page.working"))
            yield preview or gr.skip()
    raise AssertionError("the engine's last item is the Run")
