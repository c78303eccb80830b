"""The view of a pixel's context without a browser: what it shows of attention and of sweeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest

from segen.engine import Engine
from segen.imaging import images
from segen.registry import card
from segen.text import LANGUAGES, words
from segen.types import AttentionAt, ContextRequest, SweepsAt
from segen.ui.tabs.segment import context
from segen.ui.tabs.segment.inside import InsideView
from segen.ui.widgets.examples import named

SEEN = images.fit(images.read(named()["paris"].file()), 320)


@pytest.fixture(scope="module")
def engine(every_weights_folder: Path) -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
        yield Engine("cpu")


def found(engine: Engine, name: str, x: float = 0.5, y: float = 0.6) -> Any:
    return engine.run(name, ContextRequest(SEEN, x, y)).value


@pytest.mark.parametrize("language", LANGUAGES)
def test_attention_shows_query_weights_and_values_in_turn(engine: Engine, language: str) -> None:
    known, at = card("attention-camvid"), found(engine, "attention-camvid")
    assert isinstance(at, AttentionAt)
    panel, picture = context.seen(known, SEEN, at, language), context.chosen(known, SEEN, at, language)
    assert panel.count("<figure") == 1 + (1 + 4) + (context.STRONGEST + 1)
    query = words(language, "inside.attended_query", heads=4, numbers=32)
    weights = words(language, "inside.attended_weights", numbers=32)
    assert (
        0 < panel.index(query) < panel.index(weights) < panel.index(words(language, "inside.attended_values"))
    )
    assert picture.count('class="strong"') == context.STRONGEST
    mean = at.weights.mean(axis=0)
    first, last = (mean[context.strongest(at)[number]] for number in (0, -1))
    assert first == mean.max() >= last == np.sort(mean, axis=None)[-context.STRONGEST]
    assert f"{mean.max():.2%}" in panel
    assert f"{mean.max() * mean.size:.1f}" in panel, "how many times an even share"


@pytest.mark.parametrize("language", LANGUAGES)
def test_sweeps_are_drawn_in_their_order_with_the_classes_along_them(engine: Engine, language: str) -> None:
    known, at = card("renet-camvid"), found(engine, "renet-camvid")
    assert isinstance(at, SweepsAt)
    panel, picture = context.seen(known, SEEN, at, language), context.chosen(known, SEEN, at, language)
    assert panel.count('class="swept"') == picture.count('class="sweep"') == 4
    numbers = [panel.index(f">{number}. ") for number in (1, 2, 3, 4)]
    assert numbers == sorted(numbers)
    rows, columns = at.grid.classes.shape
    assert f'viewBox="0 0 {16 * columns} {16 * rows}"' in picture
    assert f'data-x="{16 * at.grid.column + 8.0}"' in picture
    assert context.framed(SEEN, at.grid).shape == (16 * rows, 16 * columns, 3)
    assert 'class="strong"' not in picture


def test_a_place_that_is_none_becomes_the_middle() -> None:
    with gr.Blocks():
        parts = {"x": gr.Number(), "y": gr.Number()}
    view: Any = SimpleNamespace(place=parts)
    for sent, kept in ((0.25, 0.25), ("0.25", 0.5), (-1, 0.5), (float("nan"), 0.5), (None, 0.5), (1, 1.0)):
        event: Any = SimpleNamespace(kind="place", x=sent, y=0.123456)
        assert InsideView._choose(view, event) == {parts["x"]: kept, parts["y"]: 0.1235}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_network_without_context_gets_a_sentence(engine: Engine, language: str) -> None:
    view: Any = SimpleNamespace(engine=engine, panel="panel", choices="choices")
    work = InsideView._context(view, card("unet-camvid"), SEEN, (0.5, 0.5), gr.Progress(), language)
    shown: dict[str, str] = {}

    def ending() -> Iterator[Any]:
        shown.update((yield from work))

    list(ending())
    assert words(language, "errors.no_context") in shown["panel"]
    assert shown["choices"] == ""
