"""The view of a training that one watches: looks side by side, losses as lines in their box."""

from __future__ import annotations

import numpy as np
import pytest

from segen.text import LANGUAGES, words
from segen.types import LiveTraining, Run
from segen.ui.tabs.learn import live


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_finished_training_shows_its_looks_and_losses(language: str) -> None:
    losses = {
        "generator": np.linspace(3, 1, 250, dtype=np.float32),
        "discriminator": np.full(250, 2, np.float32),
    }
    value = LiveTraining((0, 5, 250), np.zeros((3, 28, 56, 3), np.uint8), losses)
    html = live._finished(Run(value, "gan-fashion", "cpu", 12.3, 0.0), language)
    assert html.count("<img") == 3
    assert words(language, "live.after", steps=250) in html
    assert words(language, "live.loss_generator") in html
    assert words(language, "live.done", steps=250, seconds="12") in html


def test_lines_reach_from_the_least_number_to_the_greatest() -> None:
    rising, flat = live._curves(
        {
            "generator": np.arange(300, dtype=np.float32),
            "discriminator": np.zeros(300, np.float32),
        },
        "en",
    )
    points = [tuple(map(float, point.split(","))) for point in rising["points"].split()]
    assert len(points) == live.MOMENTS
    assert (points[0][0], points[-1]) == (0, (100, 1))
    assert {point.split(",")[1] for point in flat["points"].split()} == {"39.0"}


def test_one_step_has_a_point() -> None:
    (line,) = live._curves({"generator": np.ones(1, np.float32)}, "en")
    assert line["points"] == "0.0,39.0"
