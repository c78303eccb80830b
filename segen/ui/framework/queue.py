"""One queue for the device: whatever uses the engine waits its turn, shows progress and can be stopped."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from functools import wraps
from inspect import signature
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from segen.errors import SegenError
from segen.imaging import images
from segen.text import words
from segen.types import Request, Run, Step, V

if TYPE_CHECKING:
    from segen.engine import Engine

AT_ONCE = 8
"""Requests under way; the engine carries out their steps in turns. Others wait in Gradio's queue."""
DEVICE: dict[str, Any] = {"concurrency_id": "device", "concurrency_limit": AT_ONCE}
"""Given to every event that uses the engine."""
LARGE_PIXELS = 8_000_000
"""Of pictures above this, one is worked on at a time, since each takes much memory."""
UNSEEN: dict[str, Any] = {"show_progress": "hidden", "show_progress_on": [], "api_visibility": "private"}
"""No progress is shown. "hidden" alone would still have the page go through all outputs at each step."""
QUIET: dict[str, Any] = {"queue": False, "trigger_mode": "always_last", **UNSEEN}
"""Given to every event that is done in a moment; what is chosen before its answer came is asked for then."""
CLICKED: dict[str, Any] = {**QUIET, "trigger_mode": "multiple"}
"""QUIET for events that carry data: later, Gradio would send that of the first once more."""
ONCE: dict[str, Any] = {**QUIET, "trigger_mode": "once"}
"""QUIET for events of which a second one before the answer came, such as of a double click, means nothing."""
READING: dict[str, Any] = {
    "concurrency_id": "reading",
    "concurrency_limit": 1,
    **UNSEEN,
}
"""Given to every event that reads a picture without the engine: one at a time, whoever asks."""
ASKING = "asking"
"""The concurrency id of the events with which a visitor asks for work, before it waits in the queue."""
TOLD_SECONDS = 0.25
"""Progress is sent to the page at most this often; a slow page would fall behind otherwise."""
PREVIEW_SECONDS = 0.5
"""At least so long each preview stays."""


def in_page(script: str) -> dict[str, Any]:
    """An event that the page alone carries out, by this JavaScript: `event.then(**in_page(script))`."""
    return {"fn": None, "js": f"() => {script}", **QUIET}


def press(button: gr.Button | str) -> dict[str, Any]:
    """An event that presses this button, or that of this id, in the page: `event.then(**press(button))`."""
    name = button if isinstance(button, str) else button.elem_id
    return in_page(f"segen.press('{name}')")


def picks(choices: gr.Dropdown) -> gr.Number:
    """How often the visitor picked another choice; its `change` is the event of picking.

    Gradio's own `input` comes twice for each choice by mouse, and whenever the list is left as it was.
    """
    count = gr.Number(0, visible="hidden")
    choices.focus(None, choices, None, js=f"choice => segen.enter('{choices.elem_id}', choice)", **QUIET)
    choices.input(None, choices, count, js=f"choice => segen.picks('{choices.elem_id}', choice)", **QUIET)
    return count


def press_when_moved(button: gr.Button, *sliders: gr.Slider) -> None:
    """Press the button when the visitor has moved one of the sliders and lets go of it.

    Gradio's own `release` comes whenever the number beside a slider is left, too.
    """
    for slider in sliders:
        slider.input(None, None, None, js=f"() => segen.move({slider._id})", **QUIET)
        slider.release(None, None, None, js=f"() => segen.moved({slider._id}, '{button.elem_id}')", **QUIET)


