"""A seed refined: what lies around it, and the way from one middle to the next."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest

from segen.errors import InputError
from segen.models import latents
from segen.ui.tabs.generate.chosen import choices
from segen.ui.tabs.generate.neighbours import COUNT, Trail, extended, neighbours, neighbours_panel, shown
from segen.ui.tabs.generate.seeds import Ends

FIRST = latents.noise([7], (100,))


def test_the_middle_comes_first_and_the_others_lie_a_share_of_the_way_to_vectors_of_their_own() -> None:
    points = neighbours(FIRST, Trail(7), 0.25)
    assert points.shape == (COUNT + 1, 100)
    assert np.array_equal(points[:1], FIRST)
    others = latents.noise(range(COUNT), (100,))
    assert np.allclose(points[1:], latents.spherical(FIRST.repeat(COUNT, axis=0), others, 0.25))
    assert np.allclose(neighbours(FIRST, Trail(7), 1.0)[1:], others, atol=1e-5)


def test_a_choice_becomes_the_next_middle_with_others_around_it() -> None:
    before = neighbours(FIRST, Trail(7), 0.3)
    trail = extended(Trail(7), 4, 0.3)
    after = neighbours(FIRST, trail, 0.5)
    assert np.array_equal(after[0], before[1 + 4])
    others = latents.noise(range(COUNT, 2 * COUNT), (100,))
    middles = after[:1].repeat(COUNT, axis=0)
    assert np.allclose(after[1:], latents.spherical(middles, others, 0.5))


def test_lengths_stay_those_of_what_a_network_learned_from() -> None:
    trail = Trail(7)
    for number in range(12):
        trail = extended(trail, number, 0.4)
    lengths = np.linalg.norm(neighbours(FIRST, trail, 0.4), axis=1)
    assert ((lengths > 7) & (lengths < 13)).all(), "normal vectors of 100 numbers are about 10 long"


@pytest.mark.parametrize("number", [-1, COUNT, 1.5, "3", None, 2**70])
def test_what_was_not_drawn_is_refused(number: object) -> None:
    with pytest.raises(InputError):
        extended(Trail(7), number, 0.3)


def test_a_double_click_goes_one_round() -> None:
    with gr.Blocks() as page:
        ends = Ends(gr.Textbox("7"), gr.Textbox("8"))
        neighbours_panel(None, choices(["dcgan-fashion"]), ends)  # type: ignore[arg-type]
    (choose,) = (each.fn for each in page.fns.values() if each.name == "choose")
    html = str(shown(np.zeros((1 + COUNT, 2, 2, 3), np.uint8), Trail(7), "en"))
    ((number, round_),) = re.findall(r'data-number="(4)" data-round="(\d+)"', html)
    click: Any = SimpleNamespace(number=number, round=round_)
    once = choose(click, Trail(7), 0.3)
    assert once == Trail(7, ((4, 0.3),))
    assert choose(click, once, 0.3) == once, "the second click is on the picture of the round before"
    assert choose(SimpleNamespace(number="4", round="1"), once, 0.3) == Trail(7, ((4, 0.3), (4, 0.3)))
    assert choose(click, None, 0.3) is None
