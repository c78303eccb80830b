"""One Stop button, one work: the last that a visit asked for goes on, those before it end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from segen.errors import InputError
from segen.ui.framework import queue
from segen.ui.framework.queue import Turns

UNCHANGED = [gr.skip()]
"""What a work that may not go on yields: Gradio would empty the outputs of one that yields nothing."""
ME, OTHER = (SimpleNamespace(session_hash=name) for name in ("me", "other"))


class Count:
    """A work of ten steps that says how far it came and whether it was closed."""

    def __init__(self) -> None:
        self.steps, self.closed = 0, False

    def work(self) -> Callable[..., Any]:
        def count(_given: str, request: gr.Request) -> Iterator[int]:
            try:
                for self.steps in range(1, 11):
                    yield self.steps
            finally:
                self.closed = True

        return count


def begun(turns: Turns, work: Callable[..., Any]) -> Iterator[Any]:
    """The work of "me" as Gradio holds it before the first step, when it can be closed already."""
    running: Iterator[Any] = turns.taken(work)("", ME)
    assert next(running) == gr.skip()
    return running


@pytest.fixture
def counts() -> tuple[Count, Count]:
    return Count(), Count()


def test_a_second_press_ends_the_first_work_and_begins_anew(counts: tuple[Count, Count]) -> None:
    first, _ = counts
    turns, work = Turns(), first.work()
    turns.ask(work, "me")
    running = begun(turns, work)
    assert [next(running), next(running)] == [1, 2]
    turns.ask(work, "me")
    assert list(running) == UNCHANGED
    assert (first.closed, first.steps) == (True, 3), "it ended at its next step"
    assert turns.going("me"), "the second press waits its turn"
    assert list(begun(turns, work)) == list(range(1, 11))
    assert not turns.going("me")
    held_back = begun(turns, work)  # pressed while the first still waited: the page sends it after that
    assert list(held_back) == list(range(1, 11))
    turns.stop("me")
    assert list(turns.taken(work)("", ME)) == UNCHANGED, "not after Stop"


def test_another_work_of_the_same_button_ends_the_first_and_what_waited_between_never_begins(
    counts: tuple[Count, Count],
) -> None:
    turns, works = Turns(), [each.work() for each in counts]
    turns.ask(works[0], "me")
    running = begun(turns, works[0])
    next(running)
    turns.ask(works[1], "me")
    turns.ask(works[0], "me")
    assert list(turns.taken(works[1])("", ME)) == UNCHANGED
    assert counts[1].steps == 0
    assert list(running) == UNCHANGED
    assert turns.going("me")


def test_visits_do_not_end_each_other(counts: tuple[Count, Count]) -> None:
    turns, work = Turns(), counts[0].work()
    turns.ask(work, "me")
    running = begun(turns, work)
    next(running)
    turns.ask(work, "other")
    turns.stop("other")
    assert list(turns.taken(work)("", OTHER)) == UNCHANGED
    assert turns.going("me")
    assert next(running) == 1 + 1


def test_a_work_that_is_stopped_before_its_first_step_never_begins(counts: tuple[Count, Count]) -> None:
    turns, work = Turns(), counts[0].work()
    turns.ask(work, "me")
    running = begun(turns, work)
    turns.stop("me")
    assert list(running) == []
    assert counts[0].steps == 0


def test_stop_and_faults_leave_nothing_behind(counts: tuple[Count, Count]) -> None:
    turns, work = Turns(), counts[0].work()
    turns.ask(work, "me")
    running = begun(turns, work)
    next(running)
    running.close()
    assert counts[0].closed
    assert not turns.going("me")

    def fails(request: Any) -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    turns.ask(fails, "me")
    with pytest.raises(ZeroDivisionError):
        list(turns.taken(fails)(ME))
    assert not turns._last


def test_stop_can_be_pressed_until_the_last_work_ends(counts: tuple[Count, Count]) -> None:
    first, second = (each.work() for each in counts)
    with gr.Blocks() as page:
        stop, button, given, view = gr.Button(), gr.Button(), gr.Textbox(), gr.Textbox()
        for work in (first, second):
            queue.on_device([button.click], work, [given], [view], stop=stop, shows=view)
    begin, end = (
        [each.fn for each in page.fns.values() if str(each.name).startswith(name)]
        for name in ("begin", "end")
    )
    assert begin[0](ME).interactive
    assert begin[1](ME).interactive
    assert end[0](ME).interactive, "the first ended, the second still waits"
    assert not end[0](OTHER).interactive
    works = [each.fn for each in page.fns.values() if str(each.name).startswith("count")]
    assert list(works[0]("", ME)) == UNCHANGED
    assert list(works[1]("", ME)) == [*UNCHANGED, *range(1, 11)]
    assert not end[1](ME).interactive


def test_a_fault_of_a_work_that_is_no_longer_asked_for_is_no_ones_and_of_the_last_ends_stop(
    counts: tuple[Count, Count],
) -> None:
    def fails(request: gr.Request) -> Iterator[int]:
        yield 1
        raise InputError("no_picture")

    turns = Turns()
    turns.ask(fails, "me")
    running = turns.taken(fails)(ME)
    assert [next(running), next(running)] == [gr.skip(), 1]
    turns.ask(fails, "me")
    assert list(running) == []
    assert turns.going("me"), "what was pressed since is to come"

    with gr.Blocks() as page:
        stop, button, given, view = gr.Button(), gr.Button(), gr.Textbox(), gr.Textbox()
        for work in (fails, counts[0].work()):
            queue.on_device([button.click], work, [given], [view], stop=stop, shows=view)
    fns = list(page.fns.values())
    begin, fail = ([each.fn for each in fns if each.name == name] for name in ("begin", "fail"))
    begin[0](ME)
    assert not fail[0](ME).interactive, "it may never have reached the server"
    assert fail[1](ME).interactive