class Turns:
    """What each visit asked for last of the works that share a Stop button: only that one goes on.

    Gradio would carry out one work after the other; so one that is no longer the last to be asked for ends at
    its next step. One that the page held back until the last had ended begins then, but not after Stop.
    Visits are known by their session.
    """

    def __init__(self) -> None:
        self._last: dict[str | None, tuple[object, object]] = {}
        self._stopped: set[str | None] = set()

    def ask(self, work: object, visit: str | None) -> None:
        """Let `work` be the one that goes on."""
        self._last[visit] = (work, object())
        self._stopped.discard(visit)

    def stop(self, visit: str | None) -> None:
        """Let none go on."""
        self._last.pop(visit, None)
        self._stopped.add(visit)

    def going(self, visit: str | None, but: object = None) -> bool:
        """Whether a work waits or goes on that is not `but`."""
        return visit in self._last and self._last[visit][0] is not but

    def taken(self, work: Callable[..., Generator[Any, None, None]]) -> Callable[..., Any]:
        """The generator function `work`, which has a parameter `request`, ending when its turn is over.

        A fault is then no one's concern; Gradio would forget for it what was asked for since.
        """

        @wraps(work)
        def in_turn(*arguments: Any) -> Generator[Any, None, None]:
            visit = signature(work).bind(*arguments).arguments["request"].session_hash
            if visit not in self._last and visit not in self._stopped:
                self.ask(work, visit)
            mine = self._last.get(visit)
            if mine is None or mine[0] is not work:
                yield gr.skip()  # Gradio empties the outputs of a generator that yields nothing
                return
            try:
                yield gr.skip()  # Gradio closes no generator at Stop that has not yielded yet
                if self._last.get(visit) is not mine:
                    return
                with closing(work(*arguments)) as items:
                    for item in items:
                        if self._last.get(visit) is not mine:
                            yield gr.skip()
                            return
                        yield item
            except SegenError:
                if self._last.get(visit) is mine:
                    raise
            finally:
                if self._last.get(visit) is mine:
                    del self._last[visit]

        return in_turn


_LARGE = Lock()


def alone_if_large(work: Callable[..., Generator[Any, None, None]]) -> Callable[..., Any]:
    """The generator function `work`, waiting while another works on a large picture if it is given one.

    Pictures are arguments that are paths, or values of a mapping. While it waits it yields "no change", so
    that it can be stopped.
    """

    @wraps(work)
    def guarded(*arguments: Any) -> Generator[Any, None, None]:
        given = [each for a in arguments for each in (a.values() if isinstance(a, dict) else [a])]
        if all(images.count_pixels(each) <= LARGE_PIXELS for each in given if isinstance(each, Path)):
            yield from work(*arguments)
            return
        while not _LARGE.acquire(timeout=TOLD_SECONDS):
            yield gr.skip()
        try:
            yield from work(*arguments)
        finally:
            _LARGE.release()

    return guarded


_TURNS: WeakKeyDictionary[gr.Button, Turns] = WeakKeyDictionary()


def on_device(
    triggers: Sequence[Any],
    work: Callable[..., Generator[Any, None, None]],
    inputs: Sequence[Any] | AbstractSet[Any],
    outputs: Sequence[Any],
    stop: gr.Button,
    shows: Component,
) -> Dependency:
    """Carry out `work` at each trigger, with progress on `shows`; `stop` can be pressed meanwhile.

    `work` is a generator function with a parameter `request`: it ends where it yields, when Stop is pressed,
    and when this or another work of the same Stop button is triggered. A set of inputs comes as one mapping
    of components to values, Gradio's way of passing them by name.
    """
    turns, work = _turns(stop), alone_if_large(work)

    def begin(request: gr.Request) -> gr.Button:
        turns.ask(work, request.session_hash)
        return gr.Button(interactive=True)

    def end(request: gr.Request) -> gr.Button:
        return gr.Button(interactive=turns.going(request.session_hash))

    def fail(request: gr.Request) -> gr.Button:
        return gr.Button(interactive=turns.going(request.session_hash, but=work))

    asked: Dependency = gr.on(triggers, begin, None, stop, concurrency_id=ASKING, **ONCE)
    event: Dependency = asked.success(
        turns.taken(work),
        inputs,
        outputs,
        show_progress_on=shows,
        trigger_mode="always_last",
        api_visibility="private",
        **DEVICE,
    )
    event.then(end, None, stop, **QUIET)
    event.failure(fail, None, stop, **QUIET)  # Gradio's page takes nothing up after a fault
    stop.click(None, None, None, cancels=[event], **QUIET)
    return event


def _turns(stop: gr.Button) -> Turns:
    """The turns of this Stop button; the first to ask for them makes it end them, once at each press."""
    if stop not in _TURNS:
        turns = _TURNS[stop] = Turns()

        def halt(request: gr.Request) -> gr.Button:
            turns.stop(request.session_hash)
            return gr.Button(interactive=False)

        stop.click(halt, None, stop, **QUIET)
    return _TURNS[stop]


def end_at(trigger: Callable[..., Any], stop: gr.Button) -> None:
    """At `trigger`, such as `model.change`, end what the Stop button stops."""
    turns = _turns(stop)

    def halt(request: gr.Request) -> None:
        turns.stop(request.session_hash)

    trigger(halt, None, None, **QUIET)


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
